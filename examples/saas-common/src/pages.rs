//! Pages: rendered on the server, every value escaped, no script.

use std::borrow::Cow;
use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};
use usermgmt::{OrgScope, Principal};

use crate::AUTH;
use crate::names::{Project, ProjectName};
use crate::permissions::{CreateProject, DeleteProject};

/// Each template by its name.
const TEMPLATES: [(&str, &str); 7] = [
    ("layout.html", include_str!("../templates/layout.html")),
    ("workspace_form.html", include_str!("../templates/workspace_form.html")),
    ("welcome.html", include_str!("../templates/welcome.html")),
    ("projects.html", include_str!("../templates/projects.html")),
    ("no_workspace.html", include_str!("../templates/no_workspace.html")),
    ("delete.html", include_str!("../templates/delete.html")),
    ("message.html", include_str!("../templates/message.html")),
];

/// The application's own few lines of style; the rest is the style sheet of usermgmt.
const STYLE: &str = include_str!("../assets/projects.css");

/// usermgmt guards its own pages; these headers do the same for ours. A page is not cached, so that nothing is left on
/// a shared machine; the origin stays in the headers of our forms, by which usermgmt tells them from those of others.
const HEADERS: [(&str, &str); 6] = [
    ("content-type", "text/html; charset=utf-8"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    // A misspelt name must fail, and so must markup in a name.
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, source) in TEMPLATES {
        if let Err(error) = pages.add_template(name, source) {
            tracing::error!(%error, name, "a template is malformed");
        }
    }
    pages
});

/// What a browser is answered, in words that every framework knows.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// Body.
    pub body: Cow<'static, str>,
}

/// What was typed into the forms of a page and could not be taken.
#[derive(Clone, Copy, Default)]
pub struct Entered<'a> {
    /// Name of a project.
    pub project: &'a str,
    /// What is wrong with it.
    pub project_problem: Option<&'a str>,
    /// Name of a workspace.
    pub workspace: &'a str,
    /// What is wrong with it.
    pub workspace_problem: Option<&'a str>,
}

impl Entered<'_> {
    const fn status(&self) -> u16 {
        match (self.project_problem, self.workspace_problem) {
            (None, None) => 200,
            _ => 422,
        }
    }
}

/// What strangers see. Only on localhost is there a mailbox to point to.
#[must_use]
pub fn welcome(has_mailbox: bool) -> Answer {
    page(200, "welcome.html", context! { development => has_mailbox })
}

/// The page of an organisation, with its projects if they may be seen. Forms are shown to those only who may use them;
/// whether they may is decided where the form is received.
#[must_use]
pub fn projects(scope: &OrgScope, projects: Option<Vec<Project>>, entered: &Entered<'_>) -> Answer {
    let shown = context! {
        user => scope.principal().name(),
        org => scope.org().to_string(),
        org_name => scope.name(),
        projects => projects.map(Serde),
        may_create => scope.permit::<CreateProject>().is_ok(),
        may_delete => scope.permit::<DeleteProject>().is_ok(),
        longest => ProjectName::MAX,
        project => entered.project,
        project_problem => entered.project_problem,
        workspace => entered.workspace,
        workspace_problem => entered.workspace_problem,
    };
    page(entered.status(), "projects.html", shown)
}

/// The page of somebody who belongs to no organisation, or acts in none.
#[must_use]
pub fn no_workspace(user: &Principal, entered: &Entered<'_>) -> Answer {
    let shown = context! {
        user => user.name(),
        workspace => entered.workspace,
        workspace_problem => entered.workspace_problem,
    };
    page(entered.status(), "no_workspace.html", shown)
}

/// Asks whether this project shall be deleted.
#[must_use]
pub fn delete(scope: &OrgScope, project: Project) -> Answer {
    page(200, "delete.html", context! { org => scope.org().to_string(), project => Serde(project) })
}

/// A heading and a sentence.
#[must_use]
pub fn message(status: u16, heading: &str, text: &str) -> Answer {
    page(status, "message.html", context! { heading, text })
}

/// Leads on: whoever loads the page again that comes then sends no form again.
#[must_use]
pub fn to(path: impl Into<Cow<'static, str>>) -> Answer {
    Answer { status: 303, headers: vec![("location", path.into())], body: "".into() }
}

/// Projects as JSON.
#[must_use]
pub fn data(projects: &[Project]) -> Answer {
    let headers = vec![("content-type", "application/json".into()), ("cache-control", "no-store".into())];
    Answer { status: 200, headers, body: serde_json::json!({ "items": projects }).to_string().into() }
}

/// The style sheet.
#[must_use]
pub fn style() -> Answer {
    let headers = vec![("content-type", "text/css; charset=utf-8".into()), ("cache-control", "max-age=3600".into())];
    Answer { status: 200, headers, body: STYLE.into() }
}

fn page(status: u16, template: &str, shown: Value) -> Answer {
    let html = PAGES
        .get_template(template)
        .and_then(|page| page.render(context! { auth => Value::from_safe_string(AUTH.into()), ..shown }));
    let (status, body) = html.map_or_else(
        |error| {
            tracing::error!(%error, template, "a page could not be rendered");
            (500, "This page is broken.".into())
        },
        |html| (status, html.into()),
    );
    Answer { status, headers: HEADERS.map(|(name, value)| (name, value.into())).to_vec(), body }
}
