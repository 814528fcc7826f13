//! The pages of API keys: the caller's own, and those that act in the organisation.

use minijinja::{Value, context};
use time::{Duration, OffsetDateTime};
use usermgmt_service::core::api_key::ApiKeySecret;
use usermgmt_service::core::id::{ApiKeyId, UserId};
use usermgmt_service::core::model::KeyOwner;
use usermgmt_service::core::page::{Page as Part, PageRequest};
use usermgmt_service::core::proof::OrgScope;
use usermgmt_service::{ApiKeyItem, Error, FieldError, KeyLife, ManageApiKeys, NewKey, Refused};

use super::api_keys::keys;
use crate::input::Fields;
use crate::pages::ago::ago;
use crate::pages::organization::{RIGHT, listed, renamed, right_boxes, right_name, say};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Keys on the page.
const PAGE: u32 = 50;
/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 1] = [("ended", "api-key-ended")];
/// Names of the fields; others are for the names of people.
const NAME: &str = "key_name";
const DAYS: &str = "days";

/// Whose keys a page is about.
#[derive(Clone)]
struct Place {
    path: &'static str,
    /// Where keys act that are made here.
    scope: Option<OrgScope>,
    of_org: bool,
}

impl Place {
    fn own(context: &Context<'_>) -> Result<Self, Problem> {
        let scope = context.auth.scope(context.principal()?).ok();
        Ok(Self { path: "/account/api-keys", scope, of_org: false })
    }

    fn of_org(context: &Context<'_>) -> Result<Self, Problem> {
        let permit = context.permit::<ManageApiKeys>()?;
        Ok(Self { path: "/organization/api-keys", scope: Some(permit.scope().clone()), of_org: true })
    }

    async fn items(
        &self,
        context: &Context<'_>,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Part<ApiKeyItem, ApiKeyId>, Problem> {
        let keys = keys(context)?;
        let found = if self.of_org {
            keys.list_in_org(&context.permit::<ManageApiKeys>()?, page).await
        } else {
            keys.list(context.principal()?, page).await
        };
        found.map_err(|error| context.problem(error))
    }

    async fn make(&self, context: &Context<'_>, new: NewKey<'_>) -> Result<(ApiKeyItem, ApiKeySecret), Problem> {
        let (keys, fresh) = (keys(context)?, context.fresh()?);
        let made = if self.of_org {
            keys.make_for_org(&context.client, &context.permit::<ManageApiKeys>()?, &fresh, new).await
        } else {
            keys.make(&context.client, context.principal()?, &fresh, new).await
        };
        made.map_err(|error| context.problem(error))
    }
}

/// What stands in the form.
#[derive(Default)]
struct Entered<'a> {
    name: &'a str,
    days: &'a str,
    rights: &'a [String],
}

async fn shown(
    context: &Context<'_>,
    place: &Place,
    entered: Entered<'_>,
    page: Page<'_>,
    secret: Option<&ApiKeySecret>,
) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice", "cursor"])?;
    let part = PageRequest::first(PAGE);
    let part = match query.get("cursor") {
        Some(cursor) => part.after(cursor.parse().map_err(|_| Problem::MALFORMED)?),
        None => part,
    };
    let found = place.items(context, part).await?;
    let members = members(context, place, &found.items).await?;
    let org = place.scope.as_ref().filter(|_| place.of_org);
    let data = context! {
        path => place.path, organization => org.map(|scope| scope.org().to_string()),
        organization_name => org.map(OrgScope::name), secret => secret.map(ApiKeySecret::expose),
        items => found.items.iter().map(|key| row(context, place, key, &members)).collect::<Vec<_>>(),
        boxes => place.scope.as_ref().map(|scope| right_boxes(context, scope, entered.rights)).unwrap_or_default(),
        fresh => context.fresh().is_ok(), step_up => pages::onward(&context.path(place.path)),
        next => found.next.map(|cursor| listed(context, place.path, &[("cursor", &cursor.to_string())])),
    };
    let values = vec![(NAME, entered.name), (DAYS, entered.days)];
    Ok(pages::page(context, "api_keys.html", Page { values, data, ..page }))
}

/// Names of the members whose keys are listed.
async fn members(context: &Context<'_>, place: &Place, items: &[ApiKeyItem]) -> Result<Vec<(UserId, String)>, Problem> {
    let owner = |key: &ApiKeyItem| match key.owner {
        KeyOwner::User(user) => Some(user),
        KeyOwner::Org(_) => None,
    };
    let users: Vec<_> = items.iter().filter_map(owner).collect();
    if !place.of_org || users.is_empty() {
        return Ok(Vec::new());
    }
    let found = context.auth.store().users_among(context.auth.realm(), &users).await;
    let found = found.map_err(|error| context.problem(error.into()))?;
    Ok(found.into_iter().map(|user| (user.id, user.name)).collect())
}

fn row(context: &Context<'_>, place: &Place, key: &ApiKeyItem, members: &[(UserId, String)]) -> Value {
    let used = match key.used_at.map(|at| ago(context, context.now - at)) {
        Some(Some(ago)) => say(context, "api-key-used", &[("ago", &ago)]),
        Some(None) => say(context, "api-key-used-now", &[]),
        None => say(context, "api-key-unused", &[]),
    };
    let (member, end) = match (place.of_org, key.owner) {
        (true, KeyOwner::User(user)) => {
            let name = members.iter().find(|(id, _)| *id == user).map(|(_, name)| name.as_str());
            (name, format!("/organization/members/{user}/api-keys/{}/end", key.id))
        }
        _ => (None, format!("{}/{}/end", place.path, key.id)),
    };
    context! {
        name => key.name.as_str(), beginning => format!("{}…", key.beginning), live => key.live, used, member, end,
        ends => key.live.then(|| ends(context, key.expires_at)),
        rights => key.scopes.iter().map(|right| right_name(context, right)).collect::<Vec<_>>(),
    }
}

fn ends(context: &Context<'_>, at: Option<OffsetDateTime>) -> String {
    let Some(at) = at else { return say(context, "api-key-endless", &[]) };
    // Begun days count: on its last day a key ends within one.
    let days = (at - context.now - Duration::SECOND).whole_days().max(0) + 1;
    say(context, "api-key-ends", &[("days", &days.to_string())])
}

async fn page(context: &Context<'_>, place: &Place) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice", "cursor"])?;
    let notice = query.choice("notice", &NOTICES);
    shown(context, place, Entered::default(), Page { notice, ..Page::default() }, None).await
}

/// Makes a key and shows its secret, in this one answer. A living key of the same name is most likely this form, sent
/// again.
async fn make(context: &Context<'_>, place: &Place) -> Result<Response, Problem> {
    let fields = context.form(&[NAME, DAYS, "right:*"])?;
    let rights = fields.ticked(RIGHT);
    let entered = || Entered { name: fields.text(NAME), days: fields.text(DAYS), rights: &rights };
    match wanted(context, place, &fields, &rights).await {
        Ok((_, secret)) => shown(context, place, Entered::default(), Page::default(), Some(&secret)).await,
        Err(problem) => {
            let problem = renamed(renamed(renamed(problem, "name", NAME), "scopes", "rights"), "life", DAYS);
            shown(context, place, entered(), Page { problem: Some(&problem), ..Page::default() }, None).await
        }
    }
}

async fn wanted(
    context: &Context<'_>,
    place: &Place,
    fields: &Fields,
    rights: &[String],
) -> Result<(ApiKeyItem, ApiKeySecret), Problem> {
    let wrong = |field, code| context.problem(Error::from(FieldError::new(field, code)));
    let life = match fields.get(DAYS) {
        Some(days) => KeyLife::For(Duration::days(
            days.trim().parse::<u16>().map_err(|_| wrong(DAYS, FieldError::MALFORMED))?.into(),
        )),
        None => KeyLife::Usual,
    };
    let name = fields.text(NAME).trim();
    let present = place.items(context, PageRequest::first(PAGE)).await?;
    let own =
        |key: &&ApiKeyItem| matches!((place.of_org, key.owner), (true, KeyOwner::Org(_)) | (false, KeyOwner::User(_)));
    if present.items.iter().filter(own).any(|key| key.live && key.name == name) {
        return Err(wrong(NAME, FieldError::TAKEN));
    }
    place.make(context, NewKey { name, scopes: rights, life }).await
}

fn ended(context: &Context<'_>, place: &Place, done: Result<(), Error>) -> Result<Response, Problem> {
    match done {
        // Pressed twice, or ended elsewhere: the list shows that it is over.
        Ok(()) | Err(Error::Refused(Refused::NotFound)) => {
            Ok(wire::see_other(&context.path(&format!("{}?notice=ended", place.path))))
        }
        Err(error) => Err(context.problem(error)),
    }
}

pub(super) async fn own_page(context: &Context<'_>) -> Result<Response, Problem> {
    page(context, &Place::own(context)?).await
}

pub(super) async fn own_form(context: &Context<'_>) -> Result<Response, Problem> {
    make(context, &Place::own(context)?).await
}

pub(super) async fn own_end_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    let done = keys(context)?.end(&context.client, context.principal()?, context.id("key")?).await;
    ended(context, &Place::own(context)?, done)
}

pub(super) async fn org_page(context: &Context<'_>) -> Result<Response, Problem> {
    page(context, &Place::of_org(context)?).await
}

pub(super) async fn org_form(context: &Context<'_>) -> Result<Response, Problem> {
    make(context, &Place::of_org(context)?).await
}

pub(super) async fn org_end_form(context: &Context<'_>) -> Result<Response, Problem> {
    let owner = KeyOwner::Org(context.permit::<ManageApiKeys>()?.scope().org());
    end_in_org(context, owner).await
}

pub(super) async fn member_end_form(context: &Context<'_>) -> Result<Response, Problem> {
    end_in_org(context, KeyOwner::User(context.id("user")?)).await
}

async fn end_in_org(context: &Context<'_>, owner: KeyOwner) -> Result<Response, Problem> {
    context.form(&[])?;
    let permit = context.permit::<ManageApiKeys>()?;
    let done = keys(context)?.end_in_org(&context.client, &permit, owner, context.id("key")?).await;
    ended(context, &Place::of_org(context)?, done)
}
