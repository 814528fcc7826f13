//! Attacks on access tokens. Each test names its case, and the honest twin of each attack succeeds beside it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot be prepared has failed"
)]

mod algorithms;
mod contents;
mod edges;
mod encodings;
mod forge;
mod headers;
mod properties;
mod report;
mod times;
mod weak_keys;
