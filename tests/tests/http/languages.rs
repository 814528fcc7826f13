//! Languages of pages, mails and messages: German beside English, and what decides between them.

use std::collections::BTreeSet;

use http::Method;
use serde_json::json;
use usermgmt_http::{Guard, Representation, routes};
use usermgmt_service::{KeptMail, Limits};
use usermgmt_tests::app::{code, filled, link};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    every_public_page_speaks_german,
    a_sign_up_in_german_is_german_to_its_end,
    pages_and_mails_behind_links_speak_german,
    other_languages_fall_back_to_english,
    the_language_of_the_profile_wins,
    messages_say_what_happened_and_what_to_do,
);

const ENGLISH: [&str; 9] = [
    include_str!("../../../usermgmt-service/texts/en/magic_link.ftl"),
    include_str!("../../../usermgmt-service/texts/en/audit.ftl"),
    include_str!("../../../usermgmt-service/texts/en/pages.ftl"),
    include_str!("../../../usermgmt-service/texts/en/passkeys.ftl"),
    include_str!("../../../usermgmt-service/texts/en/phones.ftl"),
    include_str!("../../../usermgmt-service/texts/en/second_factor.ftl"),
    include_str!("../../../usermgmt-service/texts/en/usernames.ftl"),
    include_str!("../../../usermgmt-service/texts/en/errors.ftl"),
    include_str!("../../../usermgmt-service/texts/en/mails.ftl"),
];
const GERMAN: [&str; 9] = [
    include_str!("../../../usermgmt-service/texts/de/magic_link.ftl"),
    include_str!("../../../usermgmt-service/texts/de/audit.ftl"),
    include_str!("../../../usermgmt-service/texts/de/pages.ftl"),
    include_str!("../../../usermgmt-service/texts/de/passkeys.ftl"),
    include_str!("../../../usermgmt-service/texts/de/phones.ftl"),
    include_str!("../../../usermgmt-service/texts/de/second_factor.ftl"),
    include_str!("../../../usermgmt-service/texts/de/usernames.ftl"),
    include_str!("../../../usermgmt-service/texts/de/errors.ftl"),
    include_str!("../../../usermgmt-service/texts/de/mails.ftl"),
];

/// What a browser in Austria asks for.
const AUSTRIA: &str = "de-AT,de;q=0.9,en;q=0.5";

/// The sources of all texts of a language.
fn values(catalogue: [&'static str; 9]) -> impl Iterator<Item = &'static str> {
    let lines = catalogue.into_iter().flat_map(str::lines).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = ")).map(|(_, value)| value.trim())
}

/// Sentences of the English catalogue that are too long to be in a German page by chance.
fn english_sentences() -> Vec<&'static str> {
    let plain =
        values(ENGLISH).flat_map(|value| value.split(['{', '}'])).filter(|piece| !piece.trim().starts_with('$'));
    let sentences = plain.flat_map(|piece| piece.split(['.', ':', '?', '!', ';'])).map(str::trim);
    sentences.filter(|sentence| sentence.split_whitespace().count() >= 4).collect()
}

/// Text as it was before it was written as HTML.
fn unescaped(text: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    marks.iter().fold(text.to_owned(), |text, (mark, letter)| text.replace(mark, letter))
}

/// What a person reads of a page or mail: text, and the attributes that are read out.
fn visible(html: &str) -> String {
    let (html, script) = html.split_once("<script>").unwrap_or((html, ""));
    let behind = script.split_once("</script>").map_or("", |(_, behind)| behind);
    let mut read = String::new();
    for piece in html.split('<').chain(behind.split('<')) {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        for attribute in ["aria-label=\"", "title=\"", "alt=\""] {
            read.extend(tag.split_once(attribute).and_then(|(_, rest)| rest.split('"').next()));
        }
        read.push(' ');
        read.push_str(text);
    }
    unescaped(&read).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn heading(page: &Reply) -> String {
    let (_, rest) = page.body.split_once("<h1>").unwrap_or_else(|| panic!("no heading: {}", page.body));
    unescaped(rest.split('<').next().unwrap())
}

#[track_caller]
fn assert_no_english(read: &str) {
    for sentence in english_sentences() {
        assert!(!read.contains(sentence), "{sentence:?} in {read:?}");
    }
}

/// The page is in German, whole.
#[track_caller]
fn assert_german(page: &Reply) {
    assert!(page.body.contains("<html lang=\"de\">"), "{}", page.body);
    assert!(page.header("vary").is_some_and(|vary| vary.contains("accept-language")));
    let read = visible(&page.body);
    assert_no_english(&read);
    assert!(!read.contains('{'), "a text is missing: {read}");
    // A page about somebody or something is headed by its name.
    if page.body.contains("<h1><bdi>") {
        return;
    }
    let heading = heading(page);
    assert!(values(GERMAN).any(|text| text == heading), "{heading}");
    assert!(values(ENGLISH).all(|text| text != heading), "{heading}");
}

/// Paths of the pages that stand behind these guards.
fn pages(wanted: impl Fn(Guard) -> bool) -> Vec<String> {
    let pages = routes().iter().filter(|route| route.method == Method::GET && route.path != "/style.css");
    let pages = pages.filter(|route| route.representation == Representation::Page && wanted(route.guard));
    pages.map(|route| filled(route.path)).collect()
}

fn speaking(agent: &Agent, languages: &str) -> Agent {
    agent.with("accept-language", languages)
}

async fn open(agent: &mut Agent, path: &str) -> Reply {
    let reply = agent.navigate(path).await;
    agent.follow(reply).await
}

async fn every_public_page_speaks_german(app: App) {
    assert!(english_sentences().len() > 150);
    let public = pages(Guard::is_open);
    assert!(public.len() >= 12, "{public:?}");
    let mut headings = BTreeSet::new();
    for path in public {
        let page = open(&mut speaking(&app.agent(), AUSTRIA), &path).await;
        assert_german(&page);
        headings.insert(heading(&page));
    }
    for expected in ["sign-up-title", "sign-in-title", "forgot-title", "reset-title", "error-title-not-found"] {
        assert!(headings.contains(&app.auth.texts().get("de", expected, &[])), "{expected}: {headings:?}");
    }
    // Programs get the stable code; its title is for their makers and stays English.
    let refused = speaking(&app.agent(), AUSTRIA).get("/auth/me").await.expect(401);
    assert_eq!(refused.code(), "unauthenticated");
    assert_eq!(refused.json()["title"], app.auth.texts().get("en", "unauthenticated", &[]));
}

async fn a_sign_up_in_german_is_german_to_its_end(app: App) {
    let text = |id: &str| app.auth.texts().get("de", id, &[("product", "Example"), ("min", "8")]);
    let mut agent = speaking(&app.agent(), AUSTRIA);
    let bad = [("email", "keine Adresse"), ("name", ""), ("password", "kurz"), ("organization", "")];
    let page = agent.submit("/auth/sign-up", "/auth/sign-up", &bad).await.expect(422);
    assert_german(&page);
    let read = visible(&page.body);
    for id in ["invalid-fields", "field-email-malformed", "field-name-required", "field-password-too-short"] {
        assert!(read.contains(&text(id)), "{id}: {read}");
    }

    let good =
        [("email", "jo@example.test"), ("name", "Jo"), ("password", "blowfish under moonlight"), ("organization", "")];
    let next = agent.fill(&page, "/auth/sign-up", &good).await.expect(303);
    let page = agent.follow(next).await.expect(200);
    assert_german(&page);
    app.work().await;
    let mail = app.mail("jo@example.test");
    assert_eq!(mail.subject, text("mail-verify-email.subject"));
    let html = mail.html.clone().unwrap();
    assert!(html.contains("<html lang=\"de\">"), "{html}");
    for read in [mail.text.clone(), visible(&html)] {
        for part in ["intro", "code", "expiry"] {
            assert!(read.contains(&text(&format!("mail-verify-email.{part}"))), "{part}: {read}");
        }
        assert!(read.contains("Guten Tag Jo,") && read.contains(&text("mail-unexpected")), "{read}");
        assert_no_english(&read);
    }

    // The link in another browser, still in German; then the code in the first one.
    let elsewhere = open(&mut speaking(&app.agent(), AUSTRIA), &link(&mail)).await;
    assert_german(&elsewhere);
    let wrong = agent.fill(&page, "/auth/verify", &[("code", "000000")]).await;
    assert_german(&wrong);
    assert!(visible(&wrong.body).contains(&text("code-invalid")));
    let next = agent.fill(&wrong, "/auth/verify", &[("code", &code(&mail))]).await.expect(303);
    let page = agent.follow(next).await.expect(200);
    assert_german(&page);
    assert!(visible(&page.body).contains(&text("notice-verified")));

    // What the browser asked for at the sign-up has become the language of the profile: so are later mails.
    let fields = [("email", "jo@example.test"), ("password", "blowfish under moonlight")];
    agent.fill(&page, "/auth/sign-in", &fields).await.expect(303);
    assert_eq!(agent.get("/auth/me/profile").await.expect(200).json()["locale"], "de");
    for path in pages(|guard| !guard.is_open()) {
        assert_german(&open(&mut agent, &path).await);
    }
    app.advance(time::Duration::hours(1));
    app.agent().post("/auth/forgot", json!({ "email": "jo@example.test" })).await.expect(202);
    app.work().await;
    assert_eq!(app.mail("jo@example.test").subject, text("mail-reset-password.subject"));
}

/// Opens the mailed link in a browser that speaks German. Mail and page are German, whole.
async fn opened(app: &App, mail: &KeptMail) -> (Agent, Reply) {
    assert!(mail.html.as_ref().unwrap().contains("<html lang=\"de\">"), "{mail:?}");
    for read in [&mail.subject, &mail.text, &visible(mail.html.as_ref().unwrap())] {
        assert_no_english(read);
    }
    let mut agent = speaking(&app.agent(), AUSTRIA);
    let page = open(&mut agent, &link(mail)).await.expect(200);
    assert_german(&page);
    (agent, page)
}

async fn pages_and_mails_behind_links_speak_german(app: App) {
    let mut jo = Person { agent: speaking(&app.agent(), AUSTRIA), ..Person::new(&app, "jo") };
    jo.sign_up().await.expect(202);
    app.work().await;
    // In another browser it asks for a new password.
    opened(&app, &app.mail(&jo.email)).await;
    let token = usermgmt_tests::app::token(&app.mail(&jo.email));
    jo.agent.post("/auth/verify", json!({ "token": token })).await.expect(200);
    jo.sign_in().await.expect(200);

    // Another address: approved, then proven.
    jo.agent.post("/auth/me/emails", json!({ "email": "jo@new.test" })).await.expect(202);
    app.work().await;
    for (mailbox, action) in [(jo.email.as_str(), "/auth/emails/approve"), ("jo@new.test", "/auth/emails/verify")] {
        assert_german(&open(&mut jo.agent, "/auth/account/emails").await);
        let (mut agent, page) = opened(&app, &app.mail(mailbox)).await;
        let next = agent.fill(&page, action, &[]).await.expect(303);
        assert_german(&agent.follow(next).await.expect(200));
        app.work().await;
    }
    // The primary address hears of it, with a link that undoes it; a used link says that it is dead.
    let notice = app.mail(&jo.email);
    assert!(link(&notice).starts_with("/auth/secure"), "{}", notice.text);
    let (mut agent, page) = opened(&app, &notice).await;
    let next = agent.fill(&page, "/auth/secure", &[]).await.expect(303);
    assert_german(&agent.follow(next).await.expect(200));
    app.work().await;
    let dead = open(&mut speaking(&app.agent(), AUSTRIA), &link(&notice)).await;
    assert_german(&dead);
    assert!(visible(&dead.body).contains(&app.auth.texts().get("de", "mailed-secure-dead", &[])));

    // The new password that is to be set now.
    let (mut agent, page) = opened(&app, &app.mail(&jo.email)).await;
    let refused = agent.fill(&page, "/auth/reset", &[("email", &jo.email), ("password", "kurz")]).await.expect(422);
    assert_german(&refused);
    assert!(visible(&refused.body).contains("mindestens 8 Zeichen"));
    let done = agent.fill(&refused, "/auth/reset", &[("email", &jo.email), ("password", "blaue Ente im Schnee")]).await;
    assert_german(&agent.follow(done.expect(303)).await.expect(200));
}

async fn other_languages_fall_back_to_english(app: App) {
    for languages in ["fr", "fr-CA, nl;q=0.5", "*", "", "not a language; q=x", "de;q=0"] {
        let page = speaking(&app.agent(), languages).navigate("/auth/sign-in").await.expect(200);
        assert!(page.body.contains("<html lang=\"en\">"), "{languages}");
        assert_eq!(heading(&page), app.auth.texts().get("en", "sign-in-title", &[]));
    }
    for languages in ["fr, de;q=0.2, en;q=0.1", "DE", "de-CH"] {
        assert_german(&speaking(&app.agent(), languages).navigate("/auth/sign-in").await.expect(200));
    }
    // Texts of the application go over ours; a language of its own falls back text by text.
    let app = app
        .configured(|builder| {
            builder.texts("de", "sign-in-title = Willkommen zurück").texts("fr", "sign-in-title = Se connecter")
        })
        .await;
    let german = speaking(&app.agent(), AUSTRIA).navigate("/auth/sign-in").await.expect(200);
    assert_eq!(heading(&german), "Willkommen zurück");
    let french = speaking(&app.agent(), "fr-CA").navigate("/auth/sign-in").await.expect(200);
    assert!(french.body.contains("<html lang=\"fr\">"));
    assert_eq!(heading(&french), "Se connecter");
    assert!(visible(&french.body).contains(&app.auth.texts().get("en", "sign-in-remember-hint", &[])));
}

async fn the_language_of_the_profile_wins(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent = speaking(&ann.agent, "en-GB,en");
    let page = ann.agent.navigate("/auth/account").await.expect(200);
    assert!(page.body.contains("<html lang=\"en\">"));
    for unknown in ["fr", "de-AT", "../de", "deutsch"] {
        let refused = ann.agent.post("/auth/me/profile", json!({ "locale": unknown })).await.expect(422);
        assert_eq!(refused.json()["fields"][0]["field"], "locale");
    }
    ann.agent.post("/auth/me/profile", json!({ "locale": "de" })).await.expect(200);
    for path in pages(|guard| guard != Guard::Development) {
        assert_german(&open(&mut ann.agent, &path).await);
    }
    let profile = ann.agent.navigate("/auth/account/profile").await.expect(200);
    for own_name in ["Deutsch", "English"] {
        assert!(visible(&profile.body).contains(own_name), "{own_name}");
    }
    // What goes wrong is said in it too.
    let kind = "application/x-www-form-urlencoded";
    let mut browser = ann.agent.with("accept", "text/html").with("sec-fetch-site", "same-origin");
    let refused = browser.send(Method::POST, "/auth/account/profile", Some(kind), "name=x").await.expect(403);
    assert_german(&refused);
    let missing = ann.agent.navigate("/auth/dev/mailbox/none").await.expect(404);
    assert_german(&missing);
    let new = json!({ "password": ann.password, "new_password": "marmalade on the roof" });
    ann.agent.post("/auth/me/password", new).await.expect(200);
    app.work().await;
    let subject = app.auth.texts().get("de", "mail-password-changed.subject", &[("product", "Example")]);
    assert_eq!(app.mail(&ann.email).subject, subject);

    // Cleared, the browser decides again.
    ann.agent.post("/auth/me/profile", json!({ "locale": "" })).await.expect(200);
    let page = ann.agent.navigate("/auth/account").await.expect(200);
    assert!(page.body.contains("<html lang=\"en\">"));
    assert_german(&speaking(&ann.agent, AUSTRIA).navigate("/auth/account").await.expect(200));
}

/// The page says this and has a way on: a form to try again, or links.
#[track_caller]
fn assert_says(app: &App, language: &str, page: &Reply, ids: &[&str]) {
    let read = visible(&page.body);
    for id in ids {
        let text = app.auth.texts().get(language, id, &[("product", "Example"), ("min", "8"), ("when", "\n")]);
        assert!(text.split('\n').all(|part| read.contains(part.trim())), "{id} in {language}: {read}");
    }
    assert!(page.body.contains("role=\"alert\""), "{}", page.body);
    let way = ["<form method=\"post\"", "class=\"ways\""].iter().any(|way| page.body.contains(way));
    assert!(way, "nothing to do next: {}", page.body);
    assert!(!read.contains('_'), "a code is shown: {read}");
}

async fn messages_say_what_happened_and_what_to_do(app: App) {
    // Each says what to do, or stands on a page that leads on.
    let leads_on = ["link-invalid", "unsupported-media-type", "method-not-allowed"];
    let errors = include_str!("../../../usermgmt-service/texts/de/errors.ftl");
    for line in errors.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())) {
        let (id, text) = line.split_once(" =").unwrap();
        let other = id.starts_with("field-") || id.starts_with("wait-") || leads_on.contains(&id);
        assert!(other || text.to_lowercase().contains("bitte"), "{line}");
    }
    let few = Limits { wrong_passwords_per_pair: 3, ..Limits::default() };
    let app = app.configured(move |builder| builder.limits(few)).await;
    for language in ["en", "de"] {
        let mut ann = Person::signed_in(&app, &format!("ann-{language}")).await;
        ann.agent.post("/auth/me/profile", json!({ "locale": language })).await.expect(200);
        let mut agent = speaking(&app.agent(), language);

        let wrong = [("email", ann.email.as_str()), ("password", "not the password")];
        let page = agent.submit("/auth/sign-in", "/auth/sign-in", &wrong).await.expect(401);
        assert_says(&app, language, &page, &["invalid-credentials"]);
        let mut page = page;
        for _ in 0..8 {
            page = agent.fill(&page, "/auth/sign-in", &wrong).await;
        }
        assert_says(&app, language, &page.expect(429), &["too-many-attempts"]);

        let bad = [("email", "ann@"), ("name", ""), ("password", "short"), ("organization", "")];
        let page = agent.submit("/auth/sign-up", "/auth/sign-up", &bad).await.expect(422);
        let fields = ["field-email-malformed", "field-name-required", "field-password-too-short"];
        assert_says(&app, language, &page, &fields);
        // Each message is at its field, and is read out with it.
        for field in ["email", "name", "password"] {
            assert!(page.body.contains(&format!("id=\"{field}-error\"")) && page.body.contains("aria-invalid"));
        }

        let page = agent.submit("/auth/verify", "/auth/verify", &[("code", "000000")]).await.expect(422);
        assert_says(&app, language, &page, &["code-invalid"]);
        let dead = open(&mut agent, "/auth/verify?token=umv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        assert_says(&app, language, &dead, &["link-invalid", "check-mail-dead-again"]);
        let page = agent.navigate("/auth/dev/mailbox/none").await.expect(404);
        assert_says(&app, language, &page, &["not-found", "to-home"]);
        let kind = Some("application/x-www-form-urlencoded");
        let mut browser = agent.with("accept", "text/html").with("sec-fetch-site", "same-origin");
        let page = browser.send(Method::POST, "/auth/sign-in", kind, "email=x").await.expect(403);
        assert_says(&app, language, &page, &["cross-site", "error-form-why", "error-back"]);

        let page = ann.agent.submit("/auth/step-up", "/auth/step-up", &[("password", "wrong")]).await.expect(401);
        assert_says(&app, language, &page, &["step-up-wrong"]);
        app.advance(time::Duration::days(1));
    }
    app.report.requirement(198);
}
