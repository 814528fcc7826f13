//! Argon2id on a fixed number of threads.
//!
//! Each hash needs 19 MiB and some milliseconds of a core. As many threads as cores each keep one block of memory and
//! use it again, so memory stays at threads × 19 MiB however many sign in at once; who finds the queue full gets an
//! answer at once instead of a place in a growing line.

#[cfg(feature = "imported-hashes")]
pub(crate) mod foreign;

use argon2::password_hash::phc::{Output, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use async_channel::{Receiver, Sender, TrySendError};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Instant;
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use usermgmt_core::limits;
use usermgmt_core::password::{Password, PasswordHash};
use usermgmt_core::port::{HashError, HashVerdict, PasswordHasher, Random};
use usermgmt_core::secret::Wiped;

use crate::metrics::Hashing;

/// Highest cost that a stored hash may ask for: m, in KiB.
const MEMORY_CEILING_KIB: u32 = 1 << 20;
/// Highest cost that a stored hash may ask for: t.
const PASSES_CEILING: u32 = 16;
/// Highest cost that a stored hash may ask for: p.
const LANES_CEILING: u32 = 8;
/// Bytes of salt (RFC 9106 section 4).
const SALT_BYTES: usize = 16;

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self { memory_kib: limits::ARGON2_MEMORY_KIB, passes: limits::ARGON2_PASSES, lanes: limits::ARGON2_LANES }
    }
}

impl HashCost {
    /// Another cost.
    ///
    /// # Errors
    /// Fails below the floor of the OWASP Password Storage Cheat Sheet (m × t of any of 47104 × 1, 19456 × 2,
    /// 12288 × 3, 9216 × 4, 7168 × 5) and above the ceiling (m = 1 GiB, t = 16, p = 8).
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, CostError> {
        let floors = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];
        let enough = floors.iter().any(|(memory, least)| memory_kib >= *memory && passes >= *least);
        let bearable =
            memory_kib <= MEMORY_CEILING_KIB && passes <= PASSES_CEILING && (1..=LANES_CEILING).contains(&lanes);
        if enough && bearable { Ok(Self { memory_kib, passes, lanes }) } else { Err(CostError) }
    }

    /// A cost that protects nothing, for tests that do not test hashing.
    #[must_use]
    pub const fn insecure_for_tests() -> Self {
        Self { memory_kib: 64, passes: 1, lanes: 1 }
    }

    fn params(self) -> Result<Params, HashError> {
        Params::new(self.memory_kib, self.passes, self.lanes, None).map_err(|_| HashError::Failed)
    }
}

/// The cost is below the floor or above the ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Argon2id cost is below the OWASP floor or above the ceiling")]
pub struct CostError;

type Task = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// Argon2id with a bound on how many hashes run and wait.
pub struct Argon2Pool {
    cost: HashCost,
    random: Arc<dyn Random>,
    decoy: PasswordHash,
    queue: Sender<Task>,
    measured: Hashing,
    #[cfg(feature = "imported-hashes")]
    firebase: Option<Arc<crate::FirebaseScrypt>>,
}

impl Argon2Pool {
    /// A pool of this many threads (at least one).
    ///
    /// # Errors
    /// Fails when the decoy cannot be hashed or a thread cannot be started.
    pub fn new(cost: HashCost, threads: usize, random: Arc<dyn Random>) -> Result<Self, HashError> {
        let threads = threads.max(1);
        let (queue, tasks) = async_channel::bounded::<Task>(threads * limits::HASH_QUEUE_PER_WORKER);
        for number in 0..threads {
            let tasks = tasks.clone();
            let worker = std::thread::Builder::new().name(format!("usermgmt-hash-{number}"));
            worker.spawn(move || work(&tasks)).map_err(|_| HashError::Failed)?;
        }
        let decoy = hash(b"a password that nobody has", cost, random.as_ref(), &mut Vec::new())?;
        Ok(Self {
            cost,
            random,
            decoy,
            queue,
            measured: Hashing::register(),
            #[cfg(feature = "imported-hashes")]
            firebase: None,
        })
    }

    /// Compares passwords with hashes of this Firebase project, too.
    #[cfg(feature = "imported-hashes")]
    #[must_use]
    pub fn with_firebase(mut self, project: Option<crate::FirebaseScrypt>) -> Self {
        self.firebase = project.map(Arc::new);
        self
    }

    async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut Vec<Block>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (answer, answered) = oneshot::channel();
        let measured = self.measured.clone();
        let task: Task = Box::new(move |memory| {
            measured.waiting.decrement(1.0);
            // Whoever asked may have hung up while waiting.
            if !answer.is_closed() {
                let begun = Instant::now();
                let done = task(memory);
                measured.seconds.record(begun.elapsed());
                let _ = answer.send(done);
            }
        });
        // Before it can begin, so that the number that wait is never below none.
        self.measured.waiting.increment(1.0);
        self.queue.try_send(task).map_err(|error| {
            self.measured.waiting.decrement(1.0);
            match error {
                TrySendError::Full(_) => {
                    self.measured.busy.increment(1);
                    HashError::Busy
                }
                TrySendError::Closed(_) => HashError::Failed,
            }
        })?;
        answered.await.unwrap_or(Err(HashError::Failed))
    }
}

impl std::fmt::Debug for Argon2Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Argon2Pool").field("cost", &self.cost).finish_non_exhaustive()
    }
}

fn work(tasks: &Receiver<Task>) {
    let mut memory = Vec::new();
    while let Ok(task) = tasks.recv_blocking() {
        task(&mut memory);
    }
}

#[async_trait]
impl PasswordHasher for Argon2Pool {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let (cost, random, password) = (self.cost, self.random.clone(), copy(password));
        self.run(move |memory| hash(&password, cost, random.as_ref(), memory)).await
    }

    async fn verify(&self, password: &Password, stored: Option<&PasswordHash>) -> Result<HashVerdict, HashError> {
        let known = stored.is_some();
        let (cost, password) = (self.cost, copy(password));
        let stored = stored.unwrap_or(&self.decoy).clone();
        #[cfg(feature = "imported-hashes")]
        let firebase = self.firebase.clone();
        let verify_on = move |memory: &mut Vec<Block>| {
            #[cfg(feature = "imported-hashes")]
            if let Some(foreign) = foreign::Foreign::read(stored.expose()) {
                let outer = |digest: &[u8], outer: &str| Ok(verify(digest, outer, cost, memory)?.matches);
                let matches = foreign.matches(&password, firebase.as_deref(), outer)?;
                return Ok(HashVerdict { matches, outdated: true });
            }
            verify(&password, stored.expose(), cost, memory)
        };
        let verdict = self.run(verify_on).await?;
        Ok(HashVerdict { matches: verdict.matches && known, outdated: verdict.outdated && known })
    }
}

/// The password's bytes for the hashing thread, wiped afterwards.
fn copy(password: &Password) -> Wiped {
    Wiped::new(password.expose().as_bytes().to_vec())
}

fn compute(
    password: &[u8],
    salt: &[u8],
    (algorithm, version, params): (Algorithm, Version, &Params),
    length: usize,
    memory: &mut Vec<Block>,
) -> Result<Vec<u8>, HashError> {
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    let mut output = vec![0; length];
    let blocks = memory.get_mut(..params.block_count()).ok_or(HashError::Failed)?;
    Argon2::new(algorithm, version, params.clone())
        .hash_password_into_with_memory(password, salt, &mut output, blocks)
        .map_err(|_| HashError::Failed)?;
    Ok(output)
}

fn hash(
    password: &[u8],
    cost: HashCost,
    random: &dyn Random,
    memory: &mut Vec<Block>,
) -> Result<PasswordHash, HashError> {
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt).map_err(|_| HashError::Failed)?;
    let params = cost.params()?;
    let today = (Algorithm::Argon2id, Version::V0x13, &params);
    let output = compute(password, &salt, today, Params::DEFAULT_OUTPUT_LEN, memory)?;
    let phc = Phc {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: (&params).try_into().map_err(|_| HashError::Failed)?,
        salt: Some(Salt::new(&salt).map_err(|_| HashError::Failed)?),
        hash: Some(Output::new(&output).map_err(|_| HashError::Failed)?),
    };
    Ok(PasswordHash::from_phc(phc.to_string()))
}

/// A hash by Argon2, taken apart.
struct Readable {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    hash: Output,
}

/// Takes a hash apart; `None` for one of another form, and for one that asks for the moon.
fn read(stored: &str) -> Option<Readable> {
    let phc = Phc::new(stored).ok()?;
    let algorithm = Algorithm::try_from(phc.algorithm.as_str()).ok()?;
    // Who names no version means the first one (the reference implementation's decoder).
    let version = Version::try_from(phc.version.unwrap_or(Version::V0x10.into())).ok()?;
    let params = Params::try_from(&phc).ok()?;
    let bearable =
        params.m_cost() <= MEMORY_CEILING_KIB && params.t_cost() <= PASSES_CEILING && params.p_cost() <= LANES_CEILING;
    let (salt, hash) = (phc.salt?, phc.hash?);
    bearable.then_some(Readable { algorithm, version, params, salt, hash })
}

/// Whether a hash by Argon2 can be compared with.
#[cfg(feature = "imported-hashes")]
pub(crate) fn is_readable(stored: &str) -> bool {
    read(stored).is_some()
}

fn verify(password: &[u8], stored: &str, today: HashCost, memory: &mut Vec<Block>) -> Result<HashVerdict, HashError> {
    let Readable { algorithm, version, params, salt, hash } = read(stored).ok_or(HashError::Unreadable)?;
    let output = compute(password, &salt, (algorithm, version, &params), hash.len(), memory)?;
    let cheaper = params.m_cost() < today.memory_kib || params.t_cost() < today.passes;
    let other = algorithm != Algorithm::Argon2id || version != Version::V0x13;
    Ok(HashVerdict { matches: output.as_slice().ct_eq(hash.as_bytes()).into(), outdated: cheaper || other })
}

#[cfg(test)]
mod tests {
    use super::*;
    use usermgmt_core::port::OsRandom;

    fn pool(cost: HashCost) -> Argon2Pool {
        Argon2Pool::new(cost, 2, Arc::new(OsRandom)).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    #[tokio::test]
    async fn hashes_match_their_password_only_and_are_salted() {
        let pool = pool(HashCost::insecure_for_tests());
        let (one, two) = (
            pool.hash(&password("correct horse")).await.unwrap(),
            pool.hash(&password("correct horse")).await.unwrap(),
        );
        assert_ne!(one, two);
        assert!(pool.verify(&password("correct horse"), Some(&one)).await.unwrap().matches);
        for wrong in ["correct horse ", "Correct horse", "correct hors"] {
            assert!(!pool.verify(&password(wrong), Some(&one)).await.unwrap().matches, "{wrong}");
        }
        assert!(!pool.verify(&password("a password that nobody has"), None).await.unwrap().matches);
    }

    #[tokio::test]
    async fn the_default_cost_is_the_documented_one_and_the_library_reads_the_hash() {
        let hash = pool(HashCost::default()).hash(&password("correct horse")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        let parsed = Phc::new(hash.expose()).unwrap();
        use argon2::password_hash::PasswordVerifier as _;
        assert!(Argon2::default().verify_password(b"correct horse", &parsed).is_ok());
    }

    #[tokio::test]
    async fn a_cheaper_hash_is_outdated_and_a_dearer_one_is_not() {
        let cheap = pool(HashCost::insecure_for_tests());
        let dear = pool(HashCost { memory_kib: 128, passes: 2, lanes: 1 });
        let hash = cheap.hash(&password("correct horse")).await.unwrap();
        assert_eq!(
            dear.verify(&password("correct horse"), Some(&hash)).await,
            Ok(HashVerdict { matches: true, outdated: true })
        );
        let hash = dear.hash(&password("correct horse")).await.unwrap();
        assert_eq!(
            cheap.verify(&password("correct horse"), Some(&hash)).await,
            Ok(HashVerdict { matches: true, outdated: false })
        );
    }

    #[tokio::test]
    async fn stored_hashes_cannot_ask_for_the_moon() {
        let pool = pool(HashCost::insecure_for_tests());
        for bad in [
            "",
            "plain",
            "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2x$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
            "$argon2id$v=20$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        ] {
            let stored = PasswordHash::from_phc(bad.into());
            assert_eq!(pool.verify(&password("x"), Some(&stored)).await, Err(HashError::Unreadable), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_full_queue_answers_at_once() {
        let pool = Argon2Pool::new(HashCost::insecure_for_tests(), 1, Arc::new(OsRandom)).unwrap();
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let (taken, begun) = std::sync::mpsc::channel::<()>();
        let blocked = pool.run(move |_| {
            taken.send(()).map_err(|_| HashError::Failed)?;
            gate.recv().map_err(|_| HashError::Failed)
        });
        let mut blocked = Box::pin(blocked);
        assert_eq!(poll_once(blocked.as_mut()).await, None);
        // From here on the one thread is busy, and what comes has to wait.
        begun.recv().unwrap();
        let mut waiting = Vec::new();
        let refused = loop {
            let mut next = Box::pin(pool.run(|_| Ok(())));
            match poll_once(next.as_mut()).await {
                None => waiting.push(next),
                Some(answer) => break answer,
            }
        };
        assert_eq!(refused, Err(HashError::Busy));
        assert_eq!(waiting.len(), limits::HASH_QUEUE_PER_WORKER);
        release.send(()).unwrap();
        assert_eq!(blocked.await, Ok(()));
        for waiter in waiting {
            assert_eq!(waiter.await, Ok(()));
        }
    }

    async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        std::future::poll_fn(|context| match future.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => std::task::Poll::Ready(Some(answer)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }

    #[test]
    fn the_floor_and_the_ceiling_hold() {
        for (memory, passes) in [(19_456, 2), (47_104, 1), (7_168, 5)] {
            assert!(HashCost::new(memory, passes, 1).is_ok());
            assert!(HashCost::new(memory - 1, passes, 1).is_err());
        }
        assert!(HashCost::new(MEMORY_CEILING_KIB + 1, 2, 1).is_err() && HashCost::new(19_456, 2, 0).is_err());
    }
}
