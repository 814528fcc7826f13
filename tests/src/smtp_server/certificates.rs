//! The server's certificates, made anew for each server.

use std::collections::HashMap;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Shown;

/// The authority to trust, as PEM, and what the server may show.
pub(super) fn certificates() -> (String, HashMap<Shown, Arc<rustls::ServerConfig>>) {
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (pem, Issuer::new(params, key))
    };
    let (pem, trusted) = authority("trusted");
    let (_, unknown) = authority("unknown");
    let shown = |name: &str, issuer: &Issuer<'_, KeyPair>, is_expired: bool| {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if is_expired {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let chain = vec![params.signed_by(&key, issuer).unwrap().der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Arc::new(config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap())
    };
    let all = [
        (Shown::Right, shown("localhost", &trusted, false)),
        (Shown::AnotherName, shown("mail.example.com", &trusted, false)),
        (Shown::AnotherAuthority, shown("localhost", &unknown, false)),
        (Shown::Expired, shown("localhost", &trusted, true)),
    ];
    (pem, HashMap::from(all))
}
