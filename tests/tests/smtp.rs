//! Mail by SMTP, against a real server that misbehaves.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code: what is unexpected ends the test"
)]

use std::collections::HashSet;

use serde_json::json;
use time::Duration;
use usermgmt_core::address::EmailAddress;
use usermgmt_core::id::OutboxId;
use usermgmt_core::limits;
use usermgmt_core::model::{AuditEvent, AuditKind, Job, OutboxRow};
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::{Mail, MailError, Mailer as _, OsRandom};
use usermgmt_service::{Secret, SmtpBuilder, SmtpMailer};
use usermgmt_tests::smtp_server::{Behaviour, Shown, SmtpServer, Taken};
use usermgmt_tests::{App, Person, cells};

cells!(keeping a_mail_arrives_as_it_was_written);
cells!(keeping what_goes_wrong_on_the_way_neither_loses_nor_doubles_a_mail);
cells!(keeping a_lost_answer_leads_to_the_same_message_again);
cells!(keeping six_hours_without_a_mail_server_lose_nothing);
cells!(keeping a_request_never_waits_for_the_mail_server);
cells!(keeping what_has_expired_is_not_sent);
cells!(keeping what_is_refused_for_good_is_given_up_at_once);
cells!(keeping a_server_that_never_comes_back_is_given_up_after_a_day);
cells!(keeping nothing_goes_out_without_encryption);
cells!(keeping a_wrong_password_keeps_the_mail_and_leaks_nothing);
cells!(keeping names_and_addresses_inject_nothing);
cells!(keeping a_server_that_hangs_holds_the_worker_once);
cells!(keeping a_mail_whose_lease_has_ended_is_left_to_its_next_holder);

const FIRST_PAUSE: Duration = Duration::seconds(5);

fn mailer(server: &SmtpServer) -> SmtpBuilder {
    SmtpMailer::builder(server.url(), "accounts@example.org")
        .from_name("Exämple")
        .root_certificate(server.authority())
        .rest_after_failure(std::time::Duration::ZERO)
}

async fn mailing(app: App, mailer: SmtpBuilder) -> App {
    let mailer = mailer.build().unwrap();
    app.configured(|builder| builder.mailer(mailer)).await
}

async fn signed_up(app: &App, name: &str) -> Person {
    let mut person = Person::new(app, name);
    person.sign_up().await.expect(202);
    person
}

async fn pending(app: &App) -> Vec<OutboxRow> {
    let mut jobs = app.store.store.pending_jobs(app.auth.realm(), PageRequest::first(200)).await.unwrap().items;
    // What the application is told about its organisations is no mail.
    jobs.retain(|row| !matches!(row.job, Job::MembersChanged { .. }));
    jobs
}

async fn given_up(app: &App) -> Vec<AuditEvent> {
    let events = app.events(None).await;
    events.into_iter().filter(|event| event.kind == AuditKind::MessageGivenUp).collect()
}

/// What the server has taken for somebody.
fn taken(server: &SmtpServer, person: &Person) -> Vec<Taken> {
    server.taken().into_iter().filter(|mail| mail.recipients == [person.email.clone()]).collect()
}

/// The link of the mail proves the address, and the password signs in.
async fn proves(person: &mut Person, mail: &Taken) {
    let text = mail.text();
    let token = text.lines().find_map(|line| line.split_once("?token=")).expect("the mail has a link").1;
    person.agent.post("/auth/verify", json!({ "token": token })).await.expect(200);
    person.sign_in().await.expect(200);
}

async fn a_mail_arrives_as_it_was_written(app: App) {
    let server = SmtpServer::start().await;
    let build = mailer(&server).reply_to("help@example.org").return_path("bounces@example.org");
    let app = mailing(app, build.credentials("accounts", Secret(server.password()))).await;
    let mut ann = signed_up(&app, "ann").await;
    app.work().await;
    let mail = &server.taken()[0];
    assert_eq!(
        (mail.from.as_str(), mail.recipients.as_slice()),
        ("bounces@example.org", [ann.email.clone()].as_slice())
    );
    assert!(mail.encrypted && mail.authenticated);
    assert_eq!(mail.header("From"), "=?utf-8?b?RXjDpG1wbGU=?= <accounts@example.org>");
    assert_eq!((mail.header("To"), mail.header("Reply-To")), (ann.email.clone(), "help@example.org".into()));
    assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
    let id = mail.header("Message-ID");
    assert!(id.starts_with("<out_") && id.ends_with("@example.org>"), "{id}");
    assert!(mail.header("Date").ends_with("+0000"));
    let kinds: Vec<_> = mail.parts().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["text/plain; charset=utf-8", "text/html; charset=utf-8"]);
    assert!(mail.header("Content-Type").starts_with("multipart/alternative"));
    proves(&mut ann, mail).await;

    // Another mail goes over the same connection.
    signed_up(&app, "ben").await;
    app.work().await;
    let seen = server.seen();
    assert_eq!((seen.taken.len(), seen.connections), (2, 1));
    assert!(pending(&app).await.is_empty());
    app.report.twin("ML-01");
}

async fn what_goes_wrong_on_the_way_neither_loses_nor_doubles_a_mail(app: App) {
    use Behaviour::{Busy, DropInData, Greylist, Hang, HangAtRecipient, NoService, RefuseSender};
    let server = SmtpServer::start().await;
    let mut app = app;
    for behaviour in [Busy, NoService, Greylist, RefuseSender, DropInData, Hang, HangAtRecipient] {
        let hangs = matches!(behaviour, Hang | HangAtRecipient);
        let limit = std::time::Duration::from_millis(if hangs { 200 } else { 30_000 });
        app = mailing(app, mailer(&server).time_limit(limit)).await;
        let mut person = signed_up(&app, &format!("{behaviour:?}").to_lowercase()).await;
        server.behave(behaviour);
        app.work().await;
        assert!(taken(&server, &person).is_empty(), "{behaviour:?}");
        assert_eq!(pending(&app).await.len(), 1, "{behaviour:?}");
        server.behave(Behaviour::Accept);
        server.release();
        // The promise is kept by the process that comes after, too.
        app = mailing(app, mailer(&server)).await;
        app.advance(FIRST_PAUSE - Duration::SECOND);
        app.work().await;
        assert!(taken(&server, &person).is_empty(), "{behaviour:?}: not before the pause ends");
        app.advance(Duration::SECOND);
        app.work().await;
        app.advance(Duration::HOUR);
        app.work().await;
        let mails = taken(&server, &person);
        assert_eq!(mails.len(), 1, "{behaviour:?}");
        person.agent = app.agent();
        let text = mails[0].text();
        let token = text.lines().find_map(|line| line.split_once("?token=")).unwrap().1;
        let body = json!({ "token": token, "password": person.password });
        person.agent.post("/auth/verify", body).await.expect(200);
        assert!(pending(&app).await.is_empty() && given_up(&app).await.is_empty(), "{behaviour:?}");
    }
    app.report.case("ML-05");
}

async fn a_lost_answer_leads_to_the_same_message_again(app: App) {
    let server = SmtpServer::start().await;
    let app = mailing(app, mailer(&server)).await;
    let mut ann = signed_up(&app, "ann").await;
    server.behave(Behaviour::DropAfterDot);
    app.work().await;
    server.behave(Behaviour::Accept);
    app.advance(FIRST_PAUSE);
    app.work().await;
    app.advance(Duration::HOUR);
    app.work().await;
    let mails = taken(&server, &ann);
    let ids: HashSet<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((mails.len(), ids.len()), (2, 1), "twice over the wire, once to whoever compares ids");
    assert_eq!(mails[0].text(), mails[1].text(), "either copy serves");
    proves(&mut ann, &mails[0]).await;
    assert!(pending(&app).await.is_empty());
}

async fn six_hours_without_a_mail_server_lose_nothing(app: App) {
    let server = SmtpServer::down();
    let app = mailing(app, mailer(&server)).await;
    let mut people = Vec::new();
    for minute in 0..6 * 60 {
        if minute < 3 {
            people.push(signed_up(&app, &format!("person{minute}")).await);
        }
        app.work().await;
        app.advance(Duration::MINUTE);
    }
    assert_eq!((pending(&app).await.len(), given_up(&app).await.len()), (3, 0));
    server.up();
    let mut minutes = 0;
    while !pending(&app).await.is_empty() {
        app.work().await;
        app.advance(Duration::MINUTE);
        minutes += 1;
        assert!(minutes <= 61, "a mail comes within an hour of the server");
    }
    assert_eq!(server.taken().len(), 3);
    for person in &mut people {
        let mails = taken(&server, person);
        assert_eq!(mails.len(), 1);
        proves(person, &mails[0]).await;
    }
    assert!(given_up(&app).await.is_empty());
    app.report.twin("ML-05");
}

async fn a_request_never_waits_for_the_mail_server(app: App) {
    let server = SmtpServer::start().await;
    let app = mailing(app, mailer(&server).time_limit(std::time::Duration::from_secs(3_600))).await;
    server.behave(Behaviour::Hang);
    let ann = signed_up(&app, "ann").await;
    let worker = tokio::spawn({
        let auth = app.auth.clone();
        async move { auth.run_until_idle().await }
    });
    server.until("the worker", |seen| seen.connections == 1).await;
    // The limit of the worker is an hour: whoever waited for it would not come back.
    let ben = signed_up(&app, "ben").await;
    let page = app.agent().get("/auth/ready").await;
    page.expect(200);
    assert!(!worker.is_finished());
    server.behave(Behaviour::Accept);
    server.release();
    worker.await.unwrap().unwrap();
    app.advance(FIRST_PAUSE);
    app.work().await;
    assert_eq!((taken(&server, &ann).len(), taken(&server, &ben).len()), (1, 1));
    app.report.case("ML-05");
}

async fn what_has_expired_is_not_sent(app: App) {
    let server = SmtpServer::down();
    let app = mailing(app, mailer(&server)).await;
    let early = signed_up(&app, "early").await;
    app.work().await;
    app.advance(Duration::HOUR);
    let late = signed_up(&app, "late").await;
    app.work().await;
    app.advance(limits::VERIFY_LINK_LIFE - Duration::HOUR);
    server.up();
    app.work().await;
    assert_eq!((taken(&server, &early).len(), taken(&server, &late).len()), (0, 1));
    assert!(pending(&app).await.is_empty() && given_up(&app).await.is_empty());
    app.report.case("ML-05");
}

async fn what_is_refused_for_good_is_given_up_at_once(app: App) {
    let server = SmtpServer::start().await;
    let app = mailing(app, mailer(&server)).await;
    for (number, behaviour) in [Behaviour::RefuseRecipient, Behaviour::RefuseMessage].into_iter().enumerate() {
        let person = signed_up(&app, &format!("person{number}")).await;
        server.behave(behaviour);
        app.work().await;
        assert!(pending(&app).await.is_empty());
        let events = given_up(&app).await;
        assert_eq!(events.len(), number + 1);
        assert!(events.iter().all(|event| event.detail["tries"] == 1));
        server.behave(Behaviour::Accept);
        app.advance(Duration::DAY - Duration::HOUR);
        app.work().await;
        assert!(taken(&server, &person).is_empty());
    }
    let log = usermgmt_tests::log::keep_everything().text();
    let line = log.lines().find(|line| line.contains("a message was given up") && line.contains("RCPT TO: 550 5.1.1"));
    assert!(!line.expect("the step and the codes are logged").contains("person0@"), "what servers repeat is not");
}

async fn a_server_that_never_comes_back_is_given_up_after_a_day(app: App) {
    let server = SmtpServer::start().await;
    let app = mailing(app, mailer(&server)).await;
    let mut ann = signed_up(&app, "ann").await;
    app.work().await;
    let mail = taken(&server, &ann).remove(0);
    proves(&mut ann, &mail).await;
    // The owner is told that somebody signed up with the address: a mail that does not expire.
    server.behave(Behaviour::Greylist);
    let app = mailing(app, mailer(&server)).await;
    ann.agent = app.agent();
    app.advance(Duration::HOUR);
    ann.sign_up().await.expect(202);
    let begun = app.now();
    app.work().await;
    while !pending(&app).await.is_empty() {
        let due = pending(&app).await[0].due_at;
        app.advance(due - app.now());
        app.work().await;
    }
    let (waited, events) = (app.now() - begun, given_up(&app).await);
    assert_eq!((events.len(), &events[0].detail["tries"]), (1, &json!(limits::OUTBOX_TRIES)));
    assert_eq!(waited, Duration::seconds(5 * 1_023) + Duration::hours(25), "over a day, as the manual says");
    assert!(waited > limits::VERIFY_LINK_LIFE);
}

async fn nothing_goes_out_without_encryption(app: App) {
    let server = SmtpServer::start().await;
    let secured = |server: &SmtpServer| mailer(server).credentials("accounts", Secret(server.password()));
    let app = mailing(app, secured(&server)).await;
    let mut ann = signed_up(&app, "ann").await;
    let log = usermgmt_tests::log::keep_everything();
    let broken = [
        (Behaviour::NoStartTls, "offers no encryption"),
        (Behaviour::RefuseStartTls, "TLS: 454 4.7.0"),
        (Behaviour::InjectAfterStartTls, "TLS: "),
        (Behaviour::Certificate(Shown::AnotherName), "TLS: "),
        (Behaviour::Certificate(Shown::AnotherAuthority), "TLS: "),
        (Behaviour::Certificate(Shown::Expired), "TLS: "),
    ];
    for (tries, (behaviour, reason)) in (1..).zip(broken) {
        server.behave(behaviour);
        app.work().await;
        let rows = pending(&app).await;
        assert_eq!((rows.len(), rows[0].tries), (1, tries), "{behaviour:?}");
        let (id, log) = (rows[0].id.to_string(), log.text());
        let tells = |line: &str| line.contains(" WARN ") && line.contains(&id) && line.contains(reason);
        assert_eq!(log.lines().filter(|line| tells(line)).count().min(1), 1, "{behaviour:?} is told");
        app.advance(rows[0].due_at - app.now());
    }
    let seen = server.seen();
    let spoken: HashSet<_> = seen.lines.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(spoken, HashSet::from(["EHLO example.org", "STARTTLS", "QUIT"]), "neither credentials nor mail");
    app.report.case("ML-04");

    server.behave(Behaviour::Accept);
    app.work().await;
    let mails = taken(&server, &ann);
    assert!(mails.len() == 1 && mails[0].encrypted && mails[0].authenticated);
    proves(&mut ann, &mails[0]).await;
    // The same with TLS from the first byte.
    let server = SmtpServer::start_with_implicit_tls().await;
    let app = mailing(app, secured(&server)).await;
    server.behave(Behaviour::Certificate(Shown::AnotherName));
    let ben = signed_up(&app, "ben").await;
    app.work().await;
    assert!(server.seen().lines.is_empty() && pending(&app).await.len() == 1);
    server.behave(Behaviour::Accept);
    app.advance(FIRST_PAUSE);
    app.work().await;
    assert!(taken(&server, &ben)[0].encrypted);
    app.report.twin("ML-04");
}

async fn a_wrong_password_keeps_the_mail_and_leaks_nothing(app: App) {
    let server = SmtpServer::start().await;
    let wrong = format!("mistyped-{}", app.address().port());
    let app = mailing(app, mailer(&server).credentials("accounts", Secret(&wrong))).await;
    let ann = signed_up(&app, "ann").await;
    app.work().await;
    assert_eq!((pending(&app).await.len(), given_up(&app).await.len()), (1, 0));
    let log = usermgmt_tests::log::keep_everything().text();
    assert!(log.contains("AUTH: 535 5.7.8") && !log.contains(&wrong));
    let told = server.seen().lines.into_iter().find(|(_, line)| line.starts_with("AUTH")).unwrap();
    assert!(told.0, "credentials go over TLS only");
    assert!(!log.contains(told.1.rsplit(' ').next().unwrap()));
    let app = mailing(app, mailer(&server).credentials("accounts", Secret(server.password()))).await;
    app.advance(FIRST_PAUSE);
    app.work().await;
    assert_eq!(taken(&server, &ann).len(), 1);
}

async fn names_and_addresses_inject_nothing(app: App) {
    const HOSTILE: [&str; 12] = [
        "a\r\nBcc: evil@evil.example",
        "a\nBcc: evil@evil.example",
        "a\rBcc: evil@evil.example",
        "a\r\n\r\nevil body",
        "a\r\n.\r\nMAIL FROM:<evil@evil.example>\r\n",
        "a\n.\nMAIL FROM:<evil@evil.example>",
        "a\0evil",
        "a\u{2028}Bcc: evil@evil.example",
        "a\u{2029}evil\u{85}evil",
        "=?utf-8?q?a=0D=0ABcc:_evil@evil.example?=",
        "=?utf-8?b?YQ0KQmNjOiBl?=",
        "<evil@evil.example>, \"evil\"",
    ];
    let server = SmtpServer::start().await;
    let app = mailing(app, mailer(&server)).await;
    let ann = signed_up(&app, "ann").await;
    app.work().await;
    let honest = server.taken().remove(0);
    let names = |mail: &Taken| mail.headers().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let is_sound = |mail: &Taken, what: &str| {
        assert_eq!(mail.recipients.len(), 1, "{what:?}");
        assert_eq!(names(mail), names(&honest), "{what:?}");
        assert!(mail.headers().iter().all(|(_, value)| value.bytes().all(|b| matches!(b, b' '..=b'~'))), "{what:?}");
        assert!(
            !mail.header("Subject").contains("=?utf-8?b?YQ0K") && !mail.header("Subject").contains("=0D"),
            "{what:?}"
        );
    };
    // Straight to the mailer: subject and bodies.
    let direct = mailer(&server).build().unwrap();
    for what in HOSTILE {
        let id = OutboxId::new(&OsRandom, app.now()).unwrap();
        let to = EmailAddress::parse(&ann.email).unwrap();
        let body = format!(".\n{what}\n..\n.");
        direct.send(&Mail::new(id, to, what.into(), body.clone(), Some(body.clone()))).await.unwrap();
        let mail = server.taken().pop().unwrap();
        assert_eq!(mail.header("Message-ID"), format!("<{id}@example.org>"));
        is_sound(&mail, what);
        let lines = body.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\0', "\u{fffd}");
        for (_, text) in mail.parts() {
            assert_eq!(text, lines, "the body arrives whole, and dots at its lines' beginnings with it");
        }
    }
    // Through the application: the person, the organisation, the address, the name of the product.
    for what in HOSTILE {
        let count = server.taken().len();
        let mut person = Person { name: what.into(), organization: Some(what.into()), ..Person::new(&app, "named") };
        person.email = format!("p{count}@example.test");
        let taken_in = person.sign_up().await.status == 202;
        app.work().await;
        let mails = server.taken();
        assert_eq!(mails.len(), count + usize::from(taken_in), "{what:?}");
        mails[count..].iter().for_each(|mail| is_sound(mail, what));
        for email in [what.to_owned(), format!("{what}@example.test"), format!("a@example.test{what}")] {
            let mut person = Person { email: email.clone(), ..Person::new(&app, "addressed") };
            let reply = person.sign_up().await;
            app.work().await;
            assert_eq!((reply.status.as_u16(), server.taken().len()), (422, mails.len()), "{email:?}");
        }
    }
    let mut app = app;
    for what in HOSTILE {
        let build = mailer(&server).build().unwrap();
        app = app.configured(move |builder| builder.mailer(build).product(what)).await;
        let count = server.taken().len();
        let person = signed_up(&app, &format!("q{count}")).await;
        app.work().await;
        let mails = taken(&server, &person);
        assert_eq!(mails.len(), 1, "{what:?}");
        is_sound(&mails[0], what);
    }
    let seen = server.seen();
    let evil = seen.lines.iter().find(|(_, line)| line.contains("evil"));
    assert_eq!(evil, None, "no command but ours");
    let count = |verb: &str| seen.lines.iter().filter(|(_, line)| line.starts_with(verb)).count();
    assert_eq!((count("RCPT"), count("MAIL")), (seen.taken.len(), seen.taken.len()));
    app.report.case("ML-01");
    app.report.twin("ML-01");
}

async fn a_server_that_hangs_holds_the_worker_once(app: App) {
    let server = SmtpServer::start().await;
    server.behave(Behaviour::Hang);
    let hour = std::time::Duration::from_secs(3_600);
    let limit = std::time::Duration::from_millis(200);
    let direct = mailer(&server).time_limit(limit).rest_after_failure(hour).build().unwrap();
    for (number, reason) in ["no answer in time", "a moment ago", "a moment ago"].into_iter().enumerate() {
        let id = OutboxId::new(&OsRandom, app.now()).unwrap();
        let to = EmailAddress::parse("ann@example.test").unwrap();
        let mail = Mail::new(id, to, "Hello".into(), "Hello".into(), None);
        match direct.send(&mail).await {
            Err(MailError::Temporary(text)) => assert!(text.contains(reason), "{number}: {text}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(server.seen().connections, 1);
}

async fn a_mail_whose_lease_has_ended_is_left_to_its_next_holder(app: App) {
    let server = SmtpServer::start().await;
    let app = mailing(app, mailer(&server)).await;
    server.behave(Behaviour::Hang);
    let people = [signed_up(&app, "ann").await, signed_up(&app, "ben").await];
    let slow = tokio::spawn({
        let auth = app.auth.clone();
        async move { auth.run_until_idle().await }
    });
    // It has both mails and hangs at the first until their leases are over. Another worker sends them.
    server.until("the slow worker", |seen| seen.connections == 1).await;
    app.advance(limits::LEASE);
    server.behave(Behaviour::Accept);
    app.work().await;
    assert_eq!(server.taken().len(), 2);
    server.release();
    slow.await.unwrap().unwrap();
    app.advance(Duration::HOUR);
    app.work().await;
    assert_eq!(people.each_ref().map(|person| taken(&server, person).len()), [1, 1]);
    assert!(pending(&app).await.is_empty());
}
