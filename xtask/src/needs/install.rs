//! Installing what is missing with apt-get, or saying which command to run.

use std::process::Command;

use super::{Part, browser, pgbouncer, postgres, redis};
use crate::{
    fault::{Fault, OrFault, Result},
    process,
};

/// Keeps Debian's package from creating and starting a cluster of its own: the tests start theirs.
const NO_MAIN_CLUSTER: (&str, &str) = (
    "mkdir -p /etc/postgresql-common/createcluster.d && \
     echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/usermgmt.conf",
    "rm -f /etc/postgresql-common/createcluster.d/usermgmt.conf",
);

/// Keeps Debian's package from starting a server of its own, unless somebody has said already what may be started.
const NO_SERVICE: (&str, &str) = (
    "[ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\\n# of usermgmt\\nexit 101\\n' >/usr/sbin/policy-rc.d && \
     chmod 755 /usr/sbin/policy-rc.d; }",
    "! grep -qs '^# of usermgmt' /usr/sbin/policy-rc.d || rm -f /usr/sbin/policy-rc.d; \
     ! command -v systemctl >/dev/null || systemctl --quiet disable redis-server pgbouncer 2>/dev/null || true",
);

/// How this process may become root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Root,
    Sudo,
}

/// Installs the missing parts, or says what the caller has to do.
pub(super) fn install(missing: &[Part]) -> Result<()> {
    let manager = Manager::here();
    let Some(right) = right().filter(|_| manager == Some(Manager::Apt)) else {
        return Err(Fault::new(advice(missing, manager)));
    };
    println!("installing {} with apt-get", packages(missing, Manager::Apt).join(", "));
    let done = apt(missing, right);
    if let Err(fault) = done {
        return Err(Fault::new(format!("{fault}\n{}", advice(missing, manager))));
    }
    for part in missing {
        let found = match part {
            Part::Postgres => postgres::find().is_some(),
            Part::Pgbouncer => pgbouncer::find().is_some(),
            Part::Redis => redis::find().is_some(),
            Part::Browser => browser::find().is_some(),
        };
        if !found {
            let said = format!("{} are not usable after the installation", part.looked_for());
            return Err(Fault::new(format!("{said}.\n{}", advice(missing, manager))));
        }
    }
    Ok(())
}

fn apt(missing: &[Part], right: Right) -> Result<()> {
    as_root(right, "apt-get -qq update")?;
    let list = packages(missing, Manager::Apt).join(" ");
    let install = format!(
        "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
         install -y --no-install-recommends {list} >/dev/null"
    );
    let around = [(Part::Postgres, NO_MAIN_CLUSTER), (Part::Pgbouncer, NO_SERVICE), (Part::Redis, NO_SERVICE)];
    let around = around.iter().filter(|(part, _)| missing.contains(part));
    around.clone().try_for_each(|(_, (before, _))| as_root(right, before))?;
    let done = as_root(right, &install);
    around.clone().try_for_each(|(_, (_, after))| as_root(right, after))?;
    done
}

fn as_root(right: Right, script: &str) -> Result<()> {
    let mut command = match right {
        Right::Root => Command::new("sh"),
        Right::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
    };
    let status = command.args(["-c", script]).status().or_fault(|| format!("start `{script}`"))?;
    if status.success() { Ok(()) } else { Err(Fault::new(format!("`{script}` failed ({status})"))) }
}

fn right() -> Option<Right> {
    if process::is_root() {
        Some(Right::Root)
    } else {
        process::succeeds("sudo", &["-n", "true"]).then_some(Right::Sudo)
    }
}

/// The package managers whose commands the advice knows; only apt-get is ever started from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Apt,
    Dnf,
    Pacman,
    Apk,
}

impl Manager {
    fn here() -> Option<Self> {
        [("apt-get", Self::Apt), ("dnf", Self::Dnf), ("pacman", Self::Pacman), ("apk", Self::Apk)]
            .into_iter()
            .find_map(|(program, manager)| (!process::in_path(program).is_empty()).then_some(manager))
    }

    fn command(self) -> &'static str {
        match self {
            Self::Apt => "sudo apt-get update && sudo apt-get install -y --no-install-recommends",
            Self::Dnf => "sudo dnf install -y",
            Self::Pacman => "sudo pacman -S --needed",
            Self::Apk => "sudo apk add",
        }
    }
}

fn packages(missing: &[Part], manager: Manager) -> Vec<&'static str> {
    let of_one = |part: &Part| -> &'static [&'static str] {
        match (part, manager) {
            (Part::Postgres, Manager::Dnf) => &["postgresql-server"],
            (Part::Postgres, _) => &["postgresql"],
            (Part::Pgbouncer, _) => &["pgbouncer"],
            (Part::Redis, Manager::Apt) => &["redis-server"],
            (Part::Redis, _) => &["redis"],
            (Part::Browser, Manager::Apt) => &["chromium", "chromium-driver"],
            (Part::Browser, Manager::Dnf) => &["chromium", "chromedriver"],
            (Part::Browser, Manager::Pacman) => &["chromium"],
            (Part::Browser, Manager::Apk) => &["chromium", "chromium-chromedriver"],
        }
    };
    missing.iter().flat_map(of_one).copied().collect()
}

/// What a person has to do where xtask may not install.
fn advice(missing: &[Part], manager: Option<Manager>) -> String {
    let looked_for: Vec<&str> = missing.iter().map(|part| part.looked_for()).collect();
    let without: Vec<String> = missing.iter().map(|part| format!("--without {}", part.name())).collect();
    let how = match manager {
        Some(manager) => {
            let command = format!("{} {}", manager.command(), packages(missing, manager).join(" "));
            format!("Run\n\n    {command}\n\nand then this command again")
        }
        None => "Install them so that they are found in PATH, and run this command again".to_owned(),
    };
    format!(
        "this machine lacks {}, and xtask could not install them (that takes apt-get, and root or sudo without a \
         password).\n{how}; or leave out what needs them: {}",
        looked_for.join(" and "),
        without.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_is_a_command_and_a_way_around() {
        let text = advice(&[Part::Postgres, Part::Browser], Some(Manager::Apt));
        assert!(text.contains("install -y --no-install-recommends postgresql chromium chromium-driver\n"), "{text}");
        assert!(text.ends_with("--without postgres --without browser"), "{text}");
        let text = advice(&[Part::Browser], None);
        assert!(text.contains("found in PATH") && !text.contains("postgres"), "{text}");
    }
}
