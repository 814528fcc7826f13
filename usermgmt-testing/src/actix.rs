//! Requests to an actix-web application.
//!
//! ```
//! # #[actix_web::main]
//! # async fn main() {
//! use actix_web::test::init_service;
//! use actix_web::{App, web};
//! use usermgmt_actix::CurrentUser;
//! use usermgmt_testing::{TestAuth, actix};
//!
//! async fn hello(user: CurrentUser) -> String {
//!     format!("Hello {}", user.name())
//! }
//!
//! let auth = TestAuth::start(|builder| builder).await;
//! let app = App::new().route("/", web::get().to(hello)).configure(usermgmt_actix::attach("/auth", &auth));
//! let app = actix::app(init_service(app).await);
//!
//! let mut ann = auth.sign_in_as("ann").await;
//! assert_eq!(ann.get(&app, "/").await.body, "Hello ann");
//! assert_eq!(auth.browser().get(&app, "/").await.status, 401);
//! # }
//! ```

use std::net::SocketAddr;

use actix_http::Request;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::TestRequest;
use actix_web::{Error, HttpResponse};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::{Answer, Application};

/// An application that `actix_web::test::init_service` has made, whatever is wrapped around it.
#[derive(Debug)]
pub struct ActixApp<S>(S);

/// An application that `actix_web::test::init_service` has made.
pub const fn app<S>(service: S) -> ActixApp<S> {
    ActixApp(service)
}

/// The request, for `actix_web::test::call_service`.
///
/// # Panics
/// If its address is none.
#[must_use]
pub fn request(request: http::Request<Bytes>, from: SocketAddr) -> TestRequest {
    let (parts, body) = request.into_parts();
    // actix-web 4 still uses `http` 0.2: types cross by bytes.
    let method = actix_web::http::Method::from_bytes(parts.method.as_str().as_bytes());
    let method = method.unwrap_or_else(|error| panic!("{}: {error}", parts.method));
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut asked = TestRequest::default().method(method).uri(target).peer_addr(from).set_payload(body);
    for (name, value) in &parts.headers {
        asked = asked.append_header((name.as_str(), value.as_bytes()));
    }
    asked
}

impl<S, B> Application for ActixApp<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    async fn answer(&self, asked: http::Request<Bytes>, from: SocketAddr) -> Answer {
        match self.0.call(request(asked, from).to_request()).await {
            Ok(response) => read(response.into_parts().1.map_into_boxed_body()).await,
            // What a server would make of it.
            Err(error) => read(error.error_response()).await,
        }
    }
}

async fn read(response: HttpResponse) -> Answer {
    let headers: HeaderMap = response
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
            Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        })
        .collect();
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or_default();
    let body = to_bytes(response.into_body()).await.unwrap_or_else(|error| panic!("half an answer: {error}"));
    Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
}
