//! Pages behind mailed links that need one press of a button: undoing a change, approving an address, proving one.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::error::FieldError;
use usermgmt_service::core::model::TokenKind;
use usermgmt_service::core::secret::Bearer;
use usermgmt_service::{AddressProof, Error, Refused};
use utoipa::ToSchema;

use super::verify::LINK_COOKIE_LIFE;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// What the link is taken from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkInput {
    /// The token of the mailed link.
    #[serde(default)]
    token: String,
}

/// What an added address is proven by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProofInput {
    /// The token of the mailed link.
    #[serde(default)]
    token: Option<String>,
    /// The mailed code, in the browser that asked for it.
    #[serde(default)]
    code: Option<String>,
}

/// One of the doors.
struct Door {
    kind: TokenKind,
    path: &'static str,
    /// Where the person is led afterwards: signed in, and not.
    after: (&'static str, &'static str),
}

const SECURE: Door = Door {
    kind: TokenKind::SecureAccount,
    path: "/secure",
    after: ("/sign-in?notice=secured", "/sign-in?notice=secured"),
};
const APPROVE: Door = Door {
    kind: TokenKind::ApproveEmail,
    path: "/emails/approve",
    after: ("/account/emails?notice=approved", "/sign-in?notice=approved"),
};
const PROVE: Door = Door {
    kind: TokenKind::AddEmail,
    path: "/emails/verify",
    after: ("/account/emails?notice=added", "/sign-in?notice=email-added"),
};
#[cfg(feature = "factors")]
const REMOVE_FACTORS: Door = Door {
    kind: TokenKind::RemoveFactors,
    path: "/factors/remove",
    after: ("/sign-in?notice=factors-removed", "/sign-in?notice=factors-removed"),
};

impl Door {
    async fn page(&self, context: &Context<'_>) -> Result<Response, Problem> {
        let query = Fields::parse(context.request.query().as_bytes(), &["token"])?;
        if let Some(token) = query.get("token") {
            // Only what can be a link goes into a cookie.
            if Bearer::parse(self.kind.bearer(), token).is_none() {
                return Ok(self.dead(context, &Problem::refused(&Refused::LinkInvalid, context.now)));
            }
            let mut response = wire::see_other(&context.path(self.path));
            context.set_cookie(&mut response, CookieName::Link, token, Some(context.now + LINK_COOKIE_LIFE));
            return Ok(response);
        }
        let Some(link) = context.cookie(CookieName::Link) else {
            return Ok(self.dead(context, &Problem::refused(&Refused::LinkInvalid, context.now)));
        };
        match context.auth.preview_mailed(&context.client, self.kind, link.into()).await {
            Ok(email) => {
                let data = context! { kind => self.kind.as_str(), path => self.path, email, dead => false };
                Ok(pages::page(context, "mailed.html", Page { data, ..Page::default() }))
            }
            Err(error) => Ok(self.dead(context, &context.problem(error))),
        }
    }

    /// A link that cannot be used, or not now: what must only wait keeps its button.
    fn dead(&self, context: &Context<'_>, problem: &Problem) -> Response {
        let dead = problem.code == "link_invalid";
        let data = context! { kind => self.kind.as_str(), path => self.path, email => "", dead };
        let mut response =
            pages::page(context, "mailed.html", Page { problem: Some(problem), data, ..Page::default() });
        if dead {
            context.clear_cookie(&mut response, CookieName::Link);
        }
        response
    }

    async fn used(&self, context: &Context<'_>, proof: AddressProof<'_>) -> Result<String, Error> {
        let (auth, client) = (context.auth, &context.client);
        match (self.kind, proof) {
            (TokenKind::SecureAccount, AddressProof::Link(link)) => auth.secure_account(client, link).await,
            (TokenKind::ApproveEmail, AddressProof::Link(link)) => auth.approve_email(client, link).await,
            (TokenKind::RemoveFactors, AddressProof::Link(link)) => auth.remove_lost_factors(client, link).await,
            (_, proof) => auth.prove_added_email(client, proof).await,
        }
    }

    async fn form(&self, context: &Context<'_>) -> Result<Response, Problem> {
        context.form(&[])?;
        let link = context.cookie(CookieName::Link).unwrap_or_default();
        match self.used(context, AddressProof::Link(link.into())).await {
            Ok(_) => Ok(self.done(context)),
            Err(error) => Ok(self.dead(context, &context.problem(error))),
        }
    }

    fn done(&self, context: &Context<'_>) -> Response {
        let (signed_in, signed_out) = self.after;
        let here = if context.client.principal.is_some() { signed_in } else { signed_out };
        let mut response = wire::see_other(&context.path(here));
        context.clear_cookie(&mut response, CookieName::Link);
        if self.kind == TokenKind::SecureAccount {
            context.clear_cookie(&mut response, CookieName::Session);
            context.clear_cookie(&mut response, CookieName::Attempt);
        }
        response
    }
}

pub(super) async fn secure_page(context: &Context<'_>) -> Result<Response, Problem> {
    SECURE.page(context).await
}

pub(super) async fn secure_form(context: &Context<'_>) -> Result<Response, Problem> {
    SECURE.form(context).await
}

pub(super) async fn secure_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: LinkInput = context.json()?;
    let email = SECURE.used(context, AddressProof::Link(input.token.as_str().into())).await;
    let email = email.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "secured", "mail_sent_to": email })))
}

pub(super) async fn approve_page(context: &Context<'_>) -> Result<Response, Problem> {
    APPROVE.page(context).await
}

pub(super) async fn approve_form(context: &Context<'_>) -> Result<Response, Problem> {
    APPROVE.form(context).await
}

pub(super) async fn approve_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: LinkInput = context.json()?;
    let email = APPROVE.used(context, AddressProof::Link(input.token.as_str().into())).await;
    let email = email.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "approved", "email": email })))
}

#[cfg(feature = "factors")]
pub(super) async fn remove_factors_page(context: &Context<'_>) -> Result<Response, Problem> {
    REMOVE_FACTORS.page(context).await
}

#[cfg(feature = "factors")]
pub(super) async fn remove_factors_form(context: &Context<'_>) -> Result<Response, Problem> {
    REMOVE_FACTORS.form(context).await
}

#[cfg(feature = "factors")]
pub(super) async fn remove_factors_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: LinkInput = context.json()?;
    let email = REMOVE_FACTORS.used(context, AddressProof::Link(input.token.as_str().into())).await;
    let email = email.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "factors_removed", "email": email })))
}

pub(super) async fn prove_page(context: &Context<'_>) -> Result<Response, Problem> {
    PROVE.page(context).await
}

pub(super) async fn prove_form(context: &Context<'_>) -> Result<Response, Problem> {
    PROVE.form(context).await
}

pub(super) async fn prove_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ProofInput = context.json()?;
    let proof = match (&input.token, &input.code) {
        (Some(token), None) => AddressProof::Link(token.as_str().into()),
        (None, Some(code)) => AddressProof::Code(code.as_str().into()),
        _ => return Err(context.problem(FieldError::new("token", FieldError::REQUIRED).into())),
    };
    let email = PROVE.used(context, proof).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "added", "email": email })))
}

/// Proves an added address by its code, from the page of addresses.
pub(super) async fn prove_code(context: &Context<'_>, code: &str) -> Result<Response, Error> {
    PROVE.used(context, AddressProof::Code(code.into())).await.map(|_| PROVE.done(context))
}
