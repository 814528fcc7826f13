//! The page that says what went wrong and where to go from here.

use http::StatusCode;
use minijinja::context;
use usermgmt_service::UserMgmt;

use super::{HTML, reach, render};
use crate::authenticate::Head;
use crate::csrf;
use crate::problem::Problem;
use crate::return_to;
use crate::wire::{self, Response};

/// Pages that show a form of their own name, the longer before the shorter; other forms are on the account page.
const FORMS: [&str; 27] = [
    "/sign-up",
    "/sign-in/mailed",
    "/sign-in/mail",
    "/sign-in",
    "/verify",
    "/step-up",
    "/choose-organization",
    "/choose-account",
    "/forgot-username",
    "/forgot",
    "/reset",
    "/new-password",
    "/second-factor",
    "/enrol-factor",
    "/secure",
    "/factors/remove",
    "/emails/approve",
    "/emails/verify",
    "/account/emails",
    "/account/factors",
    "/account/profile",
    "/account/password",
    "/account/username",
    "/organization/members",
    "/organization/roles",
    "/organization/audit",
    "/organization",
];

/// A page that says what went wrong and where to go from here: above all back to the form that was sent, or to the
/// same page once more.
#[must_use]
pub fn error(auth: &UserMgmt, language: &str, problem: &Problem, head: Option<&Head<'_>>) -> Response {
    let heading = match (problem.code, problem.status) {
        ("cross_site", _) => "error-title-form",
        (_, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => "error-title-not-found",
        (_, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) => "error-title-unavailable",
        (_, StatusCode::FORBIDDEN) => "error-title-denied",
        _ => "error-title",
    };
    let heading = auth.texts().get(language, heading, &[]);
    let text = problem.title(auth, language);
    let ways = ways(auth, problem, head);
    let shown = context! { heading, problem => text, code => problem.code, ways };
    match render(auth, language, reach::by(auth, None), "error.html", shown) {
        Ok(html) => wire::response(problem.status, HTML, html),
        Err(error) => {
            tracing::error!(%error, "the error page could not be rendered");
            problem.to_json(auth)
        }
    }
}

/// Whether a second factor would meet the policy, where there are pages to prove or enrol one.
fn demands_second_factor(problem: &Problem) -> bool {
    let demands = problem.challenge.as_ref().and_then(|challenge| challenge.get("demands")?.as_array());
    cfg!(feature = "factors") && demands.is_some_and(|demands| demands.iter().any(|demand| demand == "second_factor"))
}

/// Where to go from here, the best way first: names of texts, and paths.
fn ways(auth: &UserMgmt, problem: &Problem, head: Option<&Head<'_>>) -> Vec<(&'static str, String)> {
    let ours = |path: &str| format!("{}{path}", auth.prefix());
    let mut ways = Vec::new();
    if let Some(head) = head {
        let own = return_to::parse(head.target, &auth.settings().origin);
        let passes = problem.status.is_server_error() || problem.status == StatusCode::TOO_MANY_REQUESTS;
        if !csrf::is_safe(head.method) {
            ways.push(("error-back", ours(form_of(head.target, auth.prefix()))));
        } else if let Some(same) = own.filter(|_| passes) {
            ways.push(("error-again", same));
        }
    }
    match problem.code {
        "permission_missing" | "rights_exceeded" | "last_owner" => {
            ways.push(("organization-back", ours("/organization")));
            ways.push(("error-switch", ours("/choose-organization")));
        }
        "wrong_org" | "organization_required" => ways.push(("error-switch", ours("/choose-organization"))),
        "policy_unmet" if demands_second_factor(problem) => {
            ways.push(("account-factors-title", ours("/account/factors")));
            ways.push(("error-switch", ours("/choose-organization")));
        }
        "policy_unmet" | "attempt_expired" | "account_unavailable" => ways.push(("sign-in-button", ours("/sign-in"))),
        _ => {}
    }
    ways.push(("to-home", auth.settings().home.clone()));
    // Whoever lacks a right is signed in already.
    let is_inside = problem.status == StatusCode::FORBIDDEN && problem.code != "cross_site";
    if !is_inside && !ways.iter().any(|(_, to)| *to == ours("/sign-in")) {
        ways.push(("sign-in-button", ours("/sign-in")));
    }
    ways
}

/// The page that shows the form which is sent to this path.
fn form_of(target: &str, prefix: &str) -> &'static str {
    let path = target.split('?').next().unwrap_or_default();
    let path = path.strip_prefix(prefix).unwrap_or(path);
    FORMS
        .into_iter()
        .find(|form| path.strip_prefix(form).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        .unwrap_or("/account")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_leads_back_to_its_page() {
        for (target, page) in [
            ("/auth/sign-in?return_to=%2Fx", "/sign-in"),
            ("/auth/verify/resend", "/verify"),
            ("/auth/sign-out", "/account"),
            ("/auth/sign-in-else", "/account"),
            ("/auth/sessions/ses_1/end", "/account"),
            ("/auth/organization/members/usr_1/roles", "/organization/members"),
            ("/auth/organization/leave", "/organization"),
            ("/auth/organizations", "/account"),
        ] {
            assert_eq!(form_of(target, "/auth"), page, "{target}");
        }
    }
}
