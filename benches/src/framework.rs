//! A handler in a web framework, called in process: no sockets, one thread, one request at a time.

use std::hint::black_box;

use actix_web::body::MessageBody;
use actix_web::dev::{Service as ActixService, ServiceResponse};
use actix_web::test::TestRequest;
use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use tokio::runtime::Runtime;
use tower::Service as _;

use crate::measure::allocations;

/// What a browser sends besides its cookie or token.
const HEADERS: [(&str, &str); 4] = [
    ("host", "localhost:3000"),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.7,de;q=0.3"),
];

/// A handler at `/`.
pub(crate) trait Handler {
    /// One `GET /` with a browser's headers and this one. It must succeed.
    async fn once(&mut self, header: (&str, &str));
}

impl Handler for Router {
    async fn once(&mut self, (name, value): (&str, &str)) {
        let request = HEADERS.iter().fold(Request::get("/"), |request, (name, value)| request.header(*name, *value));
        let request = request.header(name, value).body(Body::empty()).expect("a request");
        let response = self.call(request).await.expect("infallible");
        assert_eq!(response.status(), StatusCode::OK);
        black_box(response);
    }
}

/// A service of actix-web, as `actix_web::test::init_service` makes it.
pub(crate) struct Actix<S>(pub(crate) S);

impl<S, B> Handler for Actix<S>
where
    S: ActixService<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    async fn once(&mut self, (name, value): (&str, &str)) {
        let request = HEADERS.iter().fold(TestRequest::get().uri("/"), |request, pair| request.append_header(*pair));
        let request = request.append_header((name, value)).to_request();
        let response = self.0.call(request).await.expect("an answer");
        assert_eq!(response.status().as_u16(), StatusCode::OK.as_u16());
        black_box(response);
    }
}

/// Makes so many requests.
pub(crate) fn drive(runtime: &Runtime, handler: &mut impl Handler, header: (&str, &str), ops: usize) {
    runtime.block_on(async {
        for _ in 0..ops {
            handler.once(header).await;
        }
    });
}

/// The fewest and the most allocations of a single request.
pub(crate) fn one_by_one(runtime: &Runtime, handler: &mut impl Handler, header: (&str, &str)) -> (usize, usize) {
    let (mut least, mut most) = (usize::MAX, 0);
    for _ in 0..1_000 {
        // Each in a task's turn of its own, as a server has it: tokio lets a turn that has lasted for 128 steps wait,
        // and the list of those who wait is an allocation of the runtime's.
        let count = runtime.block_on(async {
            let before = allocations();
            handler.once(header).await;
            allocations() - before
        });
        (least, most) = (least.min(count), most.max(count));
    }
    (least, most)
}
