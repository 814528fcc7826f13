//! Sign-in.

use std::sync::Arc;

use time::OffsetDateTime;
use usermgmt_core::address::EmailAddress;
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Check, Error, FieldError, Refused};
use usermgmt_core::flow::change_password;
use usermgmt_core::flow::sign_in::{self, Entry, Facts, Next, Terms};
use usermgmt_core::flow::usernames;
use usermgmt_core::id::OrgId;
use usermgmt_core::model::{Attempt, AuditKind, Method, PasswordCredential, SignInRecord};
use usermgmt_core::password::Password;
use usermgmt_core::port::BotPurpose;
use usermgmt_core::proof::{
    ChooseOrg, EnrolFactor, EnrolPasskey, Grant, NewPassword, Principal, ProveFactor, Step as _, VerifyAddress,
};
use usermgmt_core::secret::{Bearer, Digest};
use usermgmt_core::store::Write;
use usermgmt_sessions::Device;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::{Tries, committing};
use crate::device;
use crate::limits::Meter;
use crate::reset_password::previous;
use crate::sign_up::Secret;

/// What somebody enters who signs in.
#[derive(Clone, Debug)]
pub struct SignIn<'a> {
    /// E-mail address, or username where there are such.
    pub email: &'a str,
    /// Password.
    pub password: Secret<'a>,
    /// Whether to stay signed in when the browser closes.
    pub remember: bool,
}

/// Somebody is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session's secret, for its cookie.
    pub session: Bearer,
    /// Who.
    pub principal: Arc<Principal>,
    /// Value of the cookie by which the account knows this device from now on.
    pub device: String,
    /// The sessions of other accounts that wait in this browser, where there may be several.
    pub waiting: Vec<Bearer>,
    /// Whether to offer a passkey: it was signed in without one, and the account has none.
    pub offer_passkey: bool,
    /// When the session ends, if its cookie is to outlive the browser.
    pub cookie_expires_at: Option<OffsetDateTime>,
}

/// What a sign-in still needs. Pending is signed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingStep {
    /// The address must be proven.
    VerifyAddress {
        /// The address, as it was typed at sign-up.
        email: String,
    },
    /// A second factor must be proven.
    SecondFactor {
        /// By one of these methods.
        methods: Vec<Method>,
    },
    /// A second factor must be enrolled.
    EnrolFactor,
    /// The account has nothing to sign in by: its first passkey must be made.
    EnrolPasskey,
    /// A new password must be set: the present one is too old, or was given by somebody else.
    NewPassword,
    /// One of these organisations must be chosen.
    ChooseOrg {
        /// Id and name of each.
        orgs: Vec<(OrgId, String)>,
    },
}

impl PendingStep {
    /// Stable word for this step.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::VerifyAddress { .. } => VerifyAddress::WORD,
            Self::SecondFactor { .. } => ProveFactor::WORD,
            Self::EnrolFactor => EnrolFactor::WORD,
            Self::EnrolPasskey => EnrolPasskey::WORD,
            Self::NewPassword => NewPassword::WORD,
            Self::ChooseOrg { .. } => ChooseOrg::WORD,
        }
    }
}

/// Where a sign-in stands.
#[derive(Clone, Debug)]
pub enum SignInOutcome {
    /// Complete.
    Complete(Box<SignedIn>),
    /// Begun: the first proof was right, and this is needed next.
    Pending {
        /// The attempt's secret, for its cookie; `None` if the browser has it already.
        attempt: Option<Bearer>,
        /// The secret that names the browser from now on.
        browser: Bearer,
        /// What is needed.
        step: PendingStep,
    },
}

impl UserMgmt {
    /// Signs in by password.
    ///
    /// A wrong password and an unknown address cost the same hash and the same read and get the same answer.
    ///
    /// # Errors
    /// Invalid fields, [`Refused::InvalidCredentials`], [`Refused::AccountUnavailable`] (only after the right
    /// password), too many attempts, or an outage.
    pub async fn sign_in(&self, client: &Client, input: SignIn<'_>) -> Result<SignInOutcome, Error> {
        self.settings().passwords()?;
        let mut check = Check::default();
        let name = check.take(self.sign_in_name("email", input.email));
        let password = Password::new(input.password.0).map_err(|error| FieldError::password("password", error));
        let password = check.take(password);
        check.end()?;
        let (Some(name), Some(password)) = (name, password) else { return Err(Refused::InvalidCredentials.into()) };
        let meant = self.meant(client, name).await?;

        let now = self.now();
        let meter = Meter::new(self, client);
        let known = client.device.as_deref();
        let known = known.and_then(|value| device::recognise(self.keys(), value, meant.device_key(), now));
        let mut guesses = meter.wrong_password(meant.key(), known.as_deref());
        let mut charges = guesses.clone();
        charges.push(meter.sign_in());
        if let Some(throttled) = meter.passes(&charges, now).await? {
            if meter.is_of_account(&throttled, meant.key()) {
                self.warn_owner(client, &meter, meant.into_name()).await?;
            }
            return Err(meter.refuse(&throttled, now));
        }
        guesses.extend(self.pass_bot_check(client, &meter, BotPurpose::SignIn, &guesses).await?);

        let record = self.account_of(&meant).await?;
        let guess = match known {
            Some(_) => Some(Vec::new()),
            None => self.guess(client, &meter, &meant, record.as_ref(), now).await?,
        };
        let stored = record.as_ref().and_then(|record| record.password.as_ref());
        let verdict = self.hasher().verify(&password, stored.map(|stored| &stored.hash)).await?;
        let Some((mut record, guess)) = record.filter(|_| verdict.matches).zip(guess) else {
            self.refusals().note_sign_in(client, meant.key(), "invalid_credentials", now);
            return Err(Refused::InvalidCredentials.into());
        };
        guesses.extend(guess);
        meter.give_back(&guesses, now).await?;
        if verdict.outdated {
            self.rehash(client, &record, &password).await;
        }
        self.outgrow(client, &mut record, &password).await?;
        self.begin(client, record, Method::Password, input.remember).await
    }

    /// Begins a sign-in whose first proof was right.
    pub(crate) async fn begin(
        &self,
        client: &Client,
        record: SignInRecord,
        method: Method,
        persistent: bool,
    ) -> Result<SignInOutcome, Error> {
        // The browser keeps its name; a new one was minted if it had none.
        let mut client = client.clone();
        let browser = self.browser(&client)?;
        let entry = Entry { browser: browser.digest(), persistent };
        client.browser = Some(browser);
        let client = &client;
        let flow = self.flow(client);
        let (attempt, secret) = sign_in::begin(&flow, &record, method, entry)?;
        let facts = sign_in::facts_of(&flow, record).await?;
        // At the host of an organisation there is nothing to choose, for whoever belongs to it.
        let org = match &client.organization {
            Some(slug) => self.store().org_by_slug(self.realm(), slug).await?.map(|org| org.id),
            None => None,
        };
        let mut attempt = Attempt { org, ..attempt };
        self.with_trust(&flow, client, &mut attempt, &facts).await?;
        let next = self.next(attempt, &facts).inspect_err(|refused| {
            self.refusals().note(AuditKind::SignInRefused, client, refused.code(), flow.now);
        })?;
        self.proceed(client, next, facts, (Some(secret), true)).await
    }

    /// Takes a stored attempt up again, after a step was done elsewhere.
    ///
    /// # Errors
    /// [`Refused::AttemptExpired`], or an outage.
    pub async fn resume(&self, client: &Client, attempt: &Bearer) -> Result<SignInOutcome, Error> {
        let attempt = self.find_attempt(client, attempt).await?;
        self.advance(client, attempt).await
    }

    /// Where a stored attempt stands. Changes nothing, and completes nothing: a safe request may ask.
    ///
    /// # Errors
    /// [`Refused::AttemptExpired`], also for an attempt that only has to be taken up again, or an outage.
    pub async fn peek(&self, client: &Client, attempt: &Bearer) -> Result<PendingStep, Error> {
        let attempt = self.find_attempt(client, attempt).await?;
        let facts = sign_in::facts(&self.flow(client), &attempt).await?;
        let next = self.next(attempt, &facts)?;
        let pending = pending(next, &facts).map_err(|_| Refused::AttemptExpired)?;
        Ok(pending.1)
    }

    /// Chooses the organisation that the session will act in.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for an organisation that is not offered, [`Refused::AttemptExpired`], or an outage.
    pub async fn choose_org(&self, client: &Client, attempt: &Bearer, org: OrgId) -> Result<SignInOutcome, Error> {
        let attempt = self.find_attempt(client, attempt).await?;
        let flow = self.flow(client);
        let facts = sign_in::facts(&flow, &attempt).await?;
        if !facts.orgs.iter().any(|offered| offered.org == org) {
            return Err(Refused::NotFound.into());
        }
        let next = self.next(Attempt { org: Some(org), ..attempt }, &facts)?;
        self.proceed(client, next, facts, (None, true)).await
    }

    /// Decides what an attempt needs next.
    pub(crate) fn next(&self, attempt: Attempt, facts: &Facts) -> Result<Next, Refused> {
        let due = self.due();
        let settings = self.settings();
        let second_factor_on_demand = settings.second_factor_on_demand;
        let passkey_or_password = settings.has_passkey_sign_up() && !settings.has_sign_in_mails();
        let terms = Terms { policy: &settings.policy, second_factor_on_demand, passkey_or_password, due: &due };
        sign_in::next(attempt, facts, terms, self.now())
    }

    pub(crate) async fn find_attempt(&self, client: &Client, secret: &Bearer) -> Result<Attempt, Error> {
        let browser = client.browser.as_ref().map_or(Digest::of(b""), Bearer::digest);
        sign_in::find(&self.flow(client), secret, browser).await
    }

    /// Whether a password must be changed now.
    fn due(&self) -> impl Fn(&PasswordCredential) -> bool + '_ {
        let now = self.now();
        move |password| password.must_change || self.settings().password_rules.is_aged(password.changed_at, now)
    }

    /// Sets the new password that a sign-in waits for, and goes on with it. Whatever else was begun with the former
    /// one ends; the owner is told by mail.
    ///
    /// # Errors
    /// An invalid `password`, [`Refused::AttemptExpired`] also for an attempt that waits for something else, too many
    /// attempts, or an outage.
    pub async fn set_new_password(
        &self,
        client: &Client,
        attempt: &Bearer,
        password: Secret<'_>,
    ) -> Result<SignInOutcome, Error> {
        let password = Password::new(password.0).map_err(|error| FieldError::password("password", error))?;
        let attempt = self.find_attempt(client, attempt).await?;
        let facts = sign_in::facts(&self.flow(client), &attempt).await?;
        let Next::NewPassword(_) = self.next(attempt.clone(), &facts)? else {
            return Err(Refused::AttemptExpired.into());
        };
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(facts.user.id)], self.now()).await?;
        let contact = Contact::of(&facts.identifier);
        let former = facts.password.as_ref();
        // The present one is never the new one here, whatever the rules say about earlier ones.
        let own = former.map(|former| former.hash.clone());
        if self.hasher().verify(&password, own.as_ref()).await?.matches {
            return Err(FieldError::new("password", "reused").into());
        }
        let previous = previous(former);
        self.check_new_password(
            "password",
            &password,
            contact.as_ref(),
            &facts.user.name,
            &previous,
            facts.user.factors,
        )
        .await?;
        let hash = self.hasher().hash(&password).await?;
        let flow = self.flow(client);
        let history = self.settings().password_rules.history;
        let (changes, attempt) = change_password::plan_step(&flow, attempt, &facts, hash, history).await?;
        self.commit_raw(changes).await?;
        self.advance(client, attempt).await
    }

    pub(crate) async fn advance(&self, client: &Client, attempt: Attempt) -> Result<SignInOutcome, Error> {
        let facts = sign_in::facts(&self.flow(client), &attempt).await?;
        let next = self.next(attempt, &facts)?;
        self.proceed(client, next, facts, (None, false)).await
    }

    /// Completes, or answers what is needed; an attempt that is new or has learned something is stored before that.
    async fn proceed(
        &self,
        client: &Client,
        next: Next,
        facts: Facts,
        (secret, is_new): (Option<Bearer>, bool),
    ) -> Result<SignInOutcome, Error> {
        let (attempt, step) = match pending(next, &facts) {
            Ok(pending) => pending,
            Err(grant) => return self.complete(client, &grant).await,
        };
        if is_new {
            let flow = self.flow(client);
            self.commit_raw(sign_in::plan_pending(&flow, attempt, step.word())?).await?;
        }
        Ok(SignInOutcome::Pending { attempt: secret, browser: self.browser(client)?, step })
    }

    /// Turns a grant into a session: the only way to one.
    async fn complete(&self, client: &Client, grant: &Grant) -> Result<SignInOutcome, Error> {
        let mut tries = Tries::default();
        // Beside another account goes on what was there; the same account has one session in a browser.
        let stays = |former: &&Principal| self.settings().several_accounts && former.user() != grant.user();
        let replaces = client.principal.as_deref().filter(|former| !stays(former));
        let device = Device { label: client.label.as_deref(), replaces };
        let novelty = self.novelty(client, grant.user()).await?;
        loop {
            let flow = self.flow(client);
            let (mut changes, session, secret) =
                usermgmt_sessions::begin(&flow, grant, &self.settings().sessions, device).await?;
            novelty.tell(&flow, &mut changes, &session).await?;
            match self.commit_raw(changes).await {
                Ok(_) => {
                    let principal = self.principal(&secret).await?.ok_or(Refused::AttemptExpired)?;
                    let canonical = self.device_key(&principal).await?;
                    let device = device::issue(self.keys(), self.random(), &canonical, flow.now)?;
                    let cookie_expires_at = session.persistent.then_some(session.expires_at);
                    let waiting = self.waiting(client, grant.user()).await?;
                    let offer_passkey = self.settings().offers_passkeys() && !principal.factors().has_passkey();
                    let session = secret;
                    let signed_in = SignedIn { session, principal, device, waiting, offer_passkey, cookie_expires_at };
                    return Ok(SignInOutcome::Complete(Box::new(signed_in)));
                }
                Err(error) if tries.again(&error) => {}
                Err(error) => {
                    novelty.forget(self).await;
                    return Err(error.into());
                }
            }
        }
    }

    /// What a device knows the account by: its primary address, or the number or username of somebody without one.
    async fn device_key(&self, principal: &Principal) -> Result<String, Error> {
        if let Some(email) = principal.email().and_then(|email| EmailAddress::parse(email).ok()) {
            return Ok(email.canonical().to_owned());
        }
        let names = self.store().identifiers(principal.user()).await?;
        let phone = names.iter().find(|name| name.kind.is_contact() && name.primary);
        Ok(phone.or_else(|| usernames::present(&names)).map(|name| name.canonical.clone()).unwrap_or_default())
    }

    /// Where passwords that stand alone must be longer: one that is too short without a second factor must be changed.
    async fn outgrow(&self, client: &Client, record: &mut SignInRecord, password: &Password) -> Result<(), Error> {
        let rules = &self.settings().password_rules;
        let asks_more = rules.shortest(false) > rules.shortest(true) && !record.user.factors.is_asked();
        let is_short = asks_more && rules.check_length(password, false).is_err();
        let Some(stored) = record.password.as_mut().filter(|stored| is_short && !stored.must_change) else {
            return Ok(());
        };
        committing!(self, client, |flow| {
            let present = self.store().password(stored.user).await?;
            // Whoever has changed it meanwhile has met the rule.
            let Some(present) = present.filter(|present| present.changed_at == stored.changed_at) else {
                return Ok(());
            };
            let actor = usermgmt_core::model::Actor::System { reason: "no second factor".into() };
            let audit = flow.audit(AuditKind::PasswordOutgrown, actor, stored.user, serde_json::json!({}))?;
            let marked = Write::PutPassword(PasswordCredential { must_change: true, ..present });
            (flow.changes()?.with(marked).with(audit), ())
        })?;
        stored.must_change = true;
        Ok(())
    }

    /// Makes the hash anew at today's cost, unless the password was changed meanwhile. Failing is no reason to refuse
    /// a sign-in that was right: the next one tries again.
    async fn rehash(&self, client: &Client, record: &SignInRecord, password: &Password) {
        let Some(stored) = &record.password else { return };
        let Ok(hash) = self.hasher().hash(password).await else { return };
        let flow = self.flow(client);
        let actor = usermgmt_core::model::Actor::System { reason: "hash cost has risen".into() };
        let audit = flow.audit(AuditKind::PasswordRehashed, actor, record.user.id, serde_json::json!({}));
        if let (Ok(changes), Ok(audit)) = (flow.changes(), audit) {
            let write = Write::PutPassword(PasswordCredential { hash, ..stored.clone() });
            if let Err(error) = self.commit_raw(changes.with(write).with(audit)).await {
                tracing::debug!(kind = ?error.kind(), "a password hash was not renewed");
            }
        }
    }
}

/// What an attempt waits for, or the grant of one that waits for nothing.
fn pending(next: Next, facts: &Facts) -> Result<(Attempt, PendingStep), Box<Grant>> {
    Ok(match next {
        Next::Complete(grant) => return Err(Box::new(grant)),
        Next::VerifyAddress(pending) => {
            (pending.attempt().clone(), PendingStep::VerifyAddress { email: facts.identifier.display.clone() })
        }
        Next::SecondFactor(pending) => {
            let methods = sign_in::open_methods(pending.attempt(), facts.user.factors);
            (pending.attempt().clone(), PendingStep::SecondFactor { methods })
        }
        Next::NewPassword(pending) => (pending.attempt().clone(), PendingStep::NewPassword),
        Next::EnrolFactor(pending) => (pending.attempt().clone(), PendingStep::EnrolFactor),
        Next::EnrolPasskey(pending) => (pending.attempt().clone(), PendingStep::EnrolPasskey),
        Next::ChooseOrg(pending, orgs) => (pending.attempt().clone(), PendingStep::ChooseOrg { orgs }),
    })
}
