//! Every number that is a rule, named once.

use time::Duration;

/// Longest token, in bytes. Longer ones are refused before anything is decoded.
pub const TOKEN_MAX_BYTES: usize = 8 * 1_024;
/// Deepest nesting of arrays and objects in a header, in claims and in a published key set; the outermost object is 1.
pub const JSON_MAX_DEPTH: usize = 16;

/// How long an access token lives unless told otherwise.
pub const LIFETIME: Duration = Duration::minutes(5);
/// Longest life that is signed and accepted unless a longer one is asked for by name.
pub const LIFETIME_MAX: Duration = Duration::minutes(15);

/// How far two clocks may differ unless told otherwise (RFC 7519 section 4.1.4 speaks of a few minutes at most).
pub const LEEWAY: Duration = Duration::seconds(30);
/// Longest leeway that can be set.
pub const LEEWAY_MAX: Duration = Duration::seconds(60);

/// Bits of an RSA modulus that is generated: about 128 bits of security (NIST SP 800-57 part 1, table 2).
pub const RSA_GENERATED_BITS: usize = 3_072;
/// Fewest bits of an RSA modulus that is accepted (RFC 7518 section 3.3).
pub const RSA_MIN_BITS: usize = 2_048;
/// Most bits of an RSA modulus that is accepted: longer ones only cost time.
pub const RSA_MAX_BITS: usize = 8_192;

/// Longest published key set that is read, in bytes.
pub const JWKS_MAX_BYTES: usize = 1_024 * 1_024;
/// Most entries of a published key set, usable or not.
pub const JWKS_MAX_KEYS: usize = 100;

/// How long fetched keys are used without asking again.
pub const JWKS_LIFE: Duration = Duration::minutes(10);
/// Least time between two fetches that unknown key ids give rise to: whoever invents key ids cannot flood the issuer.
pub const JWKS_COOL_DOWN: Duration = Duration::seconds(60);
/// Least time between two fetches while there are no keys, or old ones only.
pub const JWKS_RETRY: Duration = Duration::seconds(5);
/// How old fetched keys may become while they cannot be fetched again. Then nothing is accepted any more.
pub const JWKS_STALE_MAX: Duration = Duration::hours(1);
/// How long the connection to the issuer may take.
pub const FETCH_CONNECT: Duration = Duration::seconds(3);
/// How long a fetch may take in all.
pub const FETCH_TOTAL: Duration = Duration::seconds(10);
/// A fetch of which nothing was heard for so long is given up, and another may begin.
pub const FETCH_LAPSE: Duration = Duration::seconds(15);

/// Longest template of claims, in bytes.
pub const TEMPLATE_MAX_BYTES: usize = 4 * 1_024;
/// Deepest nesting of a template; what replaces a placeholder adds one.
pub const TEMPLATE_MAX_DEPTH: usize = 8;
