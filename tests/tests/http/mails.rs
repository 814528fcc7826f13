//! How mails look: text and HTML, templates of the application, its brand; and names in them.

use serde_json::json;
use time::Duration;
use usermgmt_service::{Brand, ConfigError, KeptMail, UserMgmt};
use usermgmt_tests::app::{code, link, token};
use usermgmt_tests::{App, Person, cells};

cells!(
    the_application_replaces_templates_for_all_mails_or_one_kind,
    what_is_no_template_and_no_brand_does_not_start,
    names_are_neither_markup_nor_links,
    names_are_no_templates,
    the_brand_is_in_every_mail_and_help_in_notices,
);

/// Signs up and answers the mail.
async fn signed_up(app: &App, local_part: &str, name: &str) -> KeptMail {
    let mut person = Person { name: name.into(), ..Person::new(app, local_part) };
    person.sign_up().await.expect(202);
    app.work().await;
    app.mail(&person.email)
}

/// Asks for a new password and answers the mail.
async fn forgot(app: &App, email: &str) -> KeptMail {
    app.advance(Duration::minutes(5));
    app.agent().post("/auth/forgot", json!({ "email": email })).await.expect(202);
    app.work().await;
    app.mail(email)
}

/// Changes the password and answers the mail that tells of it.
async fn told(app: &App, person: &mut Person, new: &str) -> KeptMail {
    let change = json!({ "password": person.password, "new_password": new });
    person.agent.post("/auth/me/password", change).await.expect(200);
    person.password = new.to_owned();
    app.work().await;
    app.mail(&person.email)
}

/// Text as it was before it was written as HTML.
fn unescaped(text: &str) -> String {
    let marks = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    marks.iter().fold(text.to_owned(), |text, (mark, letter)| text.replace(mark, letter))
}

fn html(mail: &KeptMail) -> &str {
    mail.html.as_deref().expect("the mail has HTML")
}

/// Where an HTML part leads to, and what it loads.
fn addresses(html: &str) -> Vec<String> {
    let of = |mark: &str| -> Vec<String> {
        html.split(mark).skip(1).map(|rest| unescaped(rest.split('"').next().unwrap())).collect()
    };
    [of("href=\""), of("src=\"")].concat()
}

async fn the_application_replaces_templates_for_all_mails_or_one_kind(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let ours = forgot(&app, &ann.email).await;
    // Both parts lead to the same.
    assert!(unescaped(html(&ours)).contains(&token(&ours)) && html(&ours).contains(&code(&ours)));
    assert!(html(&ours).starts_with("<!doctype html>"));

    let app = app
        .configured(|builder| builder.mail_template("reset_password.txt", "Our own: {{ intro }}\n{{ link }}\n"))
        .await;
    let reset = forgot(&app, &ann.email).await;
    assert!(reset.text.starts_with("Our own: To set a new password"), "{}", reset.text);
    assert!(link(&reset).starts_with("/auth/reset?token=") && reset.subject == ours.subject);
    assert!(html(&reset).starts_with("<!doctype html>"), "the HTML part is still ours");
    let other = signed_up(&app, "bob", "Bob").await;
    assert!(other.text.starts_with("Hello Bob,"), "another kind is still ours: {}", other.text);

    let app = app
        .configured(|builder| {
            builder
                .mail_template(
                    "mail.html",
                    "<p class=\"own\">{{ greeting }}</p><a href=\"{{ link }}\">{{ button }}</a>",
                )
                .mail_template("verify_email.html", "<p class=\"first\">{{ greeting }}</p>{{ code }}")
        })
        .await;
    let reset = forgot(&app, &ann.email).await;
    assert!(html(&reset).starts_with("<p class=\"own\">") && reset.text.starts_with("Hello "), "{reset:?}");
    assert_eq!(addresses(html(&reset)), [format!("{}{}", app.origin(), link(&reset))]);
    let first = signed_up(&app, "cleo", "<i>Cleo</i>").await;
    assert!(html(&first).starts_with("<p class=\"first\">") && html(&first).contains(&code(&first)));
    assert!(html(&first).contains("&lt;i&gt;") && !html(&first).contains("<i>"), "{}", html(&first));
    app.report.requirement(199);
}

async fn what_is_no_template_and_no_brand_does_not_start(app: App) {
    let builder = || UserMgmt::builder(app.store.store.clone(), app.origin(), app.keys.clone()).without_workers();
    for (name, source) in [
        ("mail.html", "{{ intro"),
        ("mail.txt", "{% for line in notes %}"),
        ("reset_password.html", "{{ no_such_value }}"),
        ("reset_pasword.html", "{{ intro }}"),
        ("../mail.html", "{{ intro }}"),
        ("mail.html", "{% include \"/etc/passwd\" %}"),
    ] {
        let built = builder().mail_template(name, source).build().await;
        assert!(matches!(built, Err(ConfigError::Template(_))), "{name}: {source}");
    }
    let url = |url: &str| Some(url.to_owned());
    for brand in [
        Brand { logo: url("http://example.test/logo.png"), ..Brand::default() },
        Brand { report_incident: url("javascript:alert(1)"), ..Brand::default() },
        Brand { security_tips: url("/tips"), ..Brand::default() },
        Brand { color: url("red;background:url(https://evil.example)"), ..Brand::default() },
    ] {
        assert!(matches!(builder().brand(brand).build().await, Err(ConfigError::Brand)));
    }
    assert!(matches!(builder().texts("de", "sign-in-title = { $").build().await, Err(ConfigError::Text(_))));
    assert!(builder().mail_template("mail.html", "{{ intro }}").brand(Brand::default()).build().await.is_ok());
}

async fn names_are_neither_markup_nor_links(app: App) {
    for (number, name) in [
        "<b>x</b>",
        "<a href=//evil.example>x</a>",
        "\"><img src=//evil.example>",
        "Prize: https://evil.example/win",
        "www.evil.example",
        "mailto:eve@evil.example",
        "[x](https://evil.example)",
    ]
    .into_iter()
    .enumerate()
    {
        let mail = signed_up(&app, &format!("ann{number}"), name).await;
        let html = html(&mail);
        assert!(!html.contains("<b>") && !html.contains("<a href=//") && !html.contains("<img"), "{html}");
        assert!(addresses(html).iter().all(|to| to.starts_with(app.origin())), "{html}");
        for part in [mail.subject.as_str(), &mail.text, &unescaped(html)] {
            assert!(!part.contains("evil.example") && !part.contains("mailto:e"), "{part}");
        }
    }
    app.report.case("ML-02");
    let mail = signed_up(&app, "honest", "Ann & Bob O'Brien <3 Jr.").await;
    assert!(mail.text.contains("Hello Ann & Bob O'Brien <3 Jr.,"), "{}", mail.text);
    assert!(html(&mail).contains("Ann &amp; Bob") && unescaped(html(&mail)).contains("O'Brien <3 Jr.,"));
    app.report.twin("ML-02");
}

async fn names_are_no_templates(app: App) {
    for (number, name) in [
        "{{ 7 * 7 }}",
        "{% for x in range(9) %}{% endfor %}",
        "{ $product } { mail-farewell }",
        "{# x #} ${7*7} <%= 7 %>",
    ]
    .into_iter()
    .enumerate()
    {
        let mail = signed_up(&app, &format!("ann{number}"), name).await;
        assert!(mail.text.starts_with(&format!("Hello {name},\n")), "{}", mail.text);
        assert!(unescaped(html(&mail)).contains(&format!("Hello {name},")));
    }
    app.report.case("ML-03");
    let app =
        app.configured(|builder| builder.mail_template("mail.txt", "{{ 6 * 7 }} {{ greeting }} {{ link }}")).await;
    let mail = signed_up(&app, "honest", "{{ 6 * 7 }}").await;
    assert!(mail.text.starts_with("42 Hello {{ 6 * 7 }},"), "{}", mail.text);
    app.report.twin("ML-03");
}

async fn the_brand_is_in_every_mail_and_help_in_notices(app: App) {
    let (report, tips) = ("https://example.test/report?from=mail&x=1", "https://example.test/tips");
    let app = app
        .configured(move |builder| {
            builder.brand(Brand {
                logo: Some("https://example.test/logo.png".into()),
                color: Some("#7c2d12".into()),
                footer: Some("Example & Sons, 1 Harbour Road".into()),
                report_incident: Some(report.into()),
                security_tips: Some(tips.into()),
            })
        })
        .await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let asked_for = app.mail(&ann.email);
    let notice = told(&app, &mut ann, "marmalade on the roof").await;
    assert!(link(&notice).starts_with("/auth/secure?token="), "{}", notice.text);
    for mail in [&asked_for, &notice] {
        assert!(mail.text.contains("Example & Sons, 1 Harbour Road"), "{}", mail.text);
        assert!(html(mail).contains("Example &amp; Sons") && html(mail).contains("background:#7c2d12"));
        assert!(addresses(html(mail)).contains(&"https://example.test/logo.png".to_owned()));
    }
    // Who is told about the safety of the account is told where to report and to learn too.
    for (id, url) in [("mail-report-incident", report), ("mail-security-tips", tips)] {
        for language in ["en", "de"] {
            let label = app.auth.texts().get(language, id, &[]);
            ann.agent.post("/auth/me/profile", json!({ "locale": language })).await.expect(200);
            let notice = told(&app, &mut ann, &format!("marmalade on the roof {id} {language}")).await;
            assert!(notice.text.contains(&format!("{label} {url}")), "{}", notice.text);
            assert!(unescaped(html(&notice)).contains(&label));
            assert!(addresses(html(&notice)).contains(&url.to_owned()), "{}", html(&notice));
        }
        assert!(!asked_for.text.contains(url) && !addresses(html(&asked_for)).contains(&url.to_owned()));
    }
    app.report.requirement(205);
}
