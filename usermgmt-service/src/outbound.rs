//! Requests that leave this machine: by HTTPS only, to the one address that was named, with answers of bounded length.

use std::error::Error as StdError;

use reqwest::{Client, ClientBuilder, Response, Url, redirect};

pub(crate) type Fault = Box<dyn StdError + Send + Sync>;

/// A client for this address, which follows no redirect. In clear it goes no farther than this machine.
pub(crate) fn client(url: &str) -> Result<(Url, ClientBuilder), Fault> {
    let url = Url::parse(url)?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err("the address must begin with https://".into());
    }
    let client = Client::builder()
        .user_agent(concat!("usermgmt/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false);
    Ok((url, if local { client.no_proxy() } else { client }))
}

/// The body of an answer, unless it is longer than this.
pub(crate) async fn body(mut response: Response, max_bytes: usize) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > max_bytes {
            return Err("the answer is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
pub(crate) mod counterpart;
