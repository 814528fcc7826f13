//! How a message looks to a provider. What is filled in is filled in behind the parser, into values only.

use serde_json::Value;
use usermgmt_core::port::Sms;

use super::SmsConfigError;

/// The shape of a request's body, with places for the message.
#[derive(Clone)]
pub(super) enum Template {
    Json(Value),
    Form(Vec<(String, String)>),
}

/// What a value can hold a place for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    To,
    ToDigits,
    Text,
    Id,
}

const PLACES: [(&str, Place); 4] =
    [("{to}", Place::To), ("{to_digits}", Place::ToDigits), ("{text}", Place::Text), ("{id}", Place::Id)];

impl Template {
    pub(super) fn json(text: &str) -> Result<Self, SmsConfigError> {
        let template = serde_json::from_str(text).map_err(|_| SmsConfigError::Template)?;
        let mut strings = Vec::new();
        collect(&template, &mut strings);
        check(&strings)?;
        Ok(Self::Json(template))
    }

    pub(super) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SmsConfigError> {
        let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        check(&fields.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>())?;
        Ok(Self::Form(fields))
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json",
            Self::Form(_) => "application/x-www-form-urlencoded",
        }
    }

    pub(super) fn fill(&self, sms: &Sms) -> String {
        match self {
            Self::Json(template) => filled(template, sms).to_string(),
            Self::Form(fields) => {
                let fields = fields.iter().map(|(name, value)| (name, fill(value, sms)));
                url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
            }
        }
    }
}

fn collect<'a>(value: &'a Value, strings: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => strings.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect(value, strings)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, strings)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A template with a slip would text every user the slip.
fn check(values: &[&str]) -> Result<(), SmsConfigError> {
    let (mut places, mut is_known) = (Vec::new(), true);
    for value in values {
        split(value, |literal, place| {
            is_known &= !literal.contains(['{', '}']);
            places.extend(place);
        });
    }
    let has_number = places.contains(&Place::To) || places.contains(&Place::ToDigits);
    if is_known && has_number && places.contains(&Place::Text) { Ok(()) } else { Err(SmsConfigError::Template) }
}

fn filled(value: &Value, sms: &Sms) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, sms)),
        Value::Array(values) => values.iter().map(|value| filled(value, sms)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), filled(value, sms))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn fill(value: &str, sms: &Sms) -> String {
    let (mut filled, number) = (String::new(), sms.to.canonical());
    split(value, |literal, place| {
        filled.push_str(literal);
        match place {
            Some(Place::To) => filled.push_str(number),
            Some(Place::ToDigits) => filled.push_str(number.trim_start_matches('+')),
            Some(Place::Text) => filled.push_str(sms.expose_text()),
            Some(Place::Id) => filled.push_str(&sms.id.to_string()),
            None => {}
        }
    });
    filled
}

/// Goes once over the value, so that what was filled in is not looked at again.
fn split<'a>(value: &'a str, mut visit: impl FnMut(&'a str, Option<Place>)) {
    let mut rest = value;
    loop {
        let found = PLACES.iter().filter_map(|(name, place)| Some((rest.split_once(name)?, *place)));
        let Some(((before, after), place)) = found.min_by_key(|((before, _), _)| before.len()) else { break };
        visit(before, Some(place));
        rest = after;
    }
    visit(rest, None);
}
