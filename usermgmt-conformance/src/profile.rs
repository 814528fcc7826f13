//! In what stores may differ.

/// What a store says about itself: the parameters of [`store_tests!`](crate::store_tests). A difference between stores
/// is a parameter that changes what a rule demands; it never skips a rule.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    pub(crate) name: &'static str,
    pub(crate) nul_in_text: bool,
    pub(crate) counters_expire: bool,
    pub(crate) racers: usize,
    pub(crate) unless: fn() -> bool,
}

impl Profile {
    /// The profile of a store that is called `unnamed`, keeps the character U+0000, removes old counters when it
    /// sweeps, and is raced by 16 callers.
    #[must_use]
    pub const fn new() -> Self {
        Self { name: "unnamed", nul_in_text: true, counters_expire: false, racers: 16, unless: || false }
    }

    /// The name that reports give the store.
    #[must_use]
    pub const fn name(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Whether the store keeps the character U+0000 in texts. If it does, such texts come back exactly; if not (a
    /// PostgreSQL `text` cannot), a commit that contains one fails as a whole as `Unsupported`.
    #[must_use]
    pub const fn nul_in_text(self, kept: bool) -> Self {
        Self { nul_in_text: kept, ..self }
    }

    /// Whether counters of limits go by themselves (a key of Redis that dies) and a sweep removes none of them.
    #[must_use]
    pub const fn counters_expire(self, by_themselves: bool) -> Self {
        Self { counters_expire: by_themselves, ..self }
    }

    /// How many callers race for the same row, at least 2. A long run takes more.
    #[must_use]
    pub const fn racers(self, racers: usize) -> Self {
        Self { racers: if racers < 2 { 2 } else { racers }, ..self }
    }

    /// Leaves the whole suite out if this says so: for a store whose server is not on this machine. Whoever leaves it
    /// out decides so and says it; a suite that finds no server fails.
    #[must_use]
    pub const fn unless(self, left_out: fn() -> bool) -> Self {
        Self { unless: left_out, ..self }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::new()
    }
}
