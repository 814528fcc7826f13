//! What an adapter does, step by step. A third framework is a day's work.
//!
//! 1. **Mount.** For each path of [`templates`](crate::templates), below the prefix, register one handler for *all*
//!    methods. Parameters are written in braces (`/sessions/{session}/end`). Tell the prefix to
//!    [`UserMgmt::mount`](usermgmt_service::UserMgmt::mount); if that answers `false`, fail loudly.
//! 2. **Read.** Collect the body up to [`max_body`](crate::max_body) of the path: [`Body::Whole`](crate::Body::Whole),
//!    or [`Body::TooLarge`](crate::Body::TooLarge) as soon as it is longer, or
//!    [`Body::Broken`](crate::Body::Broken) when the connection fails. Do not look at its type.
//! 3. **Translate** into a [`Request`](crate::Request): method, percent-decoded path parameters, path and query as they
//!    came (with the prefix), all headers byte for byte, the address of the connection.
//! 4. **Answer** with what [`serve`](crate::serve()) gives: status, all headers (several `Set-Cookie` stay several),
//!    body. Add nothing, leave nothing out.
//! 5. **Extract.** For handlers of the application offer `CurrentUser`, `MaybeUser`, `ActiveOrg`, `Require<P>`,
//!    `Authorized<P>`, `CurrentKey`, `SteppedUp`, `Fresh<SECONDS>`, `Mfa`, `Caller`, and with the feature
//!    `tokens` `TokenClaims`, which alone needs no memo. Each builds a [`Head`](crate::Head) and gets the [`Memo`](crate::Memo) that is
//!    kept with the request; the first one makes it by
//!    [`authenticate`](crate::authenticate::authenticate()). Then it calls its function in
//!    [`extract`](crate::extract). The organisation is named by the path parameter
//!    [`ORG_PARAM`](crate::extract::ORG_PARAM) where the route has one.
//! 6. **Reject** with [`reject`](crate::serve::reject), as [`Representation::Json`](crate::Representation::Json): a
//!    browser's navigation is led to the sign-in page, everything else gets `application/problem+json`.
//! 7. **Fail loudly** where the application forgot to attach: by a type that does not compile, or by 500 and a line in
//!    the log; never as an anonymous visitor. Where the framework turns errors of optional extractors into `None`, say
//!    so and offer `MaybeUser` in its place.
