//! What people read in a diff: error codes, routes and their guards, who may do what.
//!
//! After a wanted change run with `UPDATE_GOLDEN=1` and read the difference.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::fmt::Write as _;
use std::path::Path;

use time::OffsetDateTime;
use usermgmt_core::error::{FieldError, Refused};
use usermgmt_core::model::{CustomRole, Method, RoleKey};
use usermgmt_core::permission::{OWN, Permission, Roles};
use usermgmt_core::policy::Demand;
use usermgmt_http::{Problem, routes};
use usermgmt_service::{PERMISSIONS, Texts};
use usermgmt_tests::host::{ReadThings, WriteThings};
use usermgmt_tests::report::Report;

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name} has changed; run with UPDATE_GOLDEN=1 and read the difference\n{text}");
}

/// One of each kind. A new kind does not compile until it stands here.
fn refusals() -> Vec<Refused> {
    let all = vec![
        Refused::Unauthenticated,
        Refused::InvalidCredentials,
        Refused::AccountUnavailable,
        Refused::TooManyAttempts { until: OffsetDateTime::UNIX_EPOCH },
        Refused::BotCheckRequired,
        Refused::BotCheckFailed,
        Refused::LinkInvalid,
        Refused::OtherBrowser,
        Refused::CodeInvalid,
        Refused::AttemptExpired,
        Refused::StepUpRequired(vec![Method::Password]),
        Refused::PolicyUnmet(vec![Demand::SecondFactor]),
        Refused::PermissionMissing("thing:write"),
        Refused::WrongOrg,
        Refused::NoActiveOrg,
        Refused::NotFound,
        Refused::RightsExceeded,
        Refused::LastOwner,
        Refused::AlreadyMember,
        Refused::SeatsTaken,
        Refused::SecondFactorRequired(vec![Method::Otp]),
        Refused::FactorRequired,
        Refused::MembersStranded,
        Refused::PasskeyInvalid,
        Refused::PasskeyKnown,
        Refused::LastSignInMethod,
        Refused::AuthorityChanged,
        Refused::Conflict,
    ];
    assert_eq!(all.iter().map(Refused::code).collect::<Vec<_>>(), Refused::CODES, "one of each kind, in order");
    all
}

#[test]
fn error_codes_are_stable() {
    let texts = Texts::standard().unwrap();
    let mut lines = String::from("code                      status  what a person reads\n");
    let mut line = |code: &str, status: String| {
        let id = code.replace('_', "-");
        assert!(texts.knows(&id), "{id} has no text");
        writeln!(lines, "{code:<25} {status:<7} {}", texts.get("en", &id, &[("when", "in a minute")])).unwrap();
    };
    for refused in refusals() {
        let problem = Problem::refused(&refused, OffsetDateTime::UNIX_EPOCH);
        line(refused.code(), problem.status.as_u16().to_string());
    }
    for code in ["unavailable", "busy"] {
        line(code, "503".into());
    }
    for code in Problem::OWN_CODES {
        line(code, String::new());
    }
    lines.push_str("\nfield codes\n");
    for code in FieldError::CODES {
        let text = texts.get("en", &format!("field-{}", code.replace('_', "-")), &[]);
        writeln!(lines, "{code:<25}         {text}").unwrap();
    }
    golden("error-codes.txt", &lines);
}

#[test]
fn routes_and_their_guards_are_stable() {
    let mut lines = String::from("method path                                     speaks guard       body\n");
    for route in routes() {
        let (speaks, guard) = (format!("{:?}", route.representation), format!("{:?}", route.guard));
        writeln!(lines, "{:<6} {:<40} {speaks:<6} {guard:<11} {}", route.method.as_str(), route.path, route.max_body)
            .unwrap();
    }
    golden("routes.txt", &lines);
}

#[test]
fn who_may_do_what_is_stable() {
    let mut roles = Roles::default();
    roles.set("reader", ["thing:read"]).unwrap();
    roles.set("keeper", ["thing:*"]).unwrap();
    roles.register(PERMISSIONS).unwrap();
    roles.register([ReadThings::KEY, WriteThings::KEY]).unwrap();
    // Made by an organisation; the word for owning gives nothing.
    let rights = ["organization:*", "member:read", "thing:read", OWN].map(String::from).to_vec();
    let custom = [CustomRole { key: RoleKey::new("custom"), name: "Custom".into(), rights }];
    let names = ["owner", "admin", "member", "reader", "keeper", "custom"].map(RoleKey::new);
    let known = |role: &RoleKey| names.contains(role);
    assert!(roles.iter().all(|(role, _)| known(role)), "each role of the code stands here");
    let mut lines = format!("{:<22}", "permission");
    names.iter().for_each(|role| write!(lines, " {:<7}", role.as_str()).unwrap());
    lines.push_str(" nobody\n");
    for key in roles.permissions().chain(["unheard:of"]) {
        write!(lines, "{key:<22}").unwrap();
        for role in names.iter().cloned().map(Some).chain([None]) {
            let held: Vec<RoleKey> = role.into_iter().collect();
            write!(lines, " {:<7}", if roles.held(&custom, &held).give(key) { "yes" } else { "-" }).unwrap();
        }
        lines = lines.trim_end().to_owned() + "\n";
    }
    golden("permissions.txt", &lines);
    let report = Report::new("who_may_do_what_is_stable", "-", "-");
    report.requirement(153);
    report.requirement(160);
    report.requirement(213);
    report.write();
}
