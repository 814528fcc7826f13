//! The manual keeps up with the code.

#[test]
fn every_default_has_its_reason() {
    let (source, page) = (include_str!("../../usermgmt-core/src/limits.rs"), include_str!("../manual/defaults.md"));
    let names = source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split(':').next());
    let missing: Vec<_> = names.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "manual/defaults.md says nothing about {missing:?}");
}

#[test]
fn every_metric_is_explained_as_it_is() {
    let page = include_str!("../manual/howto_metrics.md");
    let listed: Vec<_> = page.lines().filter(|line| line.starts_with("| `usermgmt_")).collect();
    let row = |metric: &usermgmt::metrics::Metric| {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, labels) = (metric.name, metric.kind.as_str(), labels.join(", "));
        format!("| `{name}` | {kind} | {labels} | {} |", metric.meaning)
    };
    let expected: Vec<_> = usermgmt::metrics::ALL.iter().map(row).collect();
    assert_eq!(listed, expected);
}
