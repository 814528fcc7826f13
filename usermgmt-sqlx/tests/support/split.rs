//! The tables split by PARTITION BY, as the head of the migration says.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::panic,
    reason = "not every test file needs everything, and a test that cannot be prepared has failed"
)]

const MIGRATION: &str = include_str!("../../migrations/postgres/0001_begin.sql");

/// Into how many parts each table is split.
pub(crate) const PARTS: usize = 4;

/// What the head of the migration says about the tables.
pub(crate) struct Layout {
    /// The tables that can be split, and by which column.
    pub(crate) split: Vec<(&'static str, &'static str)>,
    /// Those that stay whole.
    pub(crate) whole: Vec<&'static str>,
}

/// Reads the head of the migration.
pub(crate) fn layout() -> Layout {
    let mut layout = Layout { split: Vec::new(), whole: Vec::new() };
    for line in MIGRATION.lines().take_while(|line| line.starts_with("--")) {
        match *line.split_whitespace().collect::<Vec<_>>() {
            ["--", table, "by", column] if table.starts_with("usermgmt_") => layout.split.push((table, column)),
            ["--", table, _, ..] if table.starts_with("usermgmt_") => layout.whole.push(table),
            _ => {}
        }
    }
    layout
}

/// The migration with every table split that can be: nothing else is altered.
pub(crate) fn script() -> String {
    let split = layout().split;
    let (mut script, mut made, mut table) = (String::new(), 0, "");
    for line in MIGRATION.lines() {
        table = line.strip_prefix("CREATE TABLE ").and_then(|rest| rest.strip_suffix(" (")).unwrap_or(table);
        match split.iter().find(|(name, _)| line == ");" && *name == table) {
            Some((_, column)) => {
                made += 1;
                script.push_str(&format!(") PARTITION BY HASH ({column});\n"));
                for part in 0..PARTS {
                    script.push_str(&format!(
                        "CREATE TABLE {table}_p{part} PARTITION OF {table} \
                         FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part});\n"
                    ));
                }
            }
            None => {
                script.push_str(line);
                script.push('\n');
            }
        }
    }
    assert!(made > 0 && made == split.len(), "{made} of {} tables were split", split.len());
    script
}

/// What puts the split tables in the place of those that were just migrated and are still empty.
pub(crate) fn replacing_script() -> String {
    let layout = layout();
    let tables: Vec<_> = layout.split.iter().map(|(table, _)| *table).chain(layout.whole).collect();
    format!("BEGIN;\nDROP TABLE {};\n{}COMMIT;\n", tables.join(", "), script())
}
