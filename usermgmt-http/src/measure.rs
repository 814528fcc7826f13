//! What is counted of each request. Labels hold words of the route table and of this file only.

use std::time::Instant;

use http::{Method, StatusCode};
use metrics::{counter, histogram};
use usermgmt_service::metrics::{HTTP_REQUEST_SECONDS, HTTP_REQUESTS};

use crate::routes::routes;

/// A request that is being answered.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    route: &'static str,
    method: &'static str,
    begun: Instant,
}

impl Measured {
    /// From now on.
    pub(crate) fn begin(template: &str, method: &Method) -> Self {
        let route = routes().iter().map(|route| route.path).find(|path| *path == template).unwrap_or("none");
        Self { route, method: word(method), begun: Instant::now() }
    }

    /// It was answered.
    pub(crate) fn end(self, status: StatusCode) {
        let Self { route, method, begun } = self;
        let status = status.as_str().to_owned();
        counter!(HTTP_REQUESTS, "route" => route, "method" => method, "status" => status).increment(1);
        histogram!(HTTP_REQUEST_SECONDS, "route" => route, "method" => method).record(begun.elapsed());
    }
}

/// The word for a method: whoever asks may make up others.
const fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_cannot_make_up_labels() {
        let made_up = Method::from_bytes(b"CANARY").unwrap();
        let measured = Measured::begin("/canary", &made_up);
        assert_eq!((measured.route, measured.method), ("none", "other"));
        let known = Measured::begin("/sign-in", &Method::POST);
        assert_eq!((known.route, known.method), ("/sign-in", "POST"));
    }
}
