//! Session rules: how a session begins, how long it lives, how it ends.
//!
//! Rules only; what is true about a running session is decided by
//! [`Principal::establish`](usermgmt_core::proof::Principal::establish), which is the one place that looks.

mod api_keys;
mod begin;
mod end;
mod refresh;

pub use api_keys::{
    KeyLife, KeyRules, KeysOf, ManageApiKeys, NewKey, PERMISSIONS, end_key, end_leaked_key, make_key, rotate_key,
};
pub use begin::{Device, SessionRules, begin};
pub use end::{end_all, end_one, sign_out};
pub use refresh::{Refreshed, begin_refresh, refresh, revoke};
