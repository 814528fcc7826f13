//! The pages of API keys: the caller's own, and those that act in the organisation.

use minijinja::{Value, context};
use time::{Duration, OffsetDateTime};
use usermgmt_service::core::api_key::ApiKeySecret;
use usermgmt_service::core::id::UserId;
use usermgmt_service::core::model::KeyOwner;
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::core::proof::OrgScope;
use usermgmt_service::{ApiKeyItem, Error, FieldError, KeyLife, KeySet, ManageApiKeys, NewKey, Refused};

use super::api_keys::{PAGE, of_org, own, part};
use crate::input::Fields;
use crate::pages::ago::ago;
use crate::pages::organization::{RIGHT, listed, renamed, right_boxes, right_name, say};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 1] = [("ended", "api-key-ended")];
/// Names of the fields; others are for the names of people.
const NAME: &str = "key_name";
const DAYS: &str = "days";
const FIELDS: [&str; 3] = [NAME, DAYS, "right:*"];

/// Whose keys a page is about.
struct Place<'a> {
    path: &'static str,
    keys: KeySet<'a>,
    /// Where keys act that are made here.
    scope: Option<OrgScope>,
    of_org: bool,
}

impl<'a> Place<'a> {
    fn own(context: &Context<'a>) -> Result<Self, Problem> {
        // Under a policy that is not met the keys are seen and ended, and none is made.
        let scope = context.auth.scope(context.principal()?).ok();
        Ok(Self { path: "/account/api-keys", keys: own(context)?, scope, of_org: false })
    }

    fn of_org(context: &Context<'a>) -> Result<Self, Problem> {
        let scope = context.permit::<ManageApiKeys>()?.scope().clone();
        Ok(Self { path: "/organization/api-keys", keys: of_org(context)?, scope: Some(scope), of_org: true })
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
    place: &Place<'_>,
    entered: Entered<'_>,
    page: Page<'_>,
    secret: Option<&ApiKeySecret>,
) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice", "cursor"])?;
    let found = place.keys.list(part(&query)?).await.map_err(|error| context.problem(error))?;
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
    let notice = query.choice("notice", &NOTICES);
    Ok(pages::page(context, "api_keys.html", Page { values, data, notice, ..page }))
}

/// Names of the members whose keys are listed.
async fn members(
    context: &Context<'_>,
    place: &Place<'_>,
    items: &[ApiKeyItem],
) -> Result<Vec<(UserId, String)>, Problem> {
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

fn row(context: &Context<'_>, place: &Place<'_>, key: &ApiKeyItem, members: &[(UserId, String)]) -> Value {
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

async fn page(context: &Context<'_>, place: &Place<'_>) -> Result<Response, Problem> {
    shown(context, place, Entered::default(), Page::default(), None).await
}

/// Makes a key and shows its secret, in this one answer. A living key of the same name is most likely this form, sent
/// again.
async fn make(context: &Context<'_>, place: &Place<'_>, fields: &Fields) -> Result<Response, Problem> {
    let rights = fields.ticked(RIGHT);
    let entered = || Entered { name: fields.text(NAME), days: fields.text(DAYS), rights: &rights };
    match wanted(context, place, fields, &rights).await {
        Ok((_, secret)) => shown(context, place, Entered::default(), Page::default(), Some(&secret)).await,
        Err(problem) => {
            let problem = renamed(renamed(renamed(problem, "name", NAME), "scopes", "rights"), "life", DAYS);
            shown(context, place, entered(), Page { problem: Some(&problem), ..Page::default() }, None).await
        }
    }
}

async fn wanted(
    context: &Context<'_>,
    place: &Place<'_>,
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
    let present = place.keys.list(PageRequest::first(PAGE)).await.map_err(|error| context.problem(error))?;
    let owner = place.keys.owner();
    if present.items.iter().any(|key| key.live && key.owner == owner && key.name == name) {
        return Err(wrong(NAME, FieldError::TAKEN));
    }
    let new = NewKey { name, scopes: rights, life };
    place.keys.make(&context.client, &context.fresh()?, new).await.map_err(|error| context.problem(error))
}

async fn end(context: &Context<'_>, place: &Place<'_>, owner: KeyOwner) -> Result<Response, Problem> {
    match place.keys.end(&context.client, owner, context.id("key")?).await {
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
    let fields = context.form(&FIELDS)?;
    make(context, &Place::own(context)?, &fields).await
}

pub(super) async fn own_end_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    let place = Place::own(context)?;
    end(context, &place, place.keys.owner()).await
}

pub(super) async fn org_page(context: &Context<'_>) -> Result<Response, Problem> {
    page(context, &Place::of_org(context)?).await
}

pub(super) async fn org_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&FIELDS)?;
    make(context, &Place::of_org(context)?, &fields).await
}

pub(super) async fn org_end_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    let place = Place::of_org(context)?;
    end(context, &place, place.keys.owner()).await
}

pub(super) async fn member_end_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    end(context, &Place::of_org(context)?, KeyOwner::User(context.id("user")?)).await
}
