//! From axum's values to ours and back.

use std::net::{IpAddr, SocketAddr};

use axum::body::HttpBody as _;
use axum::extract::connect_info::MockConnectInfo;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, FromRequestParts as _, OriginalUri, RawPathParams, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use usermgmt_http::extract::ORG_PARAM;
use usermgmt_http::{Body, Head, Response};

/// The prefix with one slash in front and none at the end, empty for none. `None` unless it is a plain path: it
/// becomes part of links.
pub(crate) fn prefix(text: &str) -> Option<String> {
    let text = text.trim_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    let is_plain = text.split('/').all(|part| !matches!(part, "" | "." | "..") && part.chars().all(plain));
    match text {
        "" => Some(String::new()),
        _ => is_plain.then(|| format!("/{text}")),
    }
}

/// The part of a request that decides who is calling.
pub(crate) fn head(parts: &Parts) -> Head<'_> {
    Head {
        method: &parts.method,
        target: target(parts),
        authority: authority(parts),
        headers: &parts.headers,
        peer: peer(parts),
    }
}

/// Path and query as they came; a nested router sees only a part of them.
fn target(parts: &Parts) -> &str {
    uri(parts).path_and_query().map_or("/", |target| target.as_str())
}

fn authority(parts: &Parts) -> Option<&str> {
    uri(parts).authority().map(Authority::as_str)
}

fn uri(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0)
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    let served = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let mocked = || parts.extensions.get::<MockConnectInfo<SocketAddr>>().map(|info| info.0);
    served.or_else(mocked).map(|address| address.ip())
}

/// The organisation that the matched route names.
pub(crate) async fn named_org(parts: &mut Parts) -> Option<String> {
    match RawPathParams::from_request_parts(parts, &()).await {
        Ok(params) => params.iter().find(|(name, _)| *name == ORG_PARAM).map(|(_, value)| value.to_owned()),
        Err(RawPathParamsRejection::MissingPathParams(_)) => None,
        // What is not even text names no organisation; it must not come to mean the one of the session.
        Err(_) => Some(String::new()),
    }
}

/// A request to one of our own routes.
pub(crate) async fn request(request: Request, limit: usize) -> usermgmt_http::Request {
    let (mut parts, body) = request.into_parts();
    // Parameters that are not even text are left out: what they name is then not found.
    let params = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let params = params.iter().flatten().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (target, peer) = (target(&parts).to_owned(), peer(&parts));
    let authority = authority(&parts).map(str::to_owned);
    let body = read(body, limit).await;
    usermgmt_http::Request { method: parts.method, params, target, authority, headers: parts.headers, peer, body }
}

async fn read(body: axum::body::Body, limit: usize) -> Body {
    if body.size_hint().lower() > limit as u64 {
        return Body::TooLarge;
    }
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Body::Whole(whole.to_bytes()),
        Err(error) if is_limit(error.as_ref()) => Body::TooLarge,
        Err(_) => Body::Broken,
    }
}

/// Whether a limit was reached, ours or one that the application has put around the body.
fn is_limit(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<LengthLimitError>())
}

pub(crate) fn response(response: Response) -> axum::response::Response {
    response.map(axum::body::Body::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_plain_path() {
        assert_eq!(prefix("/auth/").as_deref(), Some("/auth"));
        assert_eq!(prefix("a/b").as_deref(), Some("/a/b"));
        assert_eq!(prefix("/").as_deref(), Some(""));
        for wrong in ["/a//b", "/../a", "/a/.", "/{a}", "/a?b", "/a b", "/ä"] {
            assert_eq!(prefix(wrong), None, "{wrong}");
        }
    }
}
