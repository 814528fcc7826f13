//! The address of a client: what the connection says, unless trusted proxies say better.

use std::net::IpAddr;

use http::HeaderMap;
use usermgmt_service::TrustedProxies;

/// Longest forwarding header that is looked at, in hops.
const HOPS: usize = 64;

/// Headers by which proxies, and everybody else, can claim an address.
const CLAIMS: [&str; 6] =
    ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"];

/// The established address, and whether forwarding headers arrived that nobody is trusted to send.
#[must_use]
pub fn establish(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &TrustedProxies) -> (Option<IpAddr>, bool) {
    let claimed = || hops(headers);
    match trusted {
        TrustedProxies::None => (peer, CLAIMS.iter().any(|name| headers.contains_key(*name))),
        TrustedProxies::Hops(0) => (peer, false),
        // The last hop was written by the nearest proxy, the one before by the next; what is older anybody may have
        // written.
        TrustedProxies::Hops(depth) => {
            let hop = claimed().and_then(|hops| hops.iter().rev().nth(usize::from(*depth) - 1).copied());
            (hop.flatten().or(peer), false)
        }
        TrustedProxies::Addresses(proxies) => {
            let is_proxy = |address: &IpAddr| proxies.contains(&address.to_canonical());
            let Some(nearest) = peer.filter(is_proxy) else {
                return (peer, CLAIMS.iter().any(|name| headers.contains_key(*name)));
            };
            let hops = claimed().unwrap_or_default();
            // Walk from the nearest proxy outwards; the first that is no proxy is the client. What cannot be read
            // ends the walk at the last address that was vouched for.
            let mut address = nearest;
            for hop in hops.iter().rev() {
                let Some(hop) = hop else { break };
                address = *hop;
                if !is_proxy(hop) {
                    break;
                }
            }
            (Some(address), false)
        }
    }
}

/// The hops of `X-Forwarded-For`, the client's claim first; `None` for a hop that is no address, and for a header that
/// is unreasonable.
fn hops(headers: &HeaderMap) -> Option<Vec<Option<IpAddr>>> {
    let mut hops = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        for hop in value.to_str().ok()?.split(',') {
            if hops.len() == HOPS {
                return None;
            }
            hops.push(hop.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical()));
        }
    }
    Some(hops)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(forwarded: &[&str], trusted: TrustedProxies) -> String {
        let headers = forwarded.iter().map(|value| {
            (http::header::HeaderName::from_static("x-forwarded-for"), http::HeaderValue::from_str(value).unwrap())
        });
        let peer = Some("10.0.0.9".parse().unwrap());
        establish(&headers.collect(), peer, &trusted).0.unwrap().to_string()
    }

    #[test]
    fn nobody_is_trusted_by_default_and_the_attempt_is_noticed() {
        assert_eq!(address(&["1.2.3.4"], TrustedProxies::None), "10.0.0.9");
        for name in CLAIMS {
            let name = http::header::HeaderName::from_static(name);
            let headers = [(name, http::HeaderValue::from_static("1.2.3.4"))].into_iter().collect();
            assert_eq!(establish(&headers, None, &TrustedProxies::None), (None, true));
        }
    }

    #[test]
    fn only_the_hops_of_trusted_proxies_count() {
        assert_eq!(address(&["6.6.6.6, 1.2.3.4"], TrustedProxies::Hops(1)), "1.2.3.4");
        assert_eq!(address(&["6.6.6.6", "5.5.5.5, 1.2.3.4, 10.0.0.1"], TrustedProxies::Hops(2)), "1.2.3.4");
        assert_eq!(address(&["1.2.3.4"], TrustedProxies::Hops(2)), "10.0.0.9", "too few hops: the connection counts");
        for garbage in ["", "unknown", "1.2.3.4:80", "fe80::1%eth0", "300.1.1.1", "6.6.6.6,"] {
            assert_eq!(address(&[garbage], TrustedProxies::Hops(1)), "10.0.0.9", "{garbage}");
        }
        assert_eq!(address(&["::ffff:1.2.3.4"], TrustedProxies::Hops(1)), "1.2.3.4");
    }

    #[test]
    fn known_proxies_are_walked_through() {
        let proxies = || TrustedProxies::Addresses(vec!["10.0.0.9".parse().unwrap(), "10.0.0.1".parse().unwrap()]);
        assert_eq!(address(&["6.6.6.6, 1.2.3.4, 10.0.0.1"], proxies()), "1.2.3.4");
        assert_eq!(address(&["garbage, 10.0.0.1"], proxies()), "10.0.0.1");
        assert_eq!(address(&[], proxies()), "10.0.0.9");
        let strangers = TrustedProxies::Addresses(vec!["10.9.9.9".parse().unwrap()]);
        assert_eq!(address(&["1.2.3.4"], strangers), "10.0.0.9");
    }
}
