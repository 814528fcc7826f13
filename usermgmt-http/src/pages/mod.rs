//! Pages: rendered on the server, no script, texts from the catalogue, every value escaped by the engine.

use std::sync::OnceLock;

use http::StatusCode;
use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use usermgmt_service::UserMgmt;
use usermgmt_service::core::secret::{Bearer, BearerKind};

use crate::cookies::CookieName;
use crate::csrf;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// The style sheet. Themed by the custom properties at its top.
pub const STYLE: &str = include_str!("../../assets/style.css");

const HTML: &str = "text/html; charset=utf-8";

const TEMPLATES: &[(&str, &str)] = &[
    ("layout.html", include_str!("../../templates/layout.html")),
    ("fields.html", include_str!("../../templates/fields.html")),
    ("sign_up.html", include_str!("../../templates/sign_up.html")),
    ("check_mail.html", include_str!("../../templates/check_mail.html")),
    ("sign_in.html", include_str!("../../templates/sign_in.html")),
    ("verify.html", include_str!("../../templates/verify.html")),
    ("choose_organization.html", include_str!("../../templates/choose_organization.html")),
    ("step_up.html", include_str!("../../templates/step_up.html")),
    ("account.html", include_str!("../../templates/account.html")),
    ("mailbox.html", include_str!("../../templates/mailbox.html")),
    ("mail.html", include_str!("../../templates/mail.html")),
    ("error.html", include_str!("../../templates/error.html")),
];

/// Templates that a page can be rendered from.
fn templates() -> &'static Environment<'static> {
    static PAGES: OnceLock<Environment<'static>> = OnceLock::new();
    PAGES.get_or_init(|| {
        let mut pages = Environment::new();
        pages.set_undefined_behavior(UndefinedBehavior::Strict);
        pages.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source) in TEMPLATES {
            if let Err(error) = pages.add_template(name, source) {
                tracing::error!(%error, name, "a page template is malformed");
            }
        }
        pages
    })
}

/// What a page shows besides its texts.
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// Values of the form's fields, as entered; never a password.
    pub values: Vec<(&'a str, &'a str)>,
    /// What went wrong with the last entry.
    pub problem: Option<&'a Problem>,
    /// Name of a text that says what has just happened.
    pub notice: Option<&'a str>,
    /// What only this page needs.
    pub data: Value,
}

/// Renders a page with a form token of this browser, which gets a name if it has none.
#[must_use]
pub fn page(context: &Context<'_>, template: &str, page: Page<'_>) -> Response {
    let (browser, fresh) = match &context.client.browser {
        Some(browser) => (browser.clone(), false),
        None => match Bearer::mint(BearerKind::Browser, context.auth.random()) {
            Ok(browser) => (browser, true),
            Err(_) => return error(context.auth, &context.language, &Problem::INTERNAL),
        },
    };
    let status = page.problem.map_or(StatusCode::OK, |problem| problem.status);
    let fields: Vec<(String, String)> = page.problem.map(|problem| fields(context, problem)).unwrap_or_default();
    let message = page.problem.map(|problem| problem.title(context.auth, &context.language));
    let values = page.values.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    let shown = context! {
        csrf => csrf::token(context.auth.keys(), &browser),
        values => values.collect::<Value>(),
        errors => fields.into_iter().map(|(name, text)| (name, Value::from(text))).collect::<Value>(),
        problem => message,
        notice => page.notice,
        data => page.data,
        signed_in => context.client.principal.is_some(),
    };
    let mut response = match render(context.auth, &context.language, template, shown) {
        Ok(html) => wire::response(status, HTML, html),
        Err(error) => {
            tracing::error!(%error, template, "a page could not be rendered");
            return Problem::INTERNAL.to_json(context.auth);
        }
    };
    if fresh {
        context.set_cookie(&mut response, CookieName::Browser, browser.expose(), None);
    }
    match page.problem {
        Some(problem) => problem.add_headers(response),
        None => response,
    }
}

fn fields(context: &Context<'_>, problem: &Problem) -> Vec<(String, String)> {
    let text =
        |code: &str| context.auth.texts().get(&context.language, &format!("field-{}", code.replace('_', "-")), &[]);
    problem.fields.iter().map(|error| (error.field.to_owned(), text(error.code))).collect()
}

/// A page that says what went wrong and where to go from here.
#[must_use]
pub fn error(auth: &UserMgmt, language: &str, problem: &Problem) -> Response {
    let shown = context! { problem => problem.title(auth, language), signed_in => false };
    match render(auth, language, "error.html", shown) {
        Ok(html) => wire::response(problem.status, HTML, html),
        Err(error) => {
            tracing::error!(%error, "the error page could not be rendered");
            problem.to_json(auth)
        }
    }
}

fn render(auth: &UserMgmt, language: &str, template: &str, shown: Value) -> Result<String, minijinja::Error> {
    let (texts, product) = (auth.clone(), auth.settings().product.clone());
    let in_language = language.to_owned();
    let say = move |id: &str, values: Kwargs| -> Result<String, minijinja::Error> {
        let mut given = vec![("product".to_owned(), product.clone())];
        for name in values.args() {
            given.push((name.to_owned(), values.get::<String>(name)?));
        }
        let given: Vec<_> = given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(texts.texts().get(&in_language, id, &given))
    };
    let shown = context! {
        t => Value::from_function(say),
        language,
        product => auth.settings().product.as_str(),
        prefix => auth.prefix(),
        home => auth.settings().home.as_str(),
        development => auth.dev_mailbox().is_some(),
        ..shown
    };
    templates().get_template(template)?.render(shown)
}
