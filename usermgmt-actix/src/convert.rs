//! From actix's values to ours and back. actix-web 4 still uses `http` 0.2: types cross by bytes.

use std::net::IpAddr;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Path, Payload};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
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
pub(crate) struct Seen {
    method: Method,
    target: String,
    authority: Option<String>,
    headers: HeaderMap,
    peer: Option<IpAddr>,
}

impl Seen {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        // The grammars of both versions are the same, so nothing is lost here. If it were, a method that nobody knows
        // would be taken for an unsafe one, and a missing header lends no authority.
        let method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or(Method::POST);
        let headers = request.headers().iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        });
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        Self {
            method,
            target: target.to_owned(),
            authority: request.uri().authority().map(|authority| authority.as_str().to_owned()),
            headers: headers.collect(),
            peer: request.peer_addr().map(|address| address.ip()),
        }
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head {
            method: &self.method,
            target: &self.target,
            authority: self.authority.as_deref(),
            headers: &self.headers,
            peer: self.peer,
        }
    }
}

/// Parameters of the path. The framework has decoded all but `%`, `/` and `+`; its extractor does the rest.
fn params(request: &HttpRequest) -> Vec<(String, String)> {
    let values = Path::<Vec<String>>::from_request(request, &mut actix_web::dev::Payload::None).into_inner();
    let values = values.map(Path::into_inner).unwrap_or_default();
    request.match_info().iter().map(|(name, _)| name.to_owned()).zip(values).collect()
}

/// The organisation that the matched route names.
pub(crate) fn named_org(request: &HttpRequest) -> Option<String> {
    request.match_info().get(ORG_PARAM)?;
    let named = params(request).into_iter().find(|(name, _)| name == ORG_PARAM);
    // A name that cannot be read names no organisation; it must not come to mean the one of the session.
    Some(named.map(|(_, value)| value).unwrap_or_default())
}

/// A request to one of our own routes.
pub(crate) async fn request(request: &HttpRequest, body: Payload, limit: usize) -> usermgmt_http::Request {
    let Seen { method, target, authority, headers, peer } = Seen::of(request);
    let body = read(request, body, limit).await;
    usermgmt_http::Request { method, params: params(request), target, authority, headers, peer, body }
}

async fn read(request: &HttpRequest, body: Payload, limit: usize) -> Body {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Body::TooLarge;
    }
    match body.to_bytes_limited(limit).await {
        Ok(Ok(whole)) => Body::Whole(whole),
        Ok(Err(_)) => Body::Broken,
        Err(_) => Body::TooLarge,
    }
}

pub(crate) fn response(response: &Response) -> HttpResponse {
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut builder = HttpResponse::build(status);
    for (name, value) in response.headers() {
        builder.append_header((name.as_str(), value.as_bytes()));
    }
    builder.body(response.body().clone())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn parameters_are_decoded_once() {
        let request = TestRequest::default().param("org", "a%252Fb+c").param("id", "1%2F2").to_http_request();
        let decoded = [("org", "a%2Fb+c"), ("id", "1/2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(params(&request), decoded);
        assert_eq!(named_org(&request).as_deref(), Some("a%2Fb+c"));
        assert_eq!(params(&TestRequest::default().to_http_request()), []);
    }

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
