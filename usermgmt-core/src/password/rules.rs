//! What a new password must be, as data.

use time::{Duration, OffsetDateTime};
use unicode_normalization::char::is_combining_mark;

use super::context::Text;
use super::{Password, PasswordError, common};
use crate::address::EmailAddress;
use crate::limits::{PASSWORD_MIN_CHARS, PASSWORD_MIN_CHARS_STRICT};

/// Letters that a part of a name, address or product name has at least to count: parts of one to three letters are in
/// too many honest passwords to mean anything.
const CONTEXT_CHARS: usize = 4;

/// What a new password must be, as data.
///
/// On by default is what NIST SP 800-63B-4 section 3.1.1.2 asks for: a length, and no password that is common or that
/// can be expected of this person at this application. Everything else is off by default, because the same section
/// forbids it (composition rules, periodic expiry) or does not ask for it; it is here for those whom a contract binds.
///
/// ```
/// use usermgmt_core::address::EmailAddress;
/// use usermgmt_core::password::{Composition, Password, PasswordError, PasswordRules};
///
/// let rules = PasswordRules { composition: Composition { digit: true, ..Composition::default() }, ..Default::default() };
/// let email = EmailAddress::parse("ann@example.org")?;
/// let check = |text| Password::new(text).and_then(|password| rules.check(&password, &email, "Ann"));
/// assert_eq!(check("blowfish under moonlight"), Err(PasswordError::DigitMissing));
/// assert_eq!(check("7 blowfish under moonlight"), Ok(()));
/// # Ok::<(), usermgmt_core::address::EmailError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// Shortest password, in code points.
    pub min_chars: usize,
    /// Shortest password of an account that is asked for no second factor, in code points, where that is more. A password
    /// that is too short by this, because its second factor went or because it was set before, must be changed at the next
    /// sign-in. Default: no more; [`strict`](Self::strict) says 15.
    pub min_chars_alone: usize,
    /// Which kinds of characters it must hold. Default: none in particular.
    pub composition: Composition,
    /// Words that it may not contain, in whatever case: names of products, places, the company. Default: none.
    ///
    /// The application's own name need not be here, it is refused anyhow. Short words are in many honest passwords:
    /// the service's builder refuses words below [`DENIED_WORD_MIN_CHARS`](Self::DENIED_WORD_MIN_CHARS).
    pub denied_words: Vec<String>,
    /// Whether passwords of the built-in list of common ones are refused. Default: yes (NIST SP 800-63B-4 section
    /// 3.1.1.2; OWASP ASVS 5.0, 6.2.4).
    pub no_common: bool,
    /// Lowest score of the estimator zxcvbn, 0 (guessed at once) to 4 (more than 10¹⁰ guesses). Default: not asked.
    /// Takes effect in the service, with its feature `zxcvbn`.
    pub min_score: Option<u8>,
    /// How many of a person's former passwords, the present one included, may not be set again: 0 to
    /// [`HISTORY_MAX`](Self::HISTORY_MAX). Default: 0, no former hash is kept or compared.
    pub history: u8,
    /// How long a password may be used until another one must be set. Default: for ever; NIST SP 800-63B-4 section
    /// 3.1.1.2 and OWASP ASVS 5.0, 6.2.10 forbid periodic expiry.
    pub max_age: Option<Duration>,
}

/// Which kinds of characters a password must hold. All off by default: NIST SP 800-63B-4 section 3.1.1.2 and OWASP
/// ASVS 5.0, 6.2.5 forbid composition rules, because people meet them in ways that are easily guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Composition {
    /// At least one character that is no letter: a digit, a symbol or a space.
    pub non_alphabetic: bool,
    /// At least one upper-case and one lower-case letter. Nobody can meet this in a script without case.
    pub mixed_case: bool,
    /// At least one digit, of any script.
    pub digit: bool,
    /// At least one character that is neither letter nor digit nor white space: punctuation, `€`, an emoji.
    pub symbol: bool,
}

impl Default for PasswordRules {
    fn default() -> Self {
        Self {
            min_chars: PASSWORD_MIN_CHARS,
            min_chars_alone: PASSWORD_MIN_CHARS,
            composition: Composition::default(),
            denied_words: Vec::new(),
            no_common: true,
            min_score: None,
            history: 0,
            max_age: None,
        }
    }
}

impl PasswordRules {
    /// Most former passwords that can be refused: each costs a full hash whenever a password is set.
    pub const HISTORY_MAX: u8 = 24;
    /// Highest score of zxcvbn.
    pub const SCORE_MAX: u8 = 4;
    /// Shortest denied word, in letters and digits.
    pub const DENIED_WORD_MIN_CHARS: usize = 3;

    /// The defaults, and 15 characters where the password is the only factor (NIST SP 800-63B-4 section 3.1.1.2).
    #[must_use]
    pub fn strict() -> Self {
        Self { min_chars_alone: PASSWORD_MIN_CHARS_STRICT, ..Self::default() }
    }

    /// The shortest password of an account that is asked for a second factor, or of one that is not.
    #[must_use]
    pub fn shortest(&self, has_second_factor: bool) -> usize {
        if has_second_factor { self.min_chars } else { self.min_chars.max(self.min_chars_alone) }
    }

    /// Whether the numbers make sense.
    ///
    /// # Errors
    /// A sentence that says which does not.
    pub fn validate(&self) -> Result<(), &'static str> {
        let numbers = [
            (self.min_chars > 0, "a password needs at least one character"),
            (self.history <= Self::HISTORY_MAX, "at most 24 former passwords can be refused"),
            (self.min_score.is_none_or(|score| score <= Self::SCORE_MAX), "the score of a password is 0 to 4"),
            (self.max_age.is_none_or(Duration::is_positive), "a password must be usable for some time"),
            (
                self.denied_words.iter().all(|word| Text::of(word).squeezed_chars() >= Self::DENIED_WORD_MIN_CHARS),
                "a denied word needs at least three letters or digits",
            ),
        ];
        numbers.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, sentence)| Err(*sentence))
    }

    /// Checks what can be said without knowing whose password it is.
    ///
    /// # Errors
    /// [`PasswordError::TooShort`].
    pub fn check_length(&self, password: &Password, has_second_factor: bool) -> Result<(), PasswordError> {
        let long_enough = password.expose().chars().count() >= self.shortest(has_second_factor);
        if long_enough { Ok(()) } else { Err(PasswordError::TooShort) }
    }

    /// Checks a password that is about to be set beside a second factor: length, composition, address (where there is
    /// one), name, denied words and the list of common passwords. Pure and quick. Where it is the only factor,
    /// [`check_length`](Self::check_length) asks for more.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check<'e>(
        &self,
        password: &Password,
        email: impl Into<Option<&'e EmailAddress>>,
        name: &str,
    ) -> Result<(), PasswordError> {
        self.check_length(password, true)?;
        self.composition.check(password)?;
        let text = Text::of(password.expose());
        let holds = |email: &EmailAddress| {
            text.holds(email.canonical(), CONTEXT_CHARS) || text.holds(email.local_part(), CONTEXT_CHARS)
        };
        if email.into().is_some_and(holds) {
            return Err(PasswordError::ContainsAddress);
        }
        if text.holds_part(name, CONTEXT_CHARS) {
            return Err(PasswordError::ContainsName);
        }
        if self.denied_words.iter().any(|word| text.holds_squeezed(word, Self::DENIED_WORD_MIN_CHARS)) {
            return Err(PasswordError::ContainsDeniedWord);
        }
        if self.no_common && common::contains(password.expose()) {
            return Err(PasswordError::Common);
        }
        Ok(())
    }

    /// Checks that a password contains neither the application's name nor one of its words of four letters or more
    /// (NIST SP 800-63B-4 section 3.1.1.2: "context-specific words, such as the name of the service").
    ///
    /// # Errors
    /// [`PasswordError::ContainsProduct`].
    pub fn check_product(&self, password: &Password, product: &str) -> Result<(), PasswordError> {
        let text = Text::of(password.expose());
        let holds = text.holds_part(product, CONTEXT_CHARS) || text.holds_squeezed(product, CONTEXT_CHARS);
        if holds { Err(PasswordError::ContainsProduct) } else { Ok(()) }
    }

    /// Whether a password that was set then must be replaced now. Never, as long as [`max_age`](Self::max_age) is
    /// `None`.
    #[must_use]
    pub fn is_aged(&self, changed_at: OffsetDateTime, now: OffsetDateTime) -> bool {
        self.max_age.is_some_and(|age| now - changed_at >= age)
    }
}

impl Composition {
    fn check(self, password: &Password) -> Result<(), PasswordError> {
        let any = |kind: fn(char) -> bool| password.expose().chars().any(kind);
        if self.non_alphabetic && !any(|c| !c.is_alphabetic() && !is_combining_mark(c)) {
            return Err(PasswordError::NonAlphabeticMissing);
        }
        if self.mixed_case && !(any(char::is_uppercase) && any(char::is_lowercase)) {
            return Err(PasswordError::MixedCaseMissing);
        }
        if self.digit && !any(char::is_numeric) {
            return Err(PasswordError::DigitMissing);
        }
        if self.symbol && !any(|c| !c.is_alphanumeric() && !c.is_whitespace() && !is_combining_mark(c)) {
            return Err(PasswordError::SymbolMissing);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
