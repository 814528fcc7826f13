//! The table of routes, and the handlers by capability.

mod account;
mod choose_organization;
mod development;
mod meta;
mod organizations;
mod sessions;
mod sign_in;
mod sign_up;
mod step_up;
mod verify;

use crate::route::{Route, route};

/// Longest body of a form or a JSON document of ours: names, an address and a password.
const SMALL: usize = 16 * 1024;

/// All routes. Everything that mounts, documents or tests routes walks this table.
#[must_use]
pub fn routes() -> &'static [Route] {
    ROUTES
}

#[rustfmt::skip]
static ROUTES: &[Route] = &[
    route!(GET "/sign-up", Page, Public, 0, "The sign-up page.", sign_up::page),
    route!(POST "/sign-up", Page, Public, SMALL, "Sign up by form.", sign_up::form),
    route!(POST "/sign-up", Json, Public, SMALL, "Sign up. The answer is the same for known and unknown addresses.", sign_up::json, sign_up::SignUpInput => 202),
    route!(GET "/verify", Page, Public, 0, "The page behind the mailed link, and for the mailed code.", verify::page),
    route!(POST "/verify", Page, Public, SMALL, "Prove an address by form.", verify::form),
    route!(POST "/verify", Json, Public, SMALL, "Prove an address by link or code.", verify::json, verify::VerifyInput => 200),
    route!(POST "/verify/resend", Page, Public, SMALL, "Ask for another mail by form.", verify::resend_form),
    route!(POST "/verify/resend", Json, Public, SMALL, "Ask for another mail. The answer is the same for known and unknown addresses.", verify::resend_json, verify::ResendInput => 202),
    route!(GET "/sign-in", Page, Public, 0, "The sign-in page.", sign_in::page),
    route!(POST "/sign-in", Page, Public, SMALL, "Sign in by form.", sign_in::form),
    route!(POST "/sign-in", Json, Public, SMALL, "Sign in by password.", sign_in::json, sign_in::SignInInput => 200),
    route!(POST "/sign-in/continue", Json, Public, SMALL, "Go on with a sign-in after a step was done.", sign_in::resume, sign_in::Nothing => 200),
    route!(POST "/sign-in/organization", Json, Public, SMALL, "Choose the organization of a sign-in.", choose_organization::json, choose_organization::ChooseInput => 200),
    route!(GET "/choose-organization", Page, Public, 0, "The page to choose an organization.", choose_organization::page),
    route!(POST "/choose-organization", Page, Public, SMALL, "Choose an organization by form.", choose_organization::form),
    route!(GET "/step-up", Page, SignedIn, 0, "The page to prove again who you are.", step_up::page),
    route!(POST "/step-up", Page, SignedIn, SMALL, "Prove again by form.", step_up::form),
    route!(POST "/step-up", Json, SignedIn, SMALL, "Prove again by password; the session goes on under a new secret.", step_up::json, step_up::StepUpInput => 200),
    route!(POST "/sign-out", Page, Public, SMALL, "Sign out by form.", sessions::sign_out_form),
    route!(POST "/sign-out", Json, Public, SMALL, "End the own session.", sessions::sign_out_json, sign_in::Nothing => 200),
    route!(POST "/sign-out-everywhere", Page, SignedIn, SMALL, "Sign out everywhere by form.", sessions::everywhere_form),
    route!(POST "/sign-out-everywhere", Json, SignedIn, SMALL, "End every session of the caller.", sessions::everywhere_json, sessions::EverywhereInput => 200),
    route!(GET "/sessions", Json, SignedIn, 0, "The caller's running sessions.", sessions::list),
    route!(POST "/sessions/{session}/end", Page, SignedIn, SMALL, "End one of the caller's sessions by form.", sessions::end_form),
    route!(POST "/sessions/{session}/end", Json, SignedIn, SMALL, "End one of the caller's sessions.", sessions::end_json, sign_in::Nothing => 200),
    route!(GET "/me", Json, SignedIn, 0, "Who is signed in, how, and in which organization.", account::me),
    route!(GET "/account", Page, SignedIn, 0, "The account page.", account::page),
    route!(GET "/organizations", Json, SignedIn, 0, "The caller's organizations.", organizations::list),
    route!(POST "/organizations", Json, SignedIn, SMALL, "Make an organization with the caller as its owner.", organizations::create, organizations::CreateOrganizationInput => 201),
    route!(POST "/organizations/{organization}/enter", Json, SignedIn, SMALL, "Act in another organization of the caller.", organizations::enter, sign_in::Nothing => 200),
    route!(GET "/health", Json, Public, 0, "Whether the process lives.", meta::health),
    route!(GET "/ready", Json, Public, 0, "Whether requests can be answered: the store is reached.", meta::ready),
    route!(GET "/openapi.json", Json, Public, 0, "This document.", meta::openapi),
    route!(GET "/style.css", Page, Public, 0, "The style sheet of the pages.", meta::style),
    route!(GET "/dev/mailbox", Page, Development, 0, "The development mailbox.", development::mailbox),
    route!(GET "/dev/mailbox/{mail}", Page, Development, 0, "A mail in the development mailbox.", development::mail),
];
