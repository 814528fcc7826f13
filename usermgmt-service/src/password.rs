//! Whether a password may be set: the one check that sign-up, change, reset and creation by an administrator share.

use std::borrow::Cow;

use usermgmt_core::address::EmailAddress;
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Error, FieldError};
use usermgmt_core::model::FactorKinds;
use usermgmt_core::password::{Password, PasswordError, PasswordHash};
use usermgmt_core::port::HashError;

use crate::UserMgmt;

impl UserMgmt {
    /// The part of [`check_new_password`](Self::check_new_password) that is pure and quick: rules, common passwords,
    /// the application's name. For saying it together with what is wrong in other fields, before limits are charged.
    ///
    /// # Errors
    /// The first rule that the password breaks.
    pub(crate) fn check_password_rules(
        &self,
        password: &Password,
        email: Option<&EmailAddress>,
        name: &str,
        factors: FactorKinds,
    ) -> Result<(), PasswordError> {
        let settings = self.settings();
        settings.password_rules.check_length(password, factors.is_asked())?;
        settings.password_rules.check(password, email, name)?;
        match settings.product_name() {
            Some(product) => settings.password_rules.check_product(password, product),
            None => Ok(()),
        }
    }

    /// Checks a password that is about to be set, whoever sets it: everything that is on, the cheapest first, and the
    /// source outside the process only about a password that passed all else. `previous` are the person's present and
    /// former hashes, the latest first, and `factors` what else they have; `field` is the request's name for the password.
    ///
    /// By default it costs nothing worth counting. With a score, a history or a source of breaches it costs up to 0.1
    /// seconds of a core, as many full hashes as the history is long, and a request to the source: charge a limit
    /// first.
    ///
    /// # Errors
    /// The field with the code of the first rule that it breaks; an outage of the hasher, or of the source if the
    /// application refuses on its outage.
    pub(crate) async fn check_new_password(
        &self,
        field: &'static str,
        password: &Password,
        contact: Option<&Contact>,
        name: &str,
        previous: &[PasswordHash],
        factors: FactorKinds,
    ) -> Result<(), Error> {
        let email = contact.and_then(Contact::email);
        let name = contact.map_or(Cow::Borrowed(name), |contact| Cow::Owned(contact.beside(name)));
        let name = name.as_ref();
        let broken = |error| Error::from(FieldError::password(field, error));
        self.check_password_rules(password, email, name, factors).map_err(broken)?;
        if self.is_guessable(password, email, name).await? {
            return Err(broken(PasswordError::TooGuessable));
        }
        if self.is_reused(password, previous).await? {
            return Err(broken(PasswordError::Reused));
        }
        if self.settings().breach_check.is_known(self.0.parts.runtime.as_ref(), password).await? {
            return Err(broken(PasswordError::Breached));
        }
        Ok(())
    }

    async fn is_reused(&self, password: &Password, previous: &[PasswordHash]) -> Result<bool, Error> {
        let history = usize::from(self.settings().password_rules.history);
        for hash in previous.iter().take(history) {
            match self.hasher().verify(password, Some(hash)).await {
                Ok(verdict) if verdict.matches => return Ok(true),
                // A hash that nobody can read keeps nobody from a new password.
                Ok(_) | Err(HashError::Unreadable) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }

    #[cfg(feature = "zxcvbn")]
    async fn is_guessable(&self, password: &Password, email: Option<&EmailAddress>, name: &str) -> Result<bool, Error> {
        let settings = self.settings();
        let Some(least) = settings.password_rules.min_score else { return Ok(false) };
        let (address, local) = email.map(|email| (email.canonical(), email.local_part())).unzip();
        let context = [address, local, Some(name), settings.product_name()];
        let context = context.into_iter().flatten().map(str::to_owned).collect();
        Ok(strength::score(password, context).await? < least)
    }

    #[cfg(not(feature = "zxcvbn"))]
    // `build` refuses a score without the feature.
    async fn is_guessable(&self, _: &Password, _: Option<&EmailAddress>, _: &str) -> Result<bool, Error> {
        Ok(false)
    }
}

#[cfg(feature = "zxcvbn")]
mod strength {
    //! The estimator zxcvbn, bounded.

    use tokio::sync::Semaphore;
    use usermgmt_core::error::{Error, Unavailable};
    use usermgmt_core::password::Password;
    use usermgmt_core::port::HashError;
    use zeroize::Zeroizing;

    /// Characters of the password that are scored. The time that zxcvbn takes grows faster than the text, above all
    /// with characters that can stand for letters: measured at most 0.1 seconds of a core at 32 characters and half a
    /// second at 64. What follows can only make a password harder to guess, so 32 that pass are enough.
    const SCORED_CHARS: usize = 32;
    /// Scores computed at once.
    const AT_ONCE: usize = 2;
    /// Scores computed and waiting; whoever comes then is told that too much is asked at once.
    const ADMITTED: usize = 32;

    static RUNNING: Semaphore = Semaphore::const_new(AT_ONCE);
    static ADMISSION: Semaphore = Semaphore::const_new(ADMITTED);

    /// 0 to 4, with what is known about the person as words to be expected.
    pub(super) async fn score(password: &Password, context: Vec<String>) -> Result<u8, Error> {
        let admitted = ADMISSION.try_acquire().map_err(|_| HashError::Busy)?;
        let running = RUNNING.acquire().await.map_err(|_| HashError::Failed)?;
        let text: Zeroizing<String> = Zeroizing::new(password.expose().chars().take(SCORED_CHARS).collect());
        let task = tokio::task::spawn_blocking(move || {
            let context: Vec<&str> = context.iter().map(String::as_str).collect();
            let score = zxcvbn::zxcvbn(&text, &context).score();
            // Held to the end of the work, also when whoever asked has gone.
            drop((admitted, running));
            u8::from(score)
        });
        task.await.map_err(|error| Unavailable::because(error).into())
    }
}

#[cfg(test)]
mod tests;
