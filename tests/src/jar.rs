//! A browser that keeps cookies by their domain and path, at several hosts of one application.

use std::net::SocketAddr;

use http::Method;
use serde_json::Value;

use crate::agent::{Agent, Reply};

/// A cookie as a browser keeps it (RFC 6265bis section 5.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub name: String,
    pub value: String,
    pub domain: String,
    pub host_only: bool,
    pub path: String,
}

/// One browser, for all hosts.
#[derive(Clone, Debug)]
pub struct Browser {
    pub address: SocketAddr,
    pub cookies: Vec<Kept>,
}

fn host(origin: &str) -> &str {
    origin.split("://").nth(1).unwrap().split(':').next().unwrap()
}

impl Browser {
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, cookies: Vec::new() }
    }

    /// What a page of this origin, script included, or an answer from it sets. Answers whether the browser takes it.
    pub fn take(&mut self, origin: &str, cookie: &str) -> bool {
        let mut parts = cookie.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap();
        let parts: Vec<_> = parts.collect();
        let attribute =
            |name: &str| parts.iter().find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
        let (host, domain) = (host(origin), attribute("Domain"));
        let path = attribute("Path").unwrap_or_else(|| "/".into());
        let secure = parts.contains(&"Secure");
        let of_host = name.starts_with("__Host-");
        let belongs = domain
            .as_deref()
            .is_none_or(|domain| domain.contains('.') && (host == domain || host.ends_with(&format!(".{domain}"))));
        let guarded = (!name.starts_with("__Secure-") && !of_host) || secure;
        if !belongs || !guarded || (of_host && (domain.is_some() || path != "/")) {
            return false;
        }
        let host_only = domain.is_none();
        let new = Kept {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: domain.unwrap_or_else(|| host.to_owned()),
            host_only,
            path,
        };
        let same = |kept: &Kept| {
            (&kept.name, &kept.domain, kept.host_only, &kept.path) == (&new.name, &new.domain, host_only, &new.path)
        };
        self.cookies.retain(|kept| !same(kept));
        if attribute("Max-Age").as_deref() != Some("0") {
            self.cookies.push(new);
        }
        true
    }

    /// What goes with a request: longer paths first.
    #[must_use]
    pub fn sent(&self, origin: &str, target: &str) -> Vec<&Kept> {
        let host = host(origin);
        let mut sent: Vec<_> = self
            .cookies
            .iter()
            .filter(|kept| {
                let within = !kept.host_only && host.ends_with(&format!(".{}", kept.domain));
                (host == kept.domain || within) && target.starts_with(&kept.path)
            })
            .collect();
        sent.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        sent
    }

    async fn send(&mut self, agent: &Agent, request: (Method, &str, Option<&str>, String)) -> Reply {
        let (method, target, kind, body) = request;
        let origin = agent.origin().to_owned();
        let pairs: Vec<_> =
            self.sent(&origin, target).iter().map(|kept| format!("{}={}", kept.name, kept.value)).collect();
        let mut agent = if pairs.is_empty() { agent.clone() } else { agent.with("cookie", &pairs.join("; ")) };
        let reply = agent.send(method, target, kind, body).await;
        for cookie in reply.cookies() {
            self.take(&origin, &cookie);
        }
        reply
    }

    pub async fn get(&mut self, origin: &str, target: &str) -> Reply {
        let agent = Agent::new(self.address, origin);
        self.send(&agent, (Method::GET, target, None, String::new())).await
    }

    pub async fn post(&mut self, origin: &str, target: &str, body: Value) -> Reply {
        self.post_from(origin, origin, target, body).await
    }

    /// A request that a page of another origin makes the browser send.
    pub async fn post_from(&mut self, page: &str, origin: &str, target: &str, body: Value) -> Reply {
        let agent = Agent::new(self.address, origin).with("origin", page);
        self.send(&agent, (Method::POST, target, Some("application/json"), body.to_string())).await
    }

    /// Opens a page and sends the form on it.
    pub async fn submit(&mut self, origin: &str, page: &str, action: &str, fields: &[(&str, &str)]) -> Reply {
        let mut agent = Agent::new(self.address, origin).with("accept", "text/html");
        agent.headers.remove("origin");
        let shown = self.send(&agent, (Method::GET, page, None, String::new())).await.expect(200);
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &shown.field("csrf")).extend_pairs(fields);
        let agent = agent.with("sec-fetch-site", "same-origin");
        let kind = "application/x-www-form-urlencoded";
        self.send(&agent, (Method::POST, action, Some(kind), body.finish())).await
    }

    /// The names of the cookies that are kept, with their domains where they are not of one host.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name = |kept: &Kept| {
            let domain = if kept.host_only { String::new() } else { format!(" of {}", kept.domain) };
            format!("{}{domain}", kept.name)
        };
        let mut names: Vec<_> = self.cookies.iter().map(name).collect();
        names.sort();
        names
    }

    /// The value of the only cookie of this name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        let mut found = self.cookies.iter().filter(|kept| kept.name == name);
        let first = found.next().map(|kept| kept.value.clone());
        assert!(found.next().is_none(), "twice: {name}");
        first
    }
}
