//! Zoë protects her account with an authenticator app, signs in with it, and takes it away again.

use time::{Duration, OffsetDateTime};
use usermgmt_core::port::{Clock as _, SystemClock};
use usermgmt_tests::authenticator::Authenticator;

use super::sign_in::sign_in;
use super::{Scene, ZOE};
use crate::fault::{Fault, Result, ensure};

const PAGE: &str = "/auth/account/factors";
const CODE: &str = "Code";

/// The app on her phone. It never shows the same code twice here: the next one is accepted a little early.
struct Phone {
    app: Authenticator,
    shown: Option<OffsetDateTime>,
}

impl Phone {
    fn code(&mut self) -> String {
        let now = SystemClock.now();
        let next = self.shown.map_or(now, |shown| (shown + Duration::seconds(30)).max(now));
        self.shown = Some(next);
        self.app.code_at(next)
    }

    fn wrong(&self) -> String {
        self.app.wrong_at(SystemClock.now())
    }
}

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let (mut phone, codes) = set_up(scene).await?;
    signs_in(scene, &mut phone, &codes).await?;
    take_away(scene).await
}

async fn set_up(scene: &Scene<'_>) -> Result<(Phone, Vec<String>)> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("the account page leads to the second factor: none yet", async {
            first.open("/auth/account").await?;
            first.follow_containing("Second factor").await?;
            first.is_headed("Second factor").await?;
            first.reads("nobody gets in who only knows your password").await
        })
        .await?;
    teller.shot(first, "factors-none").await?;
    teller
        .step("setting one up shows a picture to scan, and a key to type", async {
            first.press("Set up an authenticator app").await?;
            first.is_headed("Set up your authenticator app").await?;
            first.unfold("I cannot scan it").await?;
            first.reads("time-based codes").await
        })
        .await?;
    teller.shot(first, "factors-scan").await?;
    let source = first.source().await?;
    let between = |start: &str, end: &str| {
        let (_, rest) = source.split_once(start)?;
        rest.split_once(end).map(|(found, _)| found.replace(' ', ""))
    };
    let secret = between("<code>", "</code>").ok_or_else(|| Fault::new("the page shows no key"))?;
    let mut phone = Phone { app: Authenticator::with_secret("", &secret), shown: None };
    teller
        .step("a code that was mistyped is asked for again, the picture still there", async {
            first.fill("Code from your app", &phone.wrong()).await?;
            first.press("Confirm").await?;
            first.reads("This code is not right.").await?;
            let source = first.source().await?;
            ensure(source.contains("<svg"), || "the picture is gone".into())
        })
        .await?;
    teller.shot(first, "factors-wrong").await?;
    let code = phone.code();
    teller
        .step("the right one puts it in force and shows ten recovery codes, once", async {
            first.fill("Code from your app", &code).await?;
            first.press("Confirm").await?;
            first.is_headed("Your recovery codes").await
        })
        .await?;
    teller.shot(first, "recovery-codes").await?;
    let source = first.source().await?;
    let codes: Vec<String> = source
        .split("<li><code>")
        .skip(1)
        .filter_map(|part| part.split_once('<').map(|(code, _)| code.to_owned()))
        .collect();
    ensure(codes.len() == 10, || format!("{} codes are shown", codes.len()))?;
    teller
        .step("the list says that it is in force", async {
            first.follow("I have kept them safe").await?;
            first.is_at(PAGE).await?;
            first.reads("Your authenticator app is set up.").await?;
            first.reads("10 codes are left.").await
        })
        .await?;
    teller.shot(first, "factors").await?;
    Ok((phone, codes))
}

async fn signs_in(scene: &Scene<'_>, phone: &mut Phone, codes: &[String]) -> Result<()> {
    let Scene { teller, second, closed, .. } = scene;
    let recovery = codes.first().ok_or_else(|| Fault::new("there are no codes"))?;
    teller
        .step("on another device the password alone is not enough", async {
            second.open(closed).await?;
            sign_in(second, &ZOE).await?;
            second.is_headed("Enter your code").await
        })
        .await?;
    teller.shot(second, "second-factor").await?;
    teller
        .step("a wrong code is refused, and a recovery code helps whoever has no phone at hand", async {
            second.fill(CODE, &phone.wrong()).await?;
            second.press("Continue").await?;
            second.reads("This code is not right").await?;
            second.unfold("I cannot use my authenticator app").await?;
            second.reads("Each works once.").await?;
            second.fill(CODE, recovery).await?;
            second.tick("Do not ask again on this device").await?;
            second.press("Continue").await?;
            second.is_at(closed).await
        })
        .await?;
    teller
        .step("signed out and in again there, nobody asks", async {
            second.open("/auth/account").await?;
            second.press("Sign out").await?;
            second.open(closed).await?;
            sign_in(second, &ZOE).await?;
            second.is_at(closed).await
        })
        .await?;
    teller
        .step("what is sensitive asks for a code all the same, and leads back", async {
            second.open("/auth/step-up?return_to=%2Fauth%2Faccount%2Ffactors").await?;
            second.reads("a code of your second factor").await?;
            second.fill(CODE, &phone.code()).await?;
            second.press("Confirm").await?;
            second.is_at(PAGE).await?;
            second.reads("9 codes are left.").await?;
            second.reads("Trusted devices").await
        })
        .await?;
    teller.shot(second, "factors-trusted").await
}

async fn take_away(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, .. } = scene;
    teller
        .step("the app is removed, and the other device is signed out", async {
            first.open(PAGE).await?;
            first.press("Remove").await?;
            first.is_at(PAGE).await?;
            first.reads("Removed. Your other devices were signed out.").await?;
            second.reload().await?;
            second.is_at("/auth/sign-in").await
        })
        .await
}
