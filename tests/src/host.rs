//! The application of the suite: the same handlers, to the letter, under both frameworks.

use std::net::{SocketAddr, TcpListener};

use usermgmt_core::permission;
use usermgmt_service::UserMgmt;

use crate::cell::Framework;

permission! {
    /// To see things.
    pub ReadThings = "thing:read";
    /// To change things.
    pub WriteThings = "thing:write"
}

/// The handlers. Written once: that they compile under both frameworks is what the suite is about.
macro_rules! handlers {
    ($adapter:ident) => {
        use $adapter::{
            ActiveOrg, Authorized, CurrentKey, CurrentUser, Fresh, MaybeUser, Mfa, Require, SteppedUp, TokenClaims,
        };

        use super::{ReadThings, WriteThings};

        async fn whoami(user: MaybeUser) -> String {
            user.0.as_ref().map_or_else(|| "nobody".to_owned(), |user| format!("user {}", user.user()))
        }

        async fn me(user: CurrentUser) -> String {
            format!("{} <{}>", user.name(), user.email().unwrap_or("-"))
        }

        async fn change_me(user: CurrentUser) -> String {
            format!("changed {}", user.user())
        }

        async fn active(org: ActiveOrg) -> String {
            format!("acting in {}", org.0.org())
        }

        async fn things(Require(permit): Require<ReadThings>) -> String {
            format!("things of {}", permit.scope().org())
        }

        async fn add_thing(Require(permit): Require<WriteThings>) -> String {
            format!("added to {}", permit.scope().org())
        }

        async fn remove_thing(Require(permit): Require<WriteThings>, _: SteppedUp) -> String {
            format!("removed from {}", permit.scope().org())
        }

        async fn feed(Authorized(access): Authorized<ReadThings>) -> String {
            let user = access.user().map_or_else(|| "nobody".to_owned(), |user| user.to_string());
            format!("feed of {} for {user}", access.org())
        }

        async fn feed_thing(Authorized(access): Authorized<WriteThings>) -> String {
            format!("fed {}", access.org())
        }

        async fn key(CurrentKey(key): CurrentKey) -> String {
            format!("key {} of {}", key.name(), key.owner())
        }

        async fn claims(TokenClaims(claims): TokenClaims) -> String {
            format!("claims of {}", claims.sub)
        }

        async fn very_fresh(fresh: Fresh<60>) -> String {
            format!("fresh {}", fresh.0.principal().user())
        }

        async fn vault(mfa: Mfa) -> String {
            format!("vault of {}", mfa.principal().user())
        }

        async fn empty_vault(mfa: Mfa, _: Fresh<60>) -> String {
            format!("emptied by {}", mfa.principal().user())
        }
    };
}

pub(crate) mod on_axum {
    use axum::Router;
    use axum::routing::{get, post};
    use usermgmt_service::UserMgmt;

    handlers!(usermgmt_axum);

    pub(crate) fn app(auth: UserMgmt) -> Router {
        let app = Router::new()
            .route("/host/whoami", get(whoami))
            .route("/host/me", get(me).post(change_me))
            .route("/host/active", get(active))
            .route("/host/things", get(things).post(add_thing))
            .route("/host/orgs/{org}/things", get(things).post(add_thing))
            .route("/host/orgs/{org}/things/remove", post(remove_thing))
            .route("/host/feed", get(feed).post(feed_thing))
            .route("/host/orgs/{org}/feed", get(feed).post(feed_thing))
            .route("/host/key", get(key))
            .route("/host/claims", get(claims))
            .route("/host/fresh", get(very_fresh))
            .route("/host/vault", get(vault).post(empty_vault));
        usermgmt_axum::attach(app, "/auth", &auth).with_state(auth)
    }
}

pub(crate) mod on_actix {
    use actix_web::web::{self, ServiceConfig};
    use usermgmt_service::UserMgmt;

    handlers!(usermgmt_actix);

    pub(crate) fn configure(app: &mut ServiceConfig, auth: &UserMgmt) {
        app.route("/host/whoami", web::get().to(whoami))
            .route("/host/me", web::get().to(me))
            .route("/host/me", web::post().to(change_me))
            .route("/host/active", web::get().to(active))
            .route("/host/things", web::get().to(things))
            .route("/host/things", web::post().to(add_thing))
            .route("/host/orgs/{org}/things", web::get().to(things))
            .route("/host/orgs/{org}/things", web::post().to(add_thing))
            .route("/host/orgs/{org}/things/remove", web::post().to(remove_thing))
            .route("/host/feed", web::get().to(feed))
            .route("/host/feed", web::post().to(feed_thing))
            .route("/host/orgs/{org}/feed", web::get().to(feed))
            .route("/host/orgs/{org}/feed", web::post().to(feed_thing))
            .route("/host/key", web::get().to(key))
            .route("/host/claims", web::get().to(claims))
            .route("/host/fresh", web::get().to(very_fresh))
            .route("/host/vault", web::get().to(vault))
            .route("/host/vault", web::post().to(empty_vault))
            .configure(usermgmt_actix::attach("/auth", auth));
    }
}

/// The application on axum, for requests without a network.
pub fn router(auth: UserMgmt) -> axum::Router {
    on_axum::app(auth)
}

/// The application on actix-web, for requests without a network.
pub fn configure(app: &mut actix_web::web::ServiceConfig, auth: &UserMgmt) {
    on_actix::configure(app, auth);
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops serving, and waits until the runtime of the server has ended: connections of a pool that it opened end
    /// with it, and must not be handed out in the middle of that.
    pub async fn stop(mut self) {
        self.stop_now();
        if let Some(thread) = self.thread.take() {
            tokio::task::spawn_blocking(move || thread.join()).await.unwrap().expect("the server ends");
        }
    }

    fn stop_now(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop_now();
    }
}

/// Serves the application on an open socket.
pub async fn start(framework: Framework, listener: TcpListener, auth: UserMgmt) -> Server {
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let thread = match framework {
        Framework::Axum => {
            listener.set_nonblocking(true).unwrap();
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let app = on_axum::app(auth).into_make_service_with_connect_info::<SocketAddr>();
            tokio::spawn(async move {
                let server = axum::serve(listener, app).with_graceful_shutdown(async move { drop(stopped.await) });
                server.await.unwrap();
            });
            None
        }
        Framework::Actix => {
            let (started, running) = tokio::sync::oneshot::channel();
            let thread = std::thread::spawn(move || {
                actix_web::rt::System::new().block_on(async move {
                    let app = move || {
                        let auth = auth.clone();
                        actix_web::App::new().configure(move |app| on_actix::configure(app, &auth))
                    };
                    let server =
                        actix_web::HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
                    let handle = server.handle();
                    actix_web::rt::spawn(async move {
                        drop(stopped.await);
                        handle.stop(false).await;
                    });
                    started.send(()).unwrap();
                    server.await.unwrap();
                });
            });
            running.await.unwrap();
            Some(thread)
        }
    };
    Server { address, stop: Some(stop), thread }
}
