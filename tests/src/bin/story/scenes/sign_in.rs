//! Zoë signs in and comes to where she wanted to go.

use serde_json::Value;

use super::{Person, Scene, ZOE};
use crate::browser::Browser;
use crate::fault::{Fault, Result, ensure};

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, closed, .. } = scene;
    teller
        .step("a wrong password is refused, and the address is kept", async {
            first.open(closed).await?;
            first.is_at("/auth/sign-in").await?;
            first.fill("E-mail address", ZOE.email_otherwise).await?;
            first.fill("Password", "moonlight under blowfish").await?;
            first.press("Sign in").await?;
            first.reads("This e-mail address and this password do not belong together.").await?;
            let kept = first.value("E-mail address").await?;
            ensure(kept == ZOE.email_otherwise, || format!("the address field holds “{kept}”"))
        })
        .await?;
    teller.shot(first, "sign-in-wrong").await?;
    teller
        .step("the right one, with the address typed otherwise, leads to the page that was wanted", async {
            first.fill("Password", ZOE.password).await?;
            first.press("Sign in").await?;
            first.is_at(closed).await
        })
        .await?;
    teller
        .step("the session is in a cookie that scripts cannot read", async {
            let session = first.cookie("um_session").await?;
            ensure(session.is_some_and(|(_, hidden)| hidden), || "no such cookie".into())
        })
        .await?;
    teller
        .step("the application knows who, how and in which organization", async {
            let me = me(first).await?;
            let said = |pointer: &str| me.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            ensure(said("/user/name") == ZOE.name, || format!("who: {me}"))?;
            ensure(said("/session/methods/0") == "pwd", || format!("how: {me}"))?;
            ensure(!said("/session/authenticated_at").is_empty(), || format!("when: {me}"))?;
            ensure(said("/organization/name") == ZOE.organization, || format!("where: {me}"))
        })
        .await?;
    teller
        .step("the sign-in page says who is signed in already", async {
            first.open("/auth/sign-in").await?;
            first.reads("You are signed in as").await?;
            first.reads(ZOE.email).await
        })
        .await?;
    teller.shot(first, "signed-in-already").await
}

/// What the application says about the session.
async fn me(browser: &Browser) -> Result<Value> {
    browser.open("/auth/me").await?;
    let text = browser.text().await?;
    serde_json::from_str(&text).map_err(|error| Fault::new(format!("{error}: {text}")))
}

/// Signs in on the page that is open.
pub(super) async fn sign_in(browser: &Browser, person: &Person) -> Result<()> {
    browser.fill("E-mail address", person.email).await?;
    browser.fill("Password", person.password).await?;
    browser.press("Sign in").await
}

/// Comes to the account page, whoever was signed in, by way of the organization if there are several.
pub(super) async fn enter(browser: &Browser, person: &Person) -> Result<()> {
    browser.open("/auth/sign-in?return_to=%2Fauth%2Faccount").await?;
    sign_in(browser, person).await?;
    if browser.place().await?.starts_with("/auth/choose-organization") {
        browser.press_containing(person.organization).await?;
    }
    browser.is_at("/auth/account").await
}

/// Proves again who one is, on the page that asks for it.
pub(super) async fn confirm(browser: &Browser, password: &str) -> Result<()> {
    browser.is_headed("Please confirm that it is you").await?;
    browser.fill("Password", password).await?;
    browser.press("Confirm").await
}
