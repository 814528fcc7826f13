//! What the example promises, on actix-web and PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use actix_web::App;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use saas_actix::{Shared, app};
use tempfile::TempDir;
use usermgmt_tests::StoreKind;
use usermgmt_tests::stores::FreshStore;

#[path = "../../saas-common/tests/promises/mod.rs"]
mod promises;

use promises::{Answer, Asked};

/// Where the data of one test stands.
struct Kept(TempDir, FreshStore);

impl Kept {
    async fn new() -> Option<Self> {
        if StoreKind::Postgres.is_left_out() {
            return None;
        }
        Some(Self(tempfile::tempdir().unwrap(), FreshStore::new(StoreKind::Postgres).await))
    }

    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "DATA_DIR" => Some(self.0.path().display().to_string()),
            "DATABASE_URL" => self.1.postgres_url().map(str::to_owned),
            _ => None,
        }
    }
}

async fn send(shared: &Shared, asked: Asked) -> Answer {
    let method = Method::from_bytes(asked.method.as_bytes()).unwrap();
    let mut request = TestRequest::default().method(method).uri(&asked.path).set_payload(asked.body);
    for (name, value) in asked.headers {
        request = request.insert_header((name, value));
    }
    let answer = call_service(&init_service(App::new().configure(app(shared))).await, request.to_request()).await;
    let text = |value: &actix_web::http::header::HeaderValue| value.to_str().unwrap().to_owned();
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8(read_body(answer).await.to_vec()).unwrap(),
    }
}
