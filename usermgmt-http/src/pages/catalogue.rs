//! Templates and catalogue belong together: no text is missing, none is left over, none stands outside.

use std::collections::BTreeSet;

use usermgmt_service::core::model::AuditKind;
use usermgmt_service::core::permission::Roles;
use usermgmt_service::{PERMISSIONS, Texts};

use super::organization::id_of;
use super::templates::{TEMPLATES, environment};

const PAGES: [&str; 6] = [
    include_str!("../../../usermgmt-service/texts/en/audit.ftl"),
    include_str!("../../../usermgmt-service/texts/en/magic_link.ftl"),
    include_str!("../../../usermgmt-service/texts/en/pages.ftl"),
    include_str!("../../../usermgmt-service/texts/en/passkeys.ftl"),
    include_str!("../../../usermgmt-service/texts/en/second_factor.ftl"),
    include_str!("../../../usermgmt-service/texts/en/usernames.ftl"),
];

const MAILS: [(&str, &str); 2] = [
    ("mail.html of mails", include_str!("../../../usermgmt-service/templates/mail.html")),
    ("mail.txt of mails", include_str!("../../../usermgmt-service/templates/mail.txt")),
];

/// Code that names texts.
const CODE: [&str; 26] = [
    include_str!("mod.rs"),
    include_str!("ago.rs"),
    include_str!("error.rs"),
    include_str!("../routes/account.rs"),
    include_str!("../routes/api_key_pages.rs"),
    include_str!("../routes/choose_organization.rs"),
    include_str!("../routes/sign_in.rs"),
    include_str!("../routes/sign_up.rs"),
    include_str!("../routes/step_up.rs"),
    include_str!("../routes/verify.rs"),
    include_str!("../routes/development.rs"),
    include_str!("../routes/emails.rs"),
    include_str!("../routes/factors.rs"),
    include_str!("../routes/second_factor.rs"),
    include_str!("../routes/magic_link.rs"),
    include_str!("../routes/mailed.rs"),
    include_str!("../routes/new_password.rs"),
    include_str!("../routes/profile.rs"),
    include_str!("../routes/reset.rs"),
    include_str!("../routes/usernames.rs"),
    include_str!("organization.rs"),
    include_str!("../routes/organization.rs"),
    include_str!("../routes/organization_audit.rs"),
    include_str!("../routes/organization_member.rs"),
    include_str!("../routes/organization_members.rs"),
    include_str!("../routes/organization_roles.rs"),
];

/// What stands between two marks, each time.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).map(move |rest| rest.split(close).next().unwrap())
}

/// The text without everything between two marks.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::new();
    for (number, piece) in text.split(open).enumerate() {
        kept.push_str(if number == 0 { piece } else { piece.split_once(close).expect(open).1 });
    }
    kept
}

/// Names of texts that the templates say.
fn said() -> BTreeSet<&'static str> {
    TEMPLATES.iter().flat_map(|(_, source)| between(source, "t(\"", "\"")).collect()
}

/// Names of texts that are made from a key: for what is audited, for permissions and for roles.
fn keyed() -> BTreeSet<String> {
    let roles = Roles::default();
    let audited = AuditKind::ALL.iter().map(|kind| id_of("audit", kind.as_str()));
    let permissions = PERMISSIONS.iter().map(|key| id_of("permission", key));
    audited.chain(permissions).chain(roles.iter().map(|(role, _)| id_of("role", role.as_str()))).collect()
}

#[test]
fn every_template_parses() {
    for (name, _) in TEMPLATES {
        environment().get_template(name).unwrap();
    }
}

#[test]
fn every_text_of_a_page_is_in_the_catalogue() {
    let texts = Texts::standard().unwrap();
    for id in said().into_iter().map(str::to_owned).chain(keyed()) {
        assert!(texts.knows(&id), "{id}");
    }
}

#[test]
fn every_text_of_the_catalogue_is_on_a_page() {
    let (used, keyed) = (said(), keyed());
    let ids =
        PAGES.iter().flat_map(|page| page.lines()).filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let on_page = |id: &str| {
        used.contains(id) || keyed.contains(id) || CODE.iter().any(|code| code.contains(&format!("\"{id}\"")))
    };
    let unused: Vec<_> = ids.map(|line| line.split(' ').next().unwrap()).filter(|id| !on_page(id)).collect();
    assert!(unused.is_empty(), "on no page: {unused:?}");
}

#[test]
fn nothing_that_people_read_stands_outside_the_catalogue() {
    for (name, source) in TEMPLATES.iter().chain(&MAILS) {
        let mut source = (*source).to_owned();
        for (open, close) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}")] {
            source = without(&source, open, close);
        }
        for attribute in ["title", "aria-label", "placeholder", "alt"] {
            for value in between(&source, &format!(" {attribute}=\""), "\"") {
                assert!(value.is_empty(), "{name}: {attribute}=\"{value}\"");
            }
        }
        let visible = without(&source, "<", ">");
        assert!(visible.trim().is_empty(), "{name}: {}", visible.trim());
        // Mail programs read no style sheet: mails carry their styles with them.
        let styles = if MAILS.iter().any(|(mail, _)| mail == name) { "<link" } else { " style=" };
        // Scripts of ours, and of a third party if the application wants so, are told by their address; one is told by
        // its digest.
        let source = source.replace("<script src=\"\" defer></script>", "").replace("<script></script>", "");
        for script in ["<script", "javascript:", " onclick=", "<style", styles] {
            assert!(!source.contains(script), "{name}: {script}");
        }
    }
}

#[test]
fn every_code_of_a_problem_has_a_text() {
    let texts = Texts::standard().unwrap();
    for code in crate::Problem::OWN_CODES {
        assert!(texts.knows(&code.replace('_', "-")), "{code}");
    }
    for id in ["wait-seconds", "wait-minutes", "wait-hours"] {
        assert!(texts.get("en", id, &[("count", "7")]).contains('7'), "{id}");
    }
}

/// Literals of a piece of code that read like something said: several words, which neither a comment nor the log says.
fn sentences(code: &str) -> Vec<&str> {
    let code = code.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    let spoken = lines.filter(|line| !["tracing::", "route!(", "HeaderValue"].iter().any(|other| line.contains(other)));
    let literals = spoken.flat_map(|line| line.split('"').skip(1).step_by(2));
    literals.filter(|literal| literal.trim().contains(' ') && !literal.contains("; charset=")).collect()
}

#[test]
fn no_handler_says_anything_by_itself() {
    assert_eq!(sentences("page(\"Please wait.\") // \"not this\"\ntracing::warn!(\"nor this\")"), ["Please wait."]);
    let routes = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/routes");
    let files: Vec<_> = std::fs::read_dir(routes).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() > 10);
    for file in files {
        let code = std::fs::read_to_string(&file).unwrap();
        assert!(sentences(&code).is_empty(), "{}: {:?}", file.display(), sentences(&code));
    }
    for code in CODE {
        assert!(sentences(code).is_empty(), "{:?}", sentences(code));
    }
}
