//! Keyset pages: a list continues after the last key that was seen, so it neither skips nor repeats when rows come
//! and go meanwhile.

use crate::limits::PAGE_MAX;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest<K> {
    after: Option<K>,
    limit: u32,
}

impl<K> PageRequest<K> {
    /// The first `limit` rows; the limit is brought into 1 to [`PAGE_MAX`].
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit: limit.clamp(1, PAGE_MAX) }
    }

    /// The same, continuing behind this key.
    #[must_use]
    pub fn after(self, key: K) -> Self {
        Self { after: Some(key), ..self }
    }

    /// The key to continue behind.
    pub const fn key(&self) -> Option<&K> {
        self.after.as_ref()
    }

    /// Rows wanted.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The rows, in key order.
    pub items: Vec<T>,
    /// The key to continue behind; `None` at the end of the list.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Makes a page from up to `limit + 1` rows: the surplus row only says that there is more.
    #[must_use]
    pub fn from_surplus(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(key) } else { None };
        Self { items, next }
    }
}
