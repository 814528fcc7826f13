use std::net::Ipv4Addr;

use super::*;

/// A text of the data section: its type (2) and length in one byte.
fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![(2 << 5) | u8::try_from(text.len()).unwrap()];
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

/// A map, of values that are written already.
fn map(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![(7 << 5) | u8::try_from(entries.len()).unwrap()];
    entries.iter().for_each(|(name, value)| bytes.extend(text(name).into_iter().chain(value.iter().copied())));
    bytes
}

/// An unsigned number: types 5 (16 bits) and 6 (32 bits) as they are, 9 (64 bits) extended.
fn number(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let size = u8::try_from(bytes.len()).unwrap();
    let head = if kind < 8 { vec![(kind << 5) | size] } else { vec![size, kind - 7] };
    [head, bytes.to_vec()].concat()
}

/// A database in the format that MaxMind documents (MaxMind DB 2.0), with these networks of IPv4 in it.
fn database(ip_version: u8, networks: &[(Ipv4Addr, u8, &str)]) -> Vec<u8> {
    const NOTHING: usize = usize::MAX;
    // Nodes of the search tree: to go left or right, and the entry that a leaf stands for.
    enum Way {
        Node(usize),
        Entry(usize),
    }
    let mut nodes: Vec<[Way; 2]> = vec![[Way::Entry(NOTHING), Way::Entry(NOTHING)]];
    let mut data = Vec::new();
    for (network, bits, code) in networks {
        let entry = data.len();
        let country = if code.is_empty() { map(&[]) } else { map(&[("iso_code", text(code))]) };
        data.extend(map(&[("country", country)]));
        let address = u32::from(*network);
        // An IPv4 address stands in a tree of IPv6 behind 96 zero bits.
        let ahead = if ip_version == 6 { 96 } else { 0 };
        let mut at = 0;
        for place in 0..ahead + u32::from(*bits) {
            let side =
                if place < ahead { 0 } else { usize::try_from((address >> (31 - (place - ahead))) & 1).unwrap() };
            if place + 1 == ahead + u32::from(*bits) {
                nodes[at][side] = Way::Entry(entry);
            } else if let Way::Node(next) = nodes[at][side] {
                at = next;
            } else {
                nodes.push([Way::Entry(NOTHING), Way::Entry(NOTHING)]);
                let next = nodes.len() - 1;
                nodes[at][side] = Way::Node(next);
                at = next;
            }
        }
    }
    let mut bytes = Vec::new();
    for way in nodes.iter().flatten() {
        let record = match way {
            Way::Node(next) => *next,
            Way::Entry(NOTHING) => nodes.len(),
            Way::Entry(entry) => nodes.len() + 16 + entry,
        };
        bytes.extend_from_slice(&u32::try_from(record).unwrap().to_be_bytes()[1..]);
    }
    bytes.extend_from_slice(&[0; 16]);
    bytes.extend(data);
    bytes.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    bytes.extend(map(&[
        ("node_count", number(6, &u32::try_from(nodes.len()).unwrap().to_be_bytes())),
        ("record_size", number(5, &[24])),
        ("ip_version", number(5, &[ip_version])),
        ("database_type", text("Test-Country")),
        ("languages", vec![0, 4]),
        ("binary_format_major_version", number(5, &[2])),
        ("binary_format_minor_version", number(5, &[0])),
        ("build_epoch", number(9, &1_800_000_000_u64.to_be_bytes())),
        ("description", map(&[("en", text("Made for this test"))])),
    ]));
    bytes
}

#[tokio::test]
async fn countries_are_found_in_a_file_of_the_format() {
    let networks = [
        (Ipv4Addr::new(198, 51, 100, 0), 24, "AT"),
        (Ipv4Addr::new(203, 0, 113, 0), 25, "NZ"),
        (Ipv4Addr::new(192, 0, 2, 0), 24, ""),
    ];
    for version in [4, 6] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("countries.mmdb");
        std::fs::write(&file, database(version, &networks)).unwrap();
        let countries = GeoIp::open(&file).unwrap();
        assert_eq!(format!("{countries:?}"), "GeoIp(\"Test-Country\")");
        for (address, country) in [
            ("198.51.100.0", Some("AT")),
            ("198.51.100.255", Some("AT")),
            ("198.51.101.0", None),
            ("203.0.113.127", Some("NZ")),
            ("203.0.113.128", None),
            ("192.0.2.1", None),
            ("2001:db8::1", None),
        ] {
            let found = countries.country(address.parse().unwrap()).await.unwrap();
            assert_eq!(found.as_ref().map(Country::as_str), country, "{version} {address}");
        }
    }
}

#[test]
fn what_is_no_database_does_not_start() {
    assert!(GeoIp::open("/nowhere/countries.mmdb").is_err());
    let whole = database(4, &[(Ipv4Addr::new(198, 51, 100, 0), 24, "AT")]);
    assert!(GeoIp::from_bytes(whole.clone()).is_ok());
    for bad in [Vec::new(), b"no database".to_vec(), whole[..whole.len() / 2].to_vec()] {
        assert!(GeoIp::from_bytes(bad).is_err());
    }
}
