//! Organisations with hosts of their own.

use serde_json::json;
use usermgmt_core::id::OrgId;
use usermgmt_tests::{Agent, App, Person, cells};

cells!(
    a_host_names_its_organization,
    the_target_of_a_request_is_its_host,
    at_its_own_host_an_organization_is_not_chosen,
);

/// A browser that is at the host of an organisation, with the session of this person.
fn at(app: &App, slug: &str, person: &Person) -> Agent {
    let origin = app.origin().replacen("localhost", &format!("{slug}.localhost"), 1);
    let mut agent = Agent::new(app.address(), &origin);
    agent.cookies.clone_from(&person.agent.cookies);
    agent
}

async fn a_host_names_its_organization(app: App) {
    let app = app.configured(usermgmt_service::Builder::organization_hosts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let acting: OrgId = ann.org().await.parse().unwrap();
    let user = app.auth.users("test").by_email(&ann.email).await.unwrap().user.id;
    let all = app.auth.organizations("test");
    let other = all.create(user, "Other").await.unwrap();
    let strangers = {
        let eve = Person::verified(&app, "eve").await;
        let eve = app.auth.users("test").by_email(&eve.email).await.unwrap().user.id;
        all.create(eve, "Strangers").await.unwrap()
    };
    let (mine, second, foreign) = (
        all.get(acting).await.unwrap().slug,
        all.get(other).await.unwrap().slug,
        all.get(strangers).await.unwrap().slug,
    );

    // At its own host the path must agree, by id and by slug.
    let mut here = at(&app, &mine, &ann);
    for path in
        ["/host/active".to_owned(), format!("/auth/organizations/{acting}"), format!("/auth/organizations/{mine}")]
    {
        here.get(&path).await.expect(200);
    }
    assert_eq!(here.get(&format!("/auth/organizations/{other}")).await.expect(403).code(), "wrong_org");
    here.get(&format!("/auth/organizations/{strangers}")).await.expect(404);
    here.post(&format!("/auth/organizations/{acting}"), json!({ "name": "Renamed" })).await.expect(200);

    // At another host of hers she must enter first; at one of others, or of nobody, there is nothing.
    let mut there = at(&app, &second, &ann);
    assert_eq!(there.get("/host/active").await.expect(403).code(), "wrong_org");
    assert_eq!(there.get(&format!("/auth/organizations/{acting}")).await.expect(403).code(), "wrong_org");
    let nothing = at(&app, "nobody", &ann).get("/host/active").await.expect(404).outward();
    for host in [foreign.as_str(), "a.b", ""] {
        assert_eq!(at(&app, host, &ann).get("/host/active").await.expect(404).outward(), nothing, "{host:?}");
    }

    // What another host of ours sends is another site's, to this one and to the application's own.
    let at_mine = here.headers["origin"].to_str().unwrap().to_owned();
    for (mut agent, origin) in [(here.clone(), app.origin()), (there.clone(), &at_mine), (ann.agent.clone(), &at_mine)]
    {
        agent = agent.with("origin", origin);
        let refused = agent.post(&format!("/auth/organizations/{acting}"), json!({ "name": "Forged" })).await;
        assert_eq!(refused.expect(403).code(), "cross_site", "{origin}");
    }
    assert_eq!(all.get(acting).await.unwrap().name, "Renamed");
    ann.agent.get("/host/active").await.expect(200);
}

async fn the_target_of_a_request_is_its_host(app: App) {
    let app = app.configured(usermgmt_service::Builder::organization_hosts).await;
    let ann = Person::signed_in(&app, "ann").await;
    let mut agent = ann.agent.clone();
    let slug = {
        let acting: OrgId = agent.get("/auth/me").await.json()["organization"]["id"].as_str().unwrap().parse().unwrap();
        app.auth.organizations("test").get(acting).await.unwrap().slug
    };
    let bare = app.origin().trim_start_matches("http://").to_owned();
    let (mine, other) = (format!("{slug}.{bare}"), format!("other.{bare}"));
    let cookies: Vec<_> = ann.agent.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookies = cookies.join("; ");
    // In absolute form, as to a proxy, and as HTTP/2 always sends it (RFC 9112 section 3.2.2).
    let ask = async |target: &str, hosts: &[&str]| {
        let hosts: String = hosts.iter().map(|host| format!("host: {host}\r\n")).collect();
        let request =
            format!("GET {target}/host/active HTTP/1.1\r\n{hosts}cookie: {cookies}\r\nconnection: close\r\n\r\n");
        agent.raw(request.as_bytes()).await.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(ask("", &[&mine]).await, "200");
    assert_eq!(ask(&format!("http://{mine}"), &[&mine]).await, "200");
    for (target, hosts) in [
        (format!("http://{other}"), &[mine.as_str()][..]),
        (format!("http://{mine}"), &[&other]),
        (format!("http://{bare}"), &[&other]),
        (String::new(), &[&mine, &other]),
    ] {
        let status = ask(&target, hosts).await;
        assert!(["404", "400"].contains(&status.as_str()), "{target} {hosts:?} {status}");
    }
}

async fn at_its_own_host_an_organization_is_not_chosen(app: App) {
    let app = app.configured(usermgmt_service::Builder::organization_hosts).await;
    let ann = Person::verified(&app, "ann").await;
    let user = app.auth.users("test").by_email(&ann.email).await.unwrap().user.id;
    let all = app.auth.organizations("test");
    let second = all.create(user, "Second").await.unwrap();
    let mut eve = Person::signed_in(&app, "eve").await;
    let foreign: OrgId = eve.org().await.parse().unwrap();
    let at_host = async |org: OrgId| {
        let slug = all.get(org).await.unwrap().slug;
        let origin = app.origin().replacen("localhost", &format!("{slug}.localhost"), 1);
        let mut person = Person { agent: Agent::new(app.address(), &origin), ..ann.clone() };
        let reply = person.sign_in().await;
        (person, reply)
    };
    let (mut person, reply) = at_host(second).await;
    reply.expect(200);
    assert_eq!(person.org().await, second.to_string());
    // Whoever does not belong there is asked as anywhere.
    let (_, reply) = at_host(foreign).await;
    assert_eq!(reply.json()["step"], "choose_organization", "{}", reply.body);
    app.report.requirement(118);
}
