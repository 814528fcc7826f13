//! The story, scene by scene.

#[path = "scenes/addresses.rs"]
mod addresses;
#[path = "scenes/api_keys.rs"]
mod api_keys;
#[path = "scenes/arrival.rs"]
mod arrival;
#[path = "scenes/audit_log.rs"]
mod audit_log;
#[path = "scenes/german.rs"]
mod german;
#[path = "scenes/hand_over.rs"]
mod hand_over;
#[path = "scenes/leaving.rs"]
mod leaving;
#[path = "scenes/long_log.rs"]
mod long_log;
#[path = "scenes/mail.rs"]
mod mail;
#[path = "scenes/members.rs"]
mod members;
#[path = "scenes/organizations.rs"]
mod organizations;
#[path = "scenes/ownership.rs"]
mod ownership;
#[path = "scenes/passkeys.rs"]
mod passkeys;
#[path = "scenes/profile.rs"]
mod profile;
#[path = "scenes/projects.rs"]
mod projects;
#[path = "scenes/recovery.rs"]
mod recovery;
#[path = "scenes/robots.rs"]
mod robots;
#[path = "scenes/role_end.rs"]
mod role_end;
#[path = "scenes/second_factor.rs"]
mod second_factor;
#[path = "scenes/sessions.rs"]
mod sessions;
#[path = "scenes/sign_in.rs"]
mod sign_in;
#[path = "scenes/stranger.rs"]
mod stranger;
#[path = "scenes/suspension.rs"]
mod suspension;
#[path = "scenes/touched_log.rs"]
mod touched_log;

use crate::browser::Browser;
use crate::chromedriver::Stage;
use crate::fault::Result;
use crate::host::{CLOSED, Host};
use crate::teller::Teller;

/// Somebody whom the story is about.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    /// As typed first.
    pub(crate) email: &'static str,
    /// The same address, as typed another day.
    pub(crate) email_otherwise: &'static str,
    pub(crate) password: &'static str,
    pub(crate) organization: &'static str,
}

pub(crate) const ZOE: Person = Person {
    name: "Zoë Quill",
    email: "Zoe.Quill@example.test",
    email_otherwise: "zoe.quill@EXAMPLE.test",
    password: "blowfish under moonlight",
    organization: "Quill & Feather",
};

pub(crate) const MAX: Person = Person {
    name: "Max Inkwell",
    email: "max@example.test",
    email_otherwise: "MAX@Example.Test",
    password: "seven candles in the harbour",
    organization: "Inkwell Works",
};

/// What the scenes play with.
pub(crate) struct Scene<'a> {
    pub(crate) host: &'a Host,
    pub(crate) stage: &'a Stage<'a>,
    pub(crate) teller: &'a Teller,
    /// The browser that Zoë uses every day.
    pub(crate) first: Browser,
    /// Her other device.
    pub(crate) second: Browser,
    /// Path of a page that is for members only.
    pub(crate) closed: String,
}

/// The whole story.
pub(crate) async fn all(host: &Host, stage: &Stage<'_>, teller: &Teller) -> Result<()> {
    let (first, second) = (stage.browser("first").await?, stage.browser("second").await?);
    let mut scene = Scene { closed: CLOSED.to_owned(), host, stage, teller, first, second };
    arrival::play(&scene).await?;
    sign_in::play(&scene).await?;
    projects::play(&mut scene).await?;
    api_keys::play(&scene).await?;
    second_factor::play(&scene).await?;
    sessions::play(&scene).await?;
    organizations::play(&scene).await?;
    sessions::play_the_end(&scene).await?;
    stranger::play(&scene).await?;
    let max = members::play(&scene).await?;
    ownership::play(&scene).await?;
    role_end::play(&scene, &max).await?;
    suspension::play(&scene, &max).await?;
    german::play(&scene).await?;
    hand_over::play(&scene, &max).await?;
    leaving::play(&scene, &max).await?;
    long_log::play(&scene, &max).await?;
    touched_log::play(&scene, &max).await?;
    profile::play(&scene).await?;
    addresses::play(&scene).await?;
    robots::play(&scene).await?;
    passkeys::play(&scene).await?;
    recovery::play(&scene).await
}
