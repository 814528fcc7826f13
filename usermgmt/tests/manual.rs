//! The manual keeps up with the code.

#[test]
fn every_default_has_its_reason() {
    let (source, page) = (include_str!("../../usermgmt-core/src/limits.rs"), include_str!("../manual/defaults.md"));
    let names = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let missing: Vec<_> = names.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "manual/defaults.md says nothing about {missing:?}");
}
