//! Max at a browser that reads German: the pages of his organization hold no English.

use std::collections::BTreeSet;

use super::members::TEAM;
use super::stranger::CHOSEN;
use super::{MAX, Scene, ZOE};
use crate::browser::Browser;
use crate::fault::{Result, ensure};

/// What a browser asks for whose person reads German, and nothing else.
const LANGUAGES: &str = "de-AT,de";
/// Every text of the pages, in both languages.
const ENGLISH: [&str; 7] = [
    include_str!("../../../../../usermgmt-service/texts/en/second_factor.ftl"),
    include_str!("../../../../../usermgmt-service/texts/en/usernames.ftl"),
    include_str!("../../../../../usermgmt-service/texts/en/magic_link.ftl"),
    include_str!("../../../../../usermgmt-service/texts/en/audit.ftl"),
    include_str!("../../../../../usermgmt-service/texts/en/pages.ftl"),
    include_str!("../../../../../usermgmt-service/texts/en/passkeys.ftl"),
    include_str!("../../../../../usermgmt-service/texts/en/errors.ftl"),
];
const GERMAN: [&str; 7] = [
    include_str!("../../../../../usermgmt-service/texts/de/second_factor.ftl"),
    include_str!("../../../../../usermgmt-service/texts/de/usernames.ftl"),
    include_str!("../../../../../usermgmt-service/texts/de/magic_link.ftl"),
    include_str!("../../../../../usermgmt-service/texts/de/audit.ftl"),
    include_str!("../../../../../usermgmt-service/texts/de/pages.ftl"),
    include_str!("../../../../../usermgmt-service/texts/de/passkeys.ftl"),
    include_str!("../../../../../usermgmt-service/texts/de/errors.ftl"),
];
/// What is called so by the application and by people, in every language. The example knows no German.
const NAMES: [&str; 5] = [MAX.name, ZOE.name, TEAM, "Keeper of <b>ink</b>", "Projects"];

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let max = scene.stage.browser_reading("german", LANGUAGES).await?;
    let words = english_words();
    settings(scene, &max, &words).await?;
    members(scene, &max, &words).await?;
    roles(scene, &max, &words).await?;
    log(scene, &max, &words).await
}

/// Words of a text: no parts of addresses, no marks, no places for values.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let word = |word: &str| {
        let word = if word.starts_with('$') { "" } else { word };
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        (word.len() > 1 && word.chars().all(char::is_alphabetic)).then(|| word.to_lowercase())
    };
    text.split_whitespace().filter_map(word)
}

/// What English texts are made of, and no German ones.
fn english_words() -> BTreeSet<String> {
    let said = |line: &'static str| {
        let line = if line.starts_with('#') { "" } else { line };
        words(line.split_once(" = ").map_or(line, |(_, said)| said))
    };
    let of = |texts: [&'static str; 7]| texts.into_iter().flat_map(str::lines).flat_map(said).collect::<BTreeSet<_>>();
    &of(ENGLISH) - &of(GERMAN)
}

/// Makes sure that the page is German all through, what is folded up and what is read aloud as well.
async fn is_german(browser: &Browser, english: &BTreeSet<String>) -> Result<()> {
    let mut said = browser.everything_said().await?;
    let language = said.lines().next().unwrap_or_default();
    ensure(language == "de", || format!("the page says that its language is “{language}”"))?;
    for name in NAMES {
        said = said.replace(name, " ");
    }
    let left: Vec<_> = words(&said).filter(|word| english.contains(word)).collect();
    ensure(left.is_empty(), || format!("English is left: {}", left.join(", ")))
}

async fn settings(scene: &Scene<'_>, max: &Browser, english: &BTreeSet<String>) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("a browser that reads German asks in German, until it knows what the person has chosen", async {
            ensure(english.len() > 300, || format!("{} English words are known", english.len()))?;
            max.open("/auth/account/profile").await?;
            max.is_headed("Anmelden").await?;
            is_german(max, english).await?;
            max.fill("E-Mail-Adresse", MAX.email).await?;
            max.fill("Passwort", CHOSEN).await?;
            max.press("Anmelden").await?;
            // He has signed up in English.
            max.is_headed("Profile").await
        })
        .await?;
    teller
        .step("the profile that leaves it to the browser makes everything German", async {
            max.choose("Language", "As in your browser").await?;
            max.press("Save").await?;
            max.reads("Ihr Profil ist gespeichert.").await?;
            max.open("/auth/organization").await?;
            max.is_headed(TEAM).await?;
            max.reads("Eigentümer").await?;
            is_german(max, english).await
        })
        .await?;
    teller.shot(max, "de-organization").await?;
    teller
        .step("what is wrong with its settings is said in German", async {
            max.fill("Name der Organisation", "").await?;
            max.fill("Kurzname", "kein guter Name").await?;
            max.press("Speichern").await?;
            let error = max.error_at("Name der Organisation").await?;
            ensure(error.contains("Namen der Organisation"), || format!("the name is wrong because: {error}"))?;
            is_german(max, english).await?;
            teller.shot(max, "de-organization-wrong").await?;
            max.press("Organisation übergeben").await?;
            let error = max.error_at("Neuer Eigentümer").await?;
            ensure(error.contains("übernimmt"), || format!("the heir is wrong because: {error}"))?;
            is_german(max, english).await
        })
        .await?;
    teller.shot(max, "de-hand-over-to-nobody").await
}

async fn members(scene: &Scene<'_>, max: &Browser, english: &BTreeSet<String>) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("the members, and what is wrong with a new one", async {
            max.follow("Zurück zu Ihrem Konto").await?;
            max.follow_containing("Mitglieder, Rollen").await?;
            max.follow_containing("Hinzufügen, ändern und entfernen").await?;
            max.is_headed("Mitglieder").await?;
            is_german(max, english).await?;
            teller.shot(max, "de-members").await?;
            max.fill("E-Mail-Adresse", "zoe at example").await?;
            max.press("Mitglied hinzufügen").await?;
            let error = max.error_at("E-Mail-Adresse").await?;
            ensure(error.contains("Bitte geben Sie eine Adresse"), || {
                format!("the address is wrong because: {error}")
            })?;
            is_german(max, english).await
        })
        .await?;
    teller.shot(max, "de-members-wrong").await?;
    teller
        .step("one member, suspended and let in again", async {
            max.follow_containing(ZOE.name).await?;
            max.is_headed(ZOE.name).await?;
            is_german(max, english).await?;
            teller.shot(max, "de-member").await?;
            max.press("Sperren").await?;
            max.reads("Diese Mitgliedschaft ist gesperrt.").await?;
            is_german(max, english).await?;
            teller.shot(max, "de-member-suspended").await?;
            max.press("Sperre aufheben").await?;
            max.reads("Diese Mitgliedschaft gilt wieder.").await?;
            is_german(max, english).await
        })
        .await
}

async fn roles(scene: &Scene<'_>, max: &Browser, english: &BTreeSet<String>) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("the roles, and a new one that is wrong", async {
            max.open("/auth/organization").await?;
            max.follow_containing("und eigene Rollen").await?;
            max.is_headed("Rollen").await?;
            is_german(max, english).await?;
            teller.shot(max, "de-roles").await?;
            max.follow("Neue Rolle").await?;
            max.tick("Das Protokoll lesen").await?;
            max.press("Speichern").await?;
            let error = max.error_at("Name der Rolle").await?;
            ensure(error.contains("Bitte geben Sie der Rolle"), || format!("the name is wrong because: {error}"))?;
            is_german(max, english).await
        })
        .await?;
    teller.shot(max, "de-role-wrong").await?;
    teller
        .step("a role is made, changed and removed", async {
            max.fill("Name der Rolle", "Tintenwart").await?;
            max.press("Speichern").await?;
            max.reads("Die Rolle ist gespeichert.").await?;
            is_german(max, english).await?;
            max.follow("Tintenwart ändern").await?;
            max.is_headed("Tintenwart").await?;
            is_german(max, english).await?;
            max.unfold("Ich möchte diese Rolle entfernen").await?;
            teller.shot(max, "de-role").await?;
            max.press("Rolle entfernen").await?;
            max.reads("Die Rolle ist entfernt.").await?;
            is_german(max, english).await
        })
        .await
}

async fn log(scene: &Scene<'_>, max: &Browser, english: &BTreeSet<String>) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("the log, its search and its check", async {
            max.open("/auth/organization").await?;
            max.follow_containing("Wer was getan hat").await?;
            max.is_headed("Protokoll").await?;
            is_german(max, english).await?;
            teller.shot(max, "de-audit").await?;
            max.unfold("Suchen").await?;
            max.choose("Was", "Rolle entfernt").await?;
            max.press("Anzeigen").await?;
            is_german(max, english).await?;
            teller.shot(max, "de-audit-search").await?;
            max.press("Protokoll prüfen").await?;
            max.is_headed("Das Protokoll ist unversehrt").await?;
            is_german(max, english).await
        })
        .await?;
    teller.shot(max, "de-audit-whole").await?;
    teller
        .step("and the choice of an organization", async {
            max.open("/auth/choose-organization").await?;
            max.is_headed("Organisation wählen").await?;
            is_german(max, english).await
        })
        .await?;
    teller.shot(max, "de-choose").await
}
