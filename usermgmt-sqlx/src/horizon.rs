//! Places in the change sequence, and what becomes of them when another server takes over.
//!
//! A server that is promoted in the place of another may lack its last commits, if replication is asynchronous, and one
//! that was killed may have lost its own, if `synchronous_commit` is off. The numbers of what was lost are then given
//! again, to other changes, and a process that has read up to the lost ones would never read those: it would go on
//! letting in whom they end. Nothing in the numbers shows it. So a place that is handed out says by which server, and
//! one of another server is refused: whoever holds it forgets everything and begins anew. A restart in good order
//! costs the same, one reading for each principal.

#[cfg(feature = "postgres")]
use std::sync::{Mutex, PoisonError};

use usermgmt_core::store::{Result, StoreError, StoreErrorKind};

/// Bits of a place that hold the number; those above count servers. A million changes a second use them up in nine
/// years, and the highest bit stays free, because numbers are signed in the database.
#[cfg(feature = "postgres")]
const NUMBER: u32 = 48;

/// The server that answers, as far as this process has met it: how many there were before, and when it began.
#[cfg(feature = "postgres")]
#[derive(Debug, Default)]
pub(crate) struct Server(Mutex<(u64, Option<i64>)>);

#[cfg(feature = "postgres")]
impl Server {
    /// The horizon that a server said which began at this moment.
    pub(crate) fn horizon(&self, began: i64, last: u64, settled: u64) -> Horizon {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (servers, former) = *known;
        if former != Some(began) {
            // The first is no change.
            *known = (if former.is_none() { servers } else { (servers + 1) & 0x7fff }, Some(began));
        }
        Horizon { base: known.0 << NUMBER, last, settled }
    }
}

/// Up to which change everything is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Horizon {
    /// What a place of this server begins with.
    base: u64,
    /// The number that was given last.
    last: u64,
    /// Up to here everything is decided.
    settled: u64,
}

impl Horizon {
    /// Of a database whose numbers are decided when they are visible, and that is in one place.
    #[cfg(feature = "sqlite")]
    pub(crate) const NONE: Self = Self { base: 0, last: u64::MAX, settled: u64::MAX };

    /// Up to which place everything is decided.
    pub(crate) const fn settled(&self) -> u64 {
        self.place_of(self.settled)
    }

    /// The place of a number.
    pub(crate) const fn place_of(&self, number: u64) -> u64 {
        self.base | number
    }

    /// The number of a place.
    ///
    /// # Errors
    /// [`Conflict`](StoreErrorKind::Conflict) if it is none of this server.
    pub(crate) fn number_of(&self, place: u64) -> Result<u64> {
        match place.checked_sub(self.base) {
            Some(number) if number <= self.last => Ok(number),
            _ => Err(StoreError::caused_by(StoreErrorKind::Conflict, "the place is one of another server's sequence")),
        }
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_another_server_is_refused() {
        let server = Server::default();
        let first = server.horizon(1_000, 90, 88);
        assert_eq!(first.settled(), 88, "places of the first server are its numbers");
        assert_eq!(first.number_of(88).unwrap(), 88);
        // Promoted without the last commits; the numbers have overtaken the place meanwhile.
        let second = server.horizon(2_000, 120, 120);
        assert_eq!(second.number_of(88).unwrap_err().kind(), StoreErrorKind::Conflict);
        assert_eq!(second.number_of(second.settled()).unwrap(), 120);
        assert_eq!(second.number_of(second.place_of(7)).unwrap(), 7);
        assert_eq!(first.number_of(second.settled()).unwrap_err().kind(), StoreErrorKind::Conflict);
        assert_eq!(server.horizon(2_000, 121, 121).number_of(second.settled()).unwrap(), 120);
    }

    #[test]
    fn a_sequence_that_went_back_is_noticed() {
        let server = Server::default();
        let place = server.horizon(1_000, 90, 90).settled();
        assert_eq!(server.horizon(1_000, 40, 40).number_of(place).unwrap_err().kind(), StoreErrorKind::Conflict);
    }

    #[test]
    fn servers_that_take_turns_are_told_apart_for_ever() {
        let server = Server::default();
        for turn in 0..70_000_i64 {
            let before = server.horizon(turn, 5, 5).settled();
            assert!(server.horizon(turn + 1, 5, 5).number_of(before).is_err(), "turn {turn}");
            assert!(i64::try_from(before).is_ok());
        }
    }
}
