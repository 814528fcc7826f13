//! Where redirects lead.

use usermgmt_tests::{App, Person, cells};

cells!(redirects_stay_here, landing_changes_nothing);

const CORPUS: &[&str] = &[
    "//e.example",
    "///e.example",
    "/\\e.example",
    "\\/e.example",
    "/%09/e.example",
    "/\t/e.example",
    "/%2f%2fe.example",
    "/%2Fe.example",
    "/%5ce.example",
    "https:e.example",
    "https://e.example",
    "https://localhost@e.example",
    "https://localhost.e.example",
    "http://e-localhost",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "/x\r\nSet-Cookie: a=b",
    "http://[::1]",
    "/\u{2044}/e.example",
    "\u{ff0f}\u{ff0f}e.example",
    "/..//e.example",
    "/.//e.example",
    "/;/e.example//",
    "%2f%2fe.example",
    "%252f%252fe.example",
    "http:localhost",
    "",
    "?x",
    "#x",
];

async fn redirects_stay_here(app: App) {
    let ann = Person::verified(&app, "ann").await;
    for target in CORPUS.iter().copied().map(str::to_owned).chain([format!("/{}", "a".repeat(5_000))]) {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", &target).finish();
        let mut agent = app.agent();
        let page = agent.navigate(&format!("/auth/sign-in?{query}")).await.expect(200);
        let fields =
            [("email", ann.email.as_str()), ("password", ann.password.as_str()), ("return_to", target.as_str())];
        let reply = agent.fill(&page, "/auth/sign-in", &fields).await.expect(303);
        let location = reply.header("location").unwrap();
        let origin = url::Url::parse(app.origin()).unwrap();
        assert_eq!(origin.join(location).unwrap().origin(), origin.origin(), "{target} led to {location}");
        assert!(location.starts_with('/') && !location.starts_with("//") && !location.contains('\\'), "{location}");
        app.advance(time::Duration::seconds(10));
    }
    app.report.case("CS-05");
    for (target, location) in [("/projects?tab=1", "/projects?tab=1"), ("/a/../b", "/b")] {
        let mut agent = app.agent();
        let fields = [("email", ann.email.as_str()), ("password", ann.password.as_str()), ("return_to", target)];
        let reply = agent.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
        assert_eq!(reply.header("location"), Some(location));
    }
    app.report.twin("CS-05");
}

async fn landing_changes_nothing(app: App) {
    let mut ann = Person::verified(&app, "ann").await;
    for target in ["/auth/sign-out", "/auth/sign-out-everywhere", "/auth/organizations"] {
        let fields = [("email", ann.email.as_str()), ("password", ann.password.as_str()), ("return_to", target)];
        let reply = ann.agent.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
        let landed = ann.agent.navigate(reply.header("location").unwrap()).await;
        assert!(landed.status.as_u16() < 500);
        assert!(ann.is_signed_in().await, "{target}");
    }
    app.report.case("CS-06");
    app.report.twin("CS-06");
    // A stranger's navigation is led to the sign-in page and back.
    let mut stranger = app.agent();
    let led = stranger.navigate("/host/me?x=1").await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/sign-in?return_to=%2Fhost%2Fme%3Fx%3D1"));
    let page = stranger.follow(led).await.expect(200);
    let fields = [("email", ann.email.as_str()), ("password", ann.password.as_str()), ("return_to", "/host/me?x=1")];
    let next = stranger.fill(&page, "/auth/sign-in", &fields).await.expect(303);
    assert_eq!(next.header("location"), Some("/host/me?x=1"));
}
