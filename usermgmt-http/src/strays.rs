//! Sessions that a browser holds in cookies which are not read: of the time before sessions were shared among hosts, or
//! ceased to be, or of another domain. Whoever signs in or out there has done with them, too.

use http::header;
use usermgmt_service::core::secret::{Bearer, BearerKind};

use crate::cookies::CookieName;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Most sessions that are looked up for it: somebody may have planted the cookies.
const MOST: usize = 4;

/// Where an answer gives or takes the session's cookie, ends what lies beside it and removes it from the browser.
pub(crate) async fn end(context: &Context<'_>, response: &mut Response) {
    let name = context.jar().name(CookieName::Session);
    let touches = |cookie: &[u8]| cookie.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"="));
    if !response.headers().get_all(header::SET_COOKIE).iter().any(|cookie| touches(cookie.as_bytes())) {
        return;
    }
    let origin = context.request.head().origin(context.auth);
    let domains: Vec<_> = origin.domains().collect();
    let strays = context.jar().strays(&context.request.headers, &domains);
    for removal in &strays.removals {
        wire::append(response, header::SET_COOKIE, removal);
    }
    let secrets = strays.values.iter().flat_map(|value| value.split('.'));
    for secret in secrets.filter_map(|text| Bearer::parse(BearerKind::Session, text)).take(MOST) {
        let ended = match context.auth.principal(&secret).await {
            Ok(Some(stray)) => context.auth.sign_out(&context.client, &stray).await,
            Ok(None) => Ok(()),
            Err(outage) => Err(outage),
        };
        // The answer is decided. Nobody holds the secret any more, so the session ends by resting.
        if let Err(error) = ended {
            tracing::warn!(%error, "a session that lay beside the own one was not ended");
        }
    }
}
