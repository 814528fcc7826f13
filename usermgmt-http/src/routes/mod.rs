//! The table of routes, and the handlers by capability.

mod account;
mod accounts;
mod api_key_pages;
mod api_keys;
mod audit;
mod bot_check;
mod choose_organization;
mod development;
mod emails;
#[cfg(feature = "totp")]
mod enrol_totp;
#[cfg(feature = "factors")]
mod factors;
#[cfg(feature = "magic-link")]
mod magic_link;
mod mailed;
mod members;
mod meta;
mod new_password;
mod organization;
mod organization_audit;
mod organization_member;
mod organization_members;
mod organization_roles;
mod organizations;
#[cfg(feature = "passkeys")]
mod passkey_sign_in;
#[cfg(feature = "passkeys")]
mod passkeys;
mod profile;
mod reset;
mod roles;
#[cfg(feature = "factors")]
mod second_factor;
#[cfg(feature = "sent-codes")]
mod sent_code;
#[cfg(feature = "tokens")]
mod services;
mod sessions;
mod sign_in;
mod sign_up;
mod step_up;
#[cfg(feature = "tokens")]
mod tokens;
mod usernames;
mod verify;

use usermgmt_service::{
    AddMembers, ManageApiKeys, ManageMembers, ManageOrganization, ManageRoles, OwnOrganization, ReadAudit, ReadMembers,
};

use crate::route::{Route, route};

/// Longest body of a form or a JSON document of ours: names, an address and a password.
const SMALL: usize = 16 * 1024;

/// Longest answer of an authenticator: attestation carries certificates.
#[cfg(feature = "passkeys")]
const PASSKEY: usize = 32 * 1024;

/// Longest profile: metadata beside the fields.
const PROFILE: usize = 32 * 1024;

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
    #[cfg(feature = "magic-link")]
    route!(GET "/sign-in/mail", Page, Public, 0, "The page to ask for a mail that signs in.", magic_link::ask_page),
    #[cfg(feature = "magic-link")]
    route!(POST "/sign-in/mail", Page, Public, SMALL, "Ask for a mail that signs in by form.", magic_link::ask_form),
    #[cfg(feature = "magic-link")]
    route!(POST "/sign-in/mail", Json, Public, SMALL, "Ask for a mail that signs in. The answer is the same for known and unknown addresses.", magic_link::ask_json, magic_link::AskInput => 202),
    #[cfg(feature = "magic-link")]
    route!(GET "/sign-in/mailed", Page, Public, 0, "The page behind the mailed link that signs in, and for the mailed code.", magic_link::page),
    #[cfg(feature = "magic-link")]
    route!(POST "/sign-in/mailed", Page, Public, SMALL, "Sign in by mailed link or code, by form.", magic_link::form),
    #[cfg(feature = "magic-link")]
    route!(POST "/sign-in/mailed", Json, Public, SMALL, "Sign in by mailed link or code. Show the preview first where a link was opened.", magic_link::json, magic_link::MailedInput => 200),
    #[cfg(feature = "magic-link")]
    route!(POST "/sign-in/mailed/preview", Json, Public, SMALL, "When and on which device a mailed link was asked for, and whether it works in this browser. Uses nothing up.", magic_link::preview_json, magic_link::PreviewInput => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/sign-in/passkey/challenge", Json, Public, SMALL, "A challenge that any passkey of this application may answer.", passkey_sign_in::challenge, sign_in::Nothing => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/sign-in/passkey", Json, Public, PASSKEY, "Sign in by a passkey.", passkey_sign_in::json, passkey_sign_in::AnswerInput => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/sign-in/passkey", Page, Public, PASSKEY, "Sign in by a passkey by form.", passkey_sign_in::form),
    #[cfg(feature = "passkeys")]
    route!(POST "/sign-in/second-factor/passkey/challenge", Json, Public, SMALL, "A challenge for the passkeys of the account whose sign-in waits for a second factor.", passkey_sign_in::second_challenge, sign_in::Nothing => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/sign-in/second-factor/passkey", Json, Public, PASSKEY, "Prove the second factor that a sign-in waits for by a passkey.", passkey_sign_in::second_json, passkey_sign_in::AnswerInput => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/second-factor/passkey", Page, Public, PASSKEY, "Prove the second factor that a sign-in waits for by a passkey, by form.", passkey_sign_in::second_form),
    #[cfg(feature = "passkeys")]
    route!(POST "/sign-in/new-passkey/challenge", Json, Public, SMALL, "A challenge to make the passkey that a sign-in waits for.", passkeys::first_challenge, sign_in::Nothing => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/sign-in/new-passkey", Json, Public, PASSKEY, "Take in the passkey that a sign-in waits for.", passkeys::first_json, passkeys::NewPasskeyInput => 200),
    #[cfg(feature = "passkeys")]
    route!(GET "/enrol-passkey", Page, Public, 0, "The page for the first passkey of an account.", passkeys::first_page),
    #[cfg(feature = "passkeys")]
    route!(POST "/enrol-passkey", Page, Public, PASSKEY, "Take in the passkey that a sign-in waits for by form.", passkeys::first_form),
    #[cfg(feature = "passkeys")]
    route!(GET "/passkey.js", Page, Public, 0, "The script by which pages ask an authenticator.", passkey_sign_in::script),
    route!(POST "/sign-in/new-password", Json, Public, SMALL, "Set the new password that a sign-in waits for.", new_password::step_json, new_password::NewPasswordInput => 200),
    route!(GET "/new-password", Page, Public, 0, "The page for the new password that a sign-in waits for.", new_password::step_page),
    route!(POST "/new-password", Page, Public, SMALL, "Set the new password that a sign-in waits for by form.", new_password::step_form),
    #[cfg(feature = "factors")]
    route!(POST "/sign-in/second-factor", Json, Public, SMALL, "Prove the second factor that a sign-in waits for.", second_factor::json, second_factor::SecondFactorInput => 200),
    #[cfg(feature = "factors")]
    route!(GET "/second-factor", Page, Public, 0, "The page for the second factor that a sign-in waits for.", second_factor::page),
    #[cfg(feature = "factors")]
    route!(POST "/second-factor", Page, Public, SMALL, "Prove the second factor that a sign-in waits for by form.", second_factor::form),
    #[cfg(feature = "sent-codes")]
    route!(POST "/sign-in/second-factor/send", Json, Public, SMALL, "Send the code of the second factor that a sign-in waits for.", sent_code::send_json, sent_code::SendInput => 202),
    #[cfg(feature = "sent-codes")]
    route!(POST "/second-factor/send", Page, Public, SMALL, "Send the code of the second factor that a sign-in waits for, by form.", sent_code::send_form),
    #[cfg(feature = "sent-codes")]
    route!(POST "/sign-in/sent-code", Json, Public, SMALL, "Begin to enrol codes by text or mail as the second factor that a sign-in demands.", sent_code::at_sign_in_json, sent_code::EnrolCodeInput => 202),
    #[cfg(feature = "sent-codes")]
    route!(POST "/sign-in/sent-code/confirm", Json, Public, SMALL, "Put that second factor in force by the code that was sent.", sent_code::confirm_at_sign_in_json, sent_code::ConfirmCodeInput => 200),
    #[cfg(feature = "totp")]
    route!(POST "/sign-in/totp", Json, Public, SMALL, "Begin to enrol the authenticator application that a sign-in demands.", enrol_totp::at_sign_in_json, sign_in::Nothing => 200),
    #[cfg(feature = "totp")]
    route!(POST "/sign-in/totp/confirm", Json, Public, SMALL, "Put that authenticator application in force by its first code.", enrol_totp::confirm_at_sign_in_json, enrol_totp::ConfirmInput => 200),
    #[cfg(feature = "factors")]
    route!(GET "/enrol-factor", Page, Public, 0, "The page that says why a sign-in demands a second factor.", second_factor::enrol_page),
    #[cfg(feature = "sent-codes")]
    route!(POST "/enrol-factor/sent-code", Page, Public, SMALL, "Begin to enrol codes by text or mail that a sign-in demands, by form.", sent_code::at_sign_in_form),
    #[cfg(feature = "sent-codes")]
    route!(POST "/enrol-factor/sent-code/confirm", Page, Public, SMALL, "Put that second factor in force by the code that was sent, by form.", sent_code::confirm_at_sign_in_form),
    #[cfg(feature = "totp")]
    route!(POST "/enrol-factor", Page, Public, SMALL, "Begin to enrol the authenticator application that a sign-in demands by form.", enrol_totp::at_sign_in_form),
    #[cfg(feature = "totp")]
    route!(POST "/enrol-factor/confirm", Page, Public, SMALL, "Put that authenticator application in force by its first code, by form.", enrol_totp::confirm_at_sign_in_form),
    #[cfg(feature = "factors")]
    route!(GET "/factors/remove", Page, Public, 0, "The page behind the link that removes lost second factors.", mailed::remove_factors_page),
    #[cfg(feature = "factors")]
    route!(POST "/factors/remove", Page, Public, SMALL, "Remove lost second factors by form.", mailed::remove_factors_form),
    #[cfg(feature = "factors")]
    route!(POST "/factors/remove", Json, Public, SMALL, "Remove lost second factors by the link that support has sent.", mailed::remove_factors_json, mailed::LinkInput => 200),
    route!(GET "/forgot", Page, Public, 0, "The page to ask for a new password.", reset::forgot_page),
    route!(POST "/forgot", Page, Public, SMALL, "Ask for a new password by form.", reset::forgot_form),
    route!(POST "/forgot", Json, Public, SMALL, "Ask for a mail that sets a new password. The answer is the same for known and unknown addresses.", reset::forgot_json, reset::ForgotInput => 202),
    route!(GET "/forgot-username", Page, Public, 0, "The page to ask for the own username.", usernames::forgotten_page),
    route!(POST "/forgot-username", Page, Public, SMALL, "Ask for the own username by form.", usernames::forgotten_form),
    route!(POST "/forgot-username", Json, Public, SMALL, "Ask for a mail that names the own username. The answer is the same for known and unknown addresses.", usernames::forgotten_json, usernames::ForgottenInput => 202),
    route!(GET "/reset", Page, Public, 0, "The page behind the mailed link that sets a new password, and for the mailed code.", reset::page),
    route!(POST "/reset", Page, Public, SMALL, "Set a new password by form.", reset::form),
    route!(POST "/reset", Json, Public, SMALL, "Set a new password by link or code. Every session ends; nobody is signed in by it.", reset::json, reset::ResetInput => 200),
    route!(GET "/secure", Page, Public, 0, "The page behind the link that undoes an unwanted change.", mailed::secure_page),
    route!(POST "/secure", Page, Public, SMALL, "Undo an unwanted change by form.", mailed::secure_form),
    route!(POST "/secure", Json, Public, SMALL, "Undo an unwanted change: every session ends, the password is void, the address is back.", mailed::secure_json, mailed::LinkInput => 200),
    route!(GET "/emails/approve", Page, Public, 0, "The page behind the link that approves another address.", mailed::approve_page),
    route!(POST "/emails/approve", Page, Public, SMALL, "Approve another address by form.", mailed::approve_form),
    route!(POST "/emails/approve", Json, Public, SMALL, "Approve another address as the holder of the primary one.", mailed::approve_json, mailed::LinkInput => 200),
    route!(GET "/emails/verify", Page, Public, 0, "The page behind the link that proves an added address.", mailed::prove_page),
    route!(POST "/emails/verify", Page, Public, SMALL, "Prove an added address by form.", mailed::prove_form),
    route!(POST "/emails/verify", Json, Public, SMALL, "Prove an added address by link or code.", mailed::prove_json, mailed::ProofInput => 200),
    route!(POST "/availability", Json, Public, SMALL, "Whether a username is free, with others that are; or whether an address is, if the application has switched this on.", emails::availability, emails::AvailabilityInput => 200),
    route!(POST "/sign-in/organization", Json, Public, SMALL, "Choose the organization of a sign-in.", choose_organization::json, choose_organization::ChooseInput => 200),
    route!(GET "/choose-organization", Page, Public, 0, "The page to choose an organization.", choose_organization::page),
    route!(POST "/choose-organization", Page, Public, SMALL, "Choose an organization by form.", choose_organization::form),
    route!(POST "/choose-organization/restore", Page, SteppedUp, SMALL, "Bring back a deleted organization of the caller by form.", choose_organization::restore_form),
    route!(GET "/step-up", Page, SignedIn, 0, "The page to prove again who you are.", step_up::page),
    route!(POST "/step-up", Page, SignedIn, SMALL, "Prove again by form.", step_up::form),
    route!(POST "/step-up", Json, SignedIn, SMALL, "Prove again by password; the session goes on under a new secret.", step_up::json, step_up::StepUpInput => 200),
    #[cfg(feature = "sent-codes")]
    route!(POST "/step-up/send", Page, SignedIn, SMALL, "Send a code of the second factor, to prove it again, by form.", sent_code::send_step_up_form),
    #[cfg(feature = "sent-codes")]
    route!(POST "/step-up/send", Json, SignedIn, SMALL, "Send a code of the second factor, to prove it again.", sent_code::send_step_up_json, sent_code::SendInput => 202),
    #[cfg(feature = "passkeys")]
    route!(POST "/step-up/passkey/challenge", Json, SignedIn, SMALL, "A challenge for the own passkeys.", passkey_sign_in::again_challenge, sign_in::Nothing => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/step-up/passkey", Json, SignedIn, PASSKEY, "Prove again by a passkey; the session goes on under a new secret.", passkey_sign_in::again_json, passkey_sign_in::AnswerInput => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/step-up/passkey", Page, SignedIn, PASSKEY, "Prove again by a passkey by form.", passkey_sign_in::again_form),
    route!(POST "/sign-out", Page, Public, SMALL, "Sign out by form.", sessions::sign_out_form),
    route!(POST "/sign-out", Json, Public, SMALL, "End the own session.", sessions::sign_out_json, sign_in::Nothing => 200),
    route!(POST "/sign-out-everywhere", Page, SignedIn, SMALL, "Sign out everywhere by form.", sessions::everywhere_form),
    route!(POST "/sign-out-everywhere", Json, SignedIn, SMALL, "End every session of the caller.", sessions::everywhere_json, sessions::EverywhereInput => 200),
    route!(GET "/sessions", Json, SignedIn, 0, "The caller's running sessions.", sessions::list),
    route!(POST "/sessions/{session}/end", Page, SignedIn, SMALL, "End one of the caller's sessions by form.", sessions::end_form),
    route!(POST "/sessions/{session}/end", Json, SignedIn, SMALL, "End one of the caller's sessions.", sessions::end_json, sign_in::Nothing => 200),
    route!(GET "/me", Json, SignedIn, 0, "Who is signed in, how, and in which organization.", account::me),
    route!(GET "/accounts", Json, Public, 0, "The accounts that are signed in in this browser, if the application has switched this on.", accounts::list),
    route!(POST "/accounts/switch", Json, Public, SMALL, "Make another account of this browser the active one.", accounts::switch_json, accounts::SwitchInput => 200),
    route!(GET "/choose-account", Page, Public, 0, "The page to choose among the accounts of this browser.", accounts::page),
    route!(POST "/choose-account", Page, Public, SMALL, "Make another account of this browser the active one by form.", accounts::form),
    route!(GET "/account", Page, SignedIn, 0, "The account page.", account::page),
    route!(GET "/account/profile", Page, SignedIn, 0, "The page of the own profile.", profile::page),
    route!(POST "/account/profile", Page, SignedIn, SMALL, "Change the own profile by form.", profile::form),
    route!(GET "/me/profile", Json, SignedIn, 0, "The own profile.", profile::get),
    route!(POST "/me/profile", Json, SignedIn, PROFILE, "Change the own profile. What is not there stays.", profile::json, profile::ProfileInput => 200),
    route!(GET "/account/username", Page, SignedIn, 0, "The page of the own username.", usernames::page),
    route!(POST "/account/username", Page, SteppedUp, SMALL, "Choose a username by form.", usernames::form),
    route!(GET "/me/username", Json, SignedIn, 0, "The own username, if there is one.", usernames::get),
    route!(POST "/me/username", Json, SteppedUp, SMALL, "Choose a username. The one of before stays with the account for a while.", usernames::json, usernames::UsernameInput => 200),
    route!(GET "/account/password", Page, SignedIn, 0, "The page to change the password.", new_password::page),
    route!(POST "/account/password", Page, SignedIn, SMALL, "Change the password by form.", new_password::form),
    route!(POST "/me/password", Json, SignedIn, SMALL, "Change the password; the session goes on under a new secret.", new_password::json, new_password::ChangePasswordInput => 200),
    #[cfg(feature = "factors")]
    route!(GET "/account/factors", Page, SignedIn, 0, "The page of the own second factors.", factors::page),
    #[cfg(feature = "sent-codes")]
    route!(POST "/account/factors/sent-code", Page, SteppedUp, SMALL, "Begin to enrol codes by text or mail by form.", sent_code::enrol_form),
    #[cfg(feature = "sent-codes")]
    route!(POST "/account/factors/sent-code/confirm", Page, SteppedUp, SMALL, "Put codes by text or mail in force by the first one, by form.", sent_code::confirm_form),
    #[cfg(feature = "totp")]
    route!(POST "/account/factors/totp", Page, SteppedUp, SMALL, "Begin to enrol an authenticator application by form.", enrol_totp::enrol_form),
    #[cfg(feature = "totp")]
    route!(POST "/account/factors/totp/confirm", Page, SteppedUp, SMALL, "Put an authenticator application in force by its first code, by form.", enrol_totp::confirm_form),
    #[cfg(feature = "factors")]
    route!(POST "/account/factors/remove", Page, SteppedUp, SMALL, "Remove a second factor by form.", factors::remove_form),
    #[cfg(feature = "factors")]
    route!(POST "/account/factors/recovery-codes", Page, SteppedUp, SMALL, "Make new recovery codes by form.", factors::codes_form),
    #[cfg(feature = "factors")]
    route!(POST "/account/factors/distrust", Page, SignedIn, SMALL, "Trust no device any more by form.", factors::distrust_form),
    #[cfg(feature = "passkeys")]
    route!(POST "/account/factors/passkeys", Page, SteppedUp, PASSKEY, "Take in a passkey by form.", passkeys::add_form),
    #[cfg(feature = "passkeys")]
    route!(POST "/account/factors/name", Page, SignedIn, SMALL, "Give a passkey another name by form.", passkeys::name_form),
    #[cfg(feature = "passkeys")]
    route!(GET "/passkey-offer", Page, SignedIn, 0, "The page that offers a passkey after a sign-in without one.", passkeys::offer_page),
    #[cfg(feature = "passkeys")]
    route!(POST "/passkey-offer/decline", Page, SignedIn, SMALL, "Decline the offer by form.", passkeys::decline_form),
    #[cfg(feature = "passkeys")]
    route!(POST "/passkey-offer/decline", Json, SignedIn, SMALL, "Decline the offer of a passkey: this browser makes none for a while.", passkeys::decline_json, sign_in::Nothing => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/me/passkeys/challenge", Json, SteppedUp, SMALL, "A challenge to make a passkey.", passkeys::challenge, sign_in::Nothing => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/me/passkeys", Json, SteppedUp, PASSKEY, "Take in a passkey. The other sessions end.", passkeys::add_json, passkeys::NewPasskeyInput => 200),
    #[cfg(feature = "passkeys")]
    route!(POST "/me/passkeys/{factor}/name", Json, SignedIn, SMALL, "Give a passkey another name.", passkeys::name_json, passkeys::NameInput => 200),
    #[cfg(feature = "factors")]
    route!(GET "/me/factors", Json, SignedIn, 0, "The own second factors, recovery codes left, and trusted devices.", factors::list),
    #[cfg(feature = "sent-codes")]
    route!(POST "/me/factors/sent-code", Json, SteppedUp, SMALL, "Begin to enrol codes by text or mail as a second factor.", sent_code::enrol_json, sent_code::EnrolCodeInput => 202),
    #[cfg(feature = "sent-codes")]
    route!(POST "/me/factors/sent-code/confirm", Json, SteppedUp, SMALL, "Put codes by text or mail in force by the first one. The other sessions end.", sent_code::confirm_json, sent_code::ConfirmCodeInput => 200),
    #[cfg(feature = "totp")]
    route!(POST "/me/factors/totp", Json, SteppedUp, SMALL, "Begin to enrol an authenticator application.", enrol_totp::enrol_json, sign_in::Nothing => 200),
    #[cfg(feature = "totp")]
    route!(POST "/me/factors/totp/confirm", Json, SteppedUp, SMALL, "Put an authenticator application in force by its first code. The other sessions end.", enrol_totp::confirm_json, enrol_totp::ConfirmInput => 200),
    #[cfg(feature = "factors")]
    route!(POST "/me/factors/remove", Json, SteppedUp, SMALL, "Remove a second factor. The other sessions end.", factors::remove_json, factors::FactorInput => 200),
    #[cfg(feature = "factors")]
    route!(POST "/me/factors/recovery-codes", Json, SteppedUp, SMALL, "Make new recovery codes; those of before are void.", factors::codes_json, sign_in::Nothing => 200),
    #[cfg(feature = "factors")]
    route!(POST "/me/factors/distrust", Json, SignedIn, SMALL, "Trust no device any more.", factors::distrust_json, sign_in::Nothing => 200),
    route!(GET "/account/emails", Page, SignedIn, 0, "The page of the own addresses.", emails::page),
    route!(POST "/account/emails", Page, SteppedUp, SMALL, "Ask for another address by form.", emails::add_form),
    route!(POST "/account/emails/code", Page, SignedIn, SMALL, "Prove an added address by its code, by form.", emails::code_form),
    route!(POST "/account/emails/primary", Page, SteppedUp, SMALL, "Make another address the primary one by form.", emails::primary_form),
    route!(POST "/account/emails/remove", Page, SteppedUp, SMALL, "Remove an address by form.", emails::remove_form),
    route!(GET "/me/emails", Json, SignedIn, 0, "The own addresses.", emails::list),
    route!(POST "/me/emails", Json, SteppedUp, SMALL, "Ask for another address. The answer is the same for a free and a taken one.", emails::add_json, emails::AddEmailInput => 202),
    route!(POST "/me/emails/primary", Json, SteppedUp, SMALL, "Make another proven address the primary one.", emails::primary_json, emails::EmailInput => 200),
    route!(POST "/me/emails/remove", Json, SteppedUp, SMALL, "Remove an address.", emails::remove_json, emails::EmailInput => 200),
    route!(GET "/organization", Page, SignedIn, 0, "The page of the organization that the session acts in.", organization::page),
    route!(POST "/organization", Page, Right<ManageOrganization>, SMALL, "Change name and slug by form.", organization::form),
    route!(POST "/organization/leave", Page, SignedIn, SMALL, "Leave the organization by form.", organization::leave_form),
    route!(POST "/organization/transfer", Page, FreshRight<OwnOrganization>, SMALL, "Let another member answer for the organization by form.", organization::transfer_form),
    route!(POST "/organization/delete", Page, FreshRight<OwnOrganization>, SMALL, "Delete the organization by form.", organization::delete_form),
    route!(GET "/organization/members", Page, Right<ReadMembers>, 0, "The page of the members.", organization_members::page),
    route!(POST "/organization/members", Page, Right<AddMembers>, SMALL, "Make whoever has an address a member by form.", organization_members::form),
    route!(GET "/organization/members/{user}", Page, Right<ReadMembers>, 0, "The page of a member.", organization_member::page),
    route!(POST "/organization/members/{user}/roles", Page, Right<ManageMembers>, SMALL, "Give a member other roles by form.", organization_member::roles_form),
    route!(POST "/organization/members/{user}/suspend", Page, Right<ManageMembers>, SMALL, "Suspend a membership by form.", organization_member::suspend_form),
    route!(POST "/organization/members/{user}/reactivate", Page, Right<ManageMembers>, SMALL, "Put a suspended membership in force again by form.", organization_member::reactivate_form),
    route!(POST "/organization/members/{user}/remove", Page, Right<ManageMembers>, SMALL, "Remove a member by form.", organization_member::remove_form),
    route!(GET "/organization/roles", Page, Right<ReadMembers>, 0, "The page of the roles.", organization_roles::list),
    route!(GET "/organization/roles/new", Page, Right<ManageRoles>, 0, "The page to make a role.", organization_roles::new_page),
    route!(POST "/organization/roles/new", Page, Right<ManageRoles>, SMALL, "Make a role by form.", organization_roles::new_form),
    route!(GET "/organization/roles/{role}", Page, Right<ManageRoles>, 0, "The page of a role of the organization.", organization_roles::page),
    route!(POST "/organization/roles/{role}", Page, Right<ManageRoles>, SMALL, "Change a role of the organization by form.", organization_roles::form),
    route!(POST "/organization/roles/{role}/remove", Page, Right<ManageRoles>, SMALL, "Remove a role of the organization by form.", organization_roles::remove_form),
    route!(GET "/organization/audit", Page, Right<ReadAudit>, 0, "The page of the audit log.", organization_audit::page),
    route!(GET "/organization/audit/check", Page, Right<ReadAudit>, 0, "The page that says whether somebody has touched the audit log.", organization_audit::check),
    route!(POST "/organization/audit/export", Page, Right<ReadAudit>, SMALL, "Take the audit log out by form, as lines of JSON.", audit::export_form),
    route!(GET "/organizations", Json, SignedIn, 0, "The caller's organizations.", organizations::list),
    route!(POST "/organizations", Json, SignedIn, SMALL, "Make an organization with the caller as its owner.", organizations::create, organizations::CreateOrganizationInput => 201),
    route!(GET "/organizations/{organization}", Json, SignedIn, 0, "The organization that the session acts in.", organizations::get),
    route!(POST "/organizations/{organization}", Json, Right<ManageOrganization>, PROFILE, "Change name, slug or settings. What is not there stays.", organizations::update, organizations::UpdateOrganizationInput => 200),
    route!(GET "/organizations/{organization}/explain", Json, SignedIn, 0, "Why the caller has a permission or not.", organizations::explain),
    route!(POST "/organizations/{organization}/leave", Json, SignedIn, SMALL, "Leave an organization of the caller.", organizations::leave, sign_in::Nothing => 200),
    route!(POST "/organizations/{organization}/transfer", Json, FreshRight<OwnOrganization>, SMALL, "Let another member answer for the organization.", organizations::transfer, organizations::TransferInput => 200),
    route!(POST "/organizations/{organization}/delete", Json, FreshRight<OwnOrganization>, SMALL, "Delete the organization. It can be restored for 30 days.", organizations::delete, sign_in::Nothing => 200),
    route!(POST "/organizations/{organization}/restore", Json, SteppedUp, SMALL, "Bring back a deleted organization of the caller.", organizations::restore, sign_in::Nothing => 200),
    route!(GET "/organizations/{organization}/members", Json, Access<ReadMembers>, 0, "The members.", members::list),
    route!(POST "/organizations/{organization}/members", Json, Right<AddMembers>, SMALL, "Make whoever has an address a member. The answer is the same for known and unknown addresses.", members::add, members::AddMemberInput => 202),
    route!(POST "/organizations/{organization}/members/{user}/roles", Json, Right<ManageMembers>, SMALL, "Give a member other roles.", members::set_roles, members::RolesInput => 200),
    route!(POST "/organizations/{organization}/members/{user}/suspend", Json, Right<ManageMembers>, SMALL, "Suspend a membership.", members::suspend, sign_in::Nothing => 200),
    route!(POST "/organizations/{organization}/members/{user}/reactivate", Json, Right<ManageMembers>, SMALL, "Put a suspended membership in force again.", members::reactivate, sign_in::Nothing => 200),
    route!(POST "/organizations/{organization}/members/{user}/remove", Json, Right<ManageMembers>, SMALL, "Remove a member.", members::remove, sign_in::Nothing => 200),
    route!(GET "/organizations/{organization}/members/{user}/explain", Json, Right<ReadMembers>, 0, "Why a member has a permission or not.", members::explain),
    route!(GET "/organizations/{organization}/roles", Json, Right<ReadMembers>, 0, "The roles, and the permissions to build them from.", roles::list),
    route!(POST "/organizations/{organization}/roles", Json, Right<ManageRoles>, SMALL, "Make a role.", roles::create, roles::PutRoleInput => 201),
    route!(POST "/organizations/{organization}/roles/{role}", Json, Right<ManageRoles>, SMALL, "Change a role of the organization.", roles::change, roles::PutRoleInput => 200),
    route!(POST "/organizations/{organization}/roles/{role}/remove", Json, Right<ManageRoles>, SMALL, "Remove a role of the organization.", roles::remove, sign_in::Nothing => 200),
    route!(GET "/organizations/{organization}/audit", Json, Access<ReadAudit>, 0, "The audit log, newest first.", audit::list),
    route!(POST "/organizations/{organization}/audit/export", Json, Right<ReadAudit>, SMALL, "Take the audit log out, as lines of JSON.", audit::export, audit::ExportInput => 200),
    route!(GET "/organizations/{organization}/audit/verify", Json, Right<ReadAudit>, 0, "Whether somebody has touched the audit log.", audit::verify),
    route!(POST "/organizations/{organization}/enter", Json, SignedIn, SMALL, "Act in another organization of the caller.", organizations::enter, sign_in::Nothing => 200),
    route!(GET "/account/api-keys", Page, SignedIn, 0, "The page of the own API keys.", api_key_pages::own_page),
    route!(POST "/account/api-keys", Page, SteppedUp, SMALL, "Make an API key by form.", api_key_pages::own_form),
    route!(POST "/account/api-keys/{key}/end", Page, SignedIn, SMALL, "End an API key of the caller by form.", api_key_pages::own_end_form),
    route!(GET "/organization/api-keys", Page, Right<ManageApiKeys>, 0, "The page of the API keys that act in the organization.", api_key_pages::org_page),
    route!(POST "/organization/api-keys", Page, FreshRight<ManageApiKeys>, SMALL, "Make an API key of the organization by form.", api_key_pages::org_form),
    route!(POST "/organization/api-keys/{key}/end", Page, Right<ManageApiKeys>, SMALL, "End an API key of the organization by form.", api_key_pages::org_end_form),
    route!(POST "/organization/members/{user}/api-keys/{key}/end", Page, Right<ManageApiKeys>, SMALL, "End an API key of a member by form.", api_key_pages::member_end_form),
    route!(GET "/me/api-keys", Json, SignedIn, 0, "The caller's API keys, newest first.", api_keys::list),
    route!(POST "/me/api-keys", Json, SteppedUp, SMALL, "Make an API key of the caller. Its secret is in this answer only.", api_keys::make, api_keys::MakeKeyInput => 201),
    route!(POST "/me/api-keys/{key}/rotate", Json, SteppedUp, SMALL, "Put another API key in the place of one.", api_keys::rotate, api_keys::RotateKeyInput => 200),
    route!(POST "/me/api-keys/{key}/end", Json, SignedIn, SMALL, "End an API key of the caller.", api_keys::end, sign_in::Nothing => 200),
    route!(GET "/organizations/{organization}/api-keys", Json, Right<ManageApiKeys>, 0, "The API keys that act in the organization, newest first.", api_keys::list_in_org),
    route!(POST "/organizations/{organization}/api-keys", Json, FreshRight<ManageApiKeys>, SMALL, "Make an API key of the organization. Its secret is in this answer only.", api_keys::make_for_org, api_keys::MakeKeyInput => 201),
    route!(POST "/organizations/{organization}/api-keys/{key}/rotate", Json, FreshRight<ManageApiKeys>, SMALL, "Put another API key of the organization in the place of one.", api_keys::rotate_of_org, api_keys::RotateKeyInput => 200),
    route!(POST "/organizations/{organization}/api-keys/{key}/end", Json, Right<ManageApiKeys>, SMALL, "End an API key of the organization.", api_keys::end_of_org, sign_in::Nothing => 200),
    route!(POST "/organizations/{organization}/members/{user}/api-keys/{key}/end", Json, Right<ManageApiKeys>, SMALL, "End an API key of a member that acts in the organization.", api_keys::end_of_member, sign_in::Nothing => 200),
    #[cfg(feature = "tokens")]
    route!(POST "/tokens", Json, SignedIn, SMALL, "An access token for this application or another service.", tokens::issue, tokens::IssueInput => 200),
    #[cfg(feature = "tokens")]
    route!(POST "/tokens/begin", Json, SignedIn, SMALL, "Let refresh tokens carry the session instead of its cookie.", tokens::begin, tokens::BeginInput => 200),
    #[cfg(feature = "tokens")]
    route!(POST "/refresh", Json, Public, SMALL, "The next refresh token, and an access token.", tokens::refresh, tokens::RefreshInput => 200),
    #[cfg(feature = "tokens")]
    route!(POST "/revoke", Json, Public, SMALL, "End the session of a refresh token.", tokens::revoke, tokens::RevokeInput => 200),
    #[cfg(feature = "tokens")]
    route!(GET "/jwks.json", Json, Public, 0, "The public keys that access tokens are checked with.", tokens::key_set),
    #[cfg(feature = "tokens")]
    route!(POST "/introspect", OAuth, Service, SMALL, "What is known of a token, for services that prove themselves by their secret.", services::introspect),
    #[cfg(feature = "tokens")]
    route!(GET "/revocations", Json, Service, 0, "What was revoked, for services that prove themselves by their secret.", services::revocations),
    route!(GET "/bot-check", Json, Public, 0, "Which bot check there is for a purpose, whether it is expected, and a challenge to solve.", bot_check::challenge),
    route!(GET "/bot-check/{script}", Page, Public, 0, "A script of the bot check.", bot_check::script),
    route!(GET "/health", Json, Public, 0, "Whether the process lives.", meta::health),
    route!(GET "/ready", Json, Public, 0, "Whether requests can be answered: the store is reached.", meta::ready),
    route!(GET "/openapi.json", Json, Public, 0, "This document.", meta::openapi),
    route!(GET "/style.css", Page, Public, 0, "The style sheet of the pages.", meta::style),
    route!(GET "/dev/mailbox", Page, Development, 0, "The development mailbox.", development::mailbox),
    route!(GET "/dev/mailbox/{mail}", Page, Development, 0, "A mail in the development mailbox.", development::mail),
];
