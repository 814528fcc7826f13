//! The profile that a user edits.

use serde_json::Value;
use usermgmt_core::error::{Check, Error, FieldError, Refused};
use usermgmt_core::model::{Actor, AuditKind, Origin, Profile, User};
use usermgmt_core::proof::Principal;
use usermgmt_core::store::Write;
use usermgmt_core::text;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;

/// What a user sees and edits of their own.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OwnProfile {
    /// Name.
    pub name: String,
    /// Preferred language as a BCP 47 tag.
    pub locale: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// How to reach the person otherwise; not proven.
    pub contact: Option<String>,
    /// Name of a time zone of the IANA database.
    pub time_zone: Option<String>,
    /// Metadata that the application writes and everybody sees who sees the user.
    pub public: Value,
    /// Metadata that the user writes, such as preferences.
    pub own: Value,
}

/// What is to change; what is `None` stays, and an empty text clears.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange<'a> {
    /// Name, 1 to 64 characters.
    pub name: Option<&'a str>,
    /// Preferred language, one that the application speaks; empty for that of the browser.
    pub locale: Option<&'a str>,
    /// Address of a picture, an `https` URL of at most 2,048 bytes.
    pub picture: Option<&'a str>,
    /// How to reach the person otherwise, at most 256 characters.
    pub contact: Option<&'a str>,
    /// Name of a time zone of the IANA database, such as `Europe/Vienna`.
    pub time_zone: Option<&'a str>,
    /// Metadata that the user writes: a JSON object of at most 16 KiB that takes the place of the former one.
    pub own: Option<Value>,
}

fn picture(text: &str) -> Result<String, FieldError> {
    if text.len() > 2_048 {
        return Err(FieldError::new("picture", FieldError::TOO_LONG));
    }
    let url = url::Url::parse(text).ok().filter(|url| url.scheme() == "https" && url.has_host());
    let plain = url.filter(|url| url.username().is_empty() && url.password().is_none());
    plain.map(String::from).ok_or(FieldError::new("picture", FieldError::MALFORMED))
}

/// `Area/Location` of the IANA database by its form: letters, digits and `_+-`, in parts between slashes. Whether there
/// is such a zone is for whoever computes with it.
fn time_zone(text: &str) -> Result<String, FieldError> {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    let fits = text.len() <= 64 && text.split('/').all(part) && text.split('/').count() <= 3;
    if fits { Ok(text.to_owned()) } else { Err(FieldError::new("time_zone", FieldError::MALFORMED)) }
}

/// A field that an empty text clears.
fn clearing(
    given: Option<&str>,
    present: Option<String>,
    read: impl FnOnce(&str) -> Result<String, FieldError>,
) -> Result<Option<String>, FieldError> {
    match given.map(str::trim) {
        None => Ok(present),
        Some("") => Ok(None),
        Some(text) => read(text).map(Some),
    }
}

impl UserMgmt {
    /// The principal's own profile.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or an outage.
    pub async fn profile(&self, principal: &Principal) -> Result<OwnProfile, Error> {
        let user = self.store().user(self.realm(), principal.user()).await?.ok_or(Refused::NotFound)?;
        let profile = self.store().profile(user.id).await?;
        let Profile { picture, contact, time_zone, public, own, .. } =
            profile.unwrap_or_else(|| Profile::empty(user.id, Origin::SignUp));
        Ok(OwnProfile { name: user.name, locale: user.locale, picture, contact, time_zone, public, own })
    }

    /// Changes the principal's own profile.
    ///
    /// # Errors
    /// Invalid fields (`name`, `locale`, `picture`, `contact`, `time_zone`, `own`); [`Refused::AuthorityChanged`]; or
    /// an outage.
    pub async fn change_profile(
        &self,
        client: &Client,
        principal: &Principal,
        change: ProfileChange<'_>,
    ) -> Result<(), Error> {
        let actor = Actor::User { user: principal.user(), session: Some(principal.session()) };
        committing!(self, client, |flow| {
            let user = self.store().user(self.realm(), principal.user()).await?.ok_or(Refused::AuthorityChanged)?;
            let profile = self.store().profile(user.id).await?;
            let profile = profile.unwrap_or_else(|| Profile::empty(user.id, Origin::SignUp));
            let (user, profile) = self.changed(user, profile, &change)?;
            let changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
            let audit = flow.audit(AuditKind::UserUpdated, actor.clone(), user.id, serde_json::json!({}))?;
            (changes.with(Write::PutUser(user)).with(Write::PutProfile(profile)).with(audit), ())
        })
    }

    /// The rows with what is to change.
    pub(crate) fn changed(
        &self,
        user: User,
        profile: Profile,
        change: &ProfileChange<'_>,
    ) -> Result<(User, Profile), Error> {
        let mut check = Check::default();
        let name = check.take(change.name.map_or(Ok(user.name.clone()), |name| text::name("name", name)));
        let known = |tag: &str| {
            let tag = self.texts().exactly(tag);
            tag.ok_or(FieldError::new("locale", FieldError::MALFORMED))
        };
        let locale = check.take(clearing(change.locale, user.locale.clone(), known));
        let picture = check.take(clearing(change.picture, profile.picture.clone(), picture));
        let contact =
            check.take(clearing(change.contact, profile.contact.clone(), |contact| text::line("contact", contact)));
        let time_zone = check.take(clearing(change.time_zone, profile.time_zone.clone(), time_zone));
        let own = check.take(change.own.clone().map_or(Ok(profile.own.clone()), |own| text::object("own", own)));
        check.end()?;
        let user = User { name: name.unwrap_or_default(), locale: locale.flatten(), ..user };
        let (picture, contact, time_zone) = (picture.flatten(), contact.flatten(), time_zone.flatten());
        Ok((user, Profile { picture, contact, time_zone, own: own.unwrap_or_default(), ..profile }))
    }
}
