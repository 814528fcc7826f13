//! A form that is sent twice is sent once.
//!
//! Whoever presses twice lets the browser drop the first answer: with it goes the new secret of the session, and what
//! was good once is used up. The script in each page holds the second one back. It is in the page itself, so that the
//! policy names it alone by its digest (CSP Level 3, section 2.3.1) and lets in no other script.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use usermgmt_service::core::secret::Digest;

/// What stands in a page with a form.
pub(super) const SCRIPT: &str = include_str!("../../assets/once.js");

/// The source by which the policy of a page lets it in.
pub(super) static SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Digest::of(SCRIPT.as_bytes()).as_bytes())));
