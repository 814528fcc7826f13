//! Texts that people read, from a catalogue of Fluent messages, chosen by language and overridable.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The language that has every text.
const FALLBACK: &str = "en";

const ENGLISH: [&str; 3] = [
    include_str!("../texts/en/errors.ftl"),
    include_str!("../texts/en/mails.ftl"),
    include_str!("../texts/en/pages.ftl"),
];

/// A text of the catalogue is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the texts for `{language}` are malformed: {problem}")]
pub struct TextError {
    language: String,
    problem: String,
}

/// The catalogue.
#[derive(Clone)]
pub struct Texts(BTreeMap<String, Arc<FluentBundle<Arc<FluentResource>>>>, BTreeMap<String, Vec<Arc<FluentResource>>>);

impl Texts {
    /// The texts that come with the library.
    ///
    /// # Errors
    /// Cannot fail unless the library's own texts are malformed, which its tests exclude.
    pub fn standard() -> Result<Self, TextError> {
        let mut texts = Self(BTreeMap::new(), BTreeMap::new());
        for fluent in ENGLISH {
            texts.add(FALLBACK, fluent)?;
        }
        Ok(texts)
    }

    /// Adds messages in a language; they override earlier ones of the same name.
    ///
    /// # Errors
    /// [`TextError`] if the language tag or the messages are malformed.
    pub fn add(&mut self, language: &str, fluent: &str) -> Result<(), TextError> {
        let failed = |problem: String| TextError { language: language.to_owned(), problem };
        let tag: LanguageIdentifier = language.parse().map_err(|_| failed("not a language tag".into()))?;
        let resource =
            FluentResource::try_new(fluent.to_owned()).map_err(|(_, errors)| failed(format!("{errors:?}")))?;
        let resources = self.1.entry(tag.to_string()).or_default();
        resources.push(Arc::new(resource));
        let mut bundle = FluentBundle::new_concurrent(vec![tag.clone()]);
        // Isolation marks are for mixed directions within one line; in subjects and attributes they are litter.
        bundle.set_use_isolating(false);
        for resource in resources {
            bundle.add_resource_overriding(resource.clone());
        }
        self.0.insert(tag.to_string(), Arc::new(bundle));
        Ok(())
    }

    /// The best language for these tags, in order of preference: the same tag, else the same language, else English.
    #[must_use]
    pub fn best(&self, wanted: &[String]) -> String {
        for tag in wanted.iter().take(16) {
            let Ok(tag) = tag.parse::<LanguageIdentifier>() else { continue };
            for candidate in [tag.to_string(), tag.language.to_string()] {
                if self.0.contains_key(&candidate) {
                    return candidate;
                }
            }
        }
        FALLBACK.to_owned()
    }

    /// The language of this tag as it is spoken here, if it is.
    #[must_use]
    pub fn exactly(&self, tag: &str) -> Option<String> {
        let tag = tag.parse::<LanguageIdentifier>().ok()?.to_string();
        self.0.contains_key(&tag).then_some(tag)
    }

    /// The languages that are spoken here, by tag.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is a text of this name.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        let (id, attribute) = split(id);
        self.0.get(FALLBACK).and_then(|bundle| bundle.get_message(id)).is_some_and(|message| match attribute {
            Some(attribute) => message.get_attribute(attribute).is_some(),
            None => message.value().is_some(),
        })
    }

    /// The text of this name (`message` or `message.attribute`) in this language, or in English where it lacks it.
    /// A name that nobody has gives the name itself in braces, so that the gap shows.
    #[must_use]
    pub fn get(&self, language: &str, id: &str, values: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            // Only a number chooses between singular and plural.
            let value = if *name == "count" { FluentValue::try_number(value) } else { FluentValue::from(*value) };
            args.set(*name, value);
        }
        [language, FALLBACK]
            .iter()
            .find_map(|language| self.format(language, id, &args))
            .unwrap_or_else(|| format!("{{{id}}}"))
    }

    fn format(&self, language: &str, id: &str, args: &FluentArgs<'_>) -> Option<String> {
        let bundle = self.0.get(language)?;
        let (id, attribute) = split(id);
        let message = bundle.get_message(id)?;
        let pattern = match attribute {
            Some(attribute) => message.get_attribute(attribute)?.value(),
            None => message.value()?,
        };
        let mut problems = Vec::new();
        let text = bundle.format_pattern(pattern, Some(args), &mut problems).into_owned();
        if !problems.is_empty() {
            tracing::warn!(id, language, ?problems, "a text lacks a value");
        }
        Some(text)
    }
}

fn split(id: &str) -> (&str, Option<&str>) {
    id.split_once('.').map_or((id, None), |(id, attribute)| (id, Some(attribute)))
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_code_has_a_text() {
        let texts = Texts::standard().unwrap();
        for code in usermgmt_core::FieldError::CODES {
            let id = format!("field-{}", code.replace('_', "-"));
            assert!(texts.knows(&id), "{id}");
        }
    }

    #[test]
    fn languages_fall_back_and_texts_are_overridden() {
        let mut texts = Texts::standard().unwrap();
        texts.add("de", "mail-greeting = Hallo { $name }!").unwrap();
        assert_eq!(texts.best(&["fr-CA".into(), "de-AT".into()]), "de");
        assert_eq!(texts.best(&["xx".into(), "not a tag".into()]), "en");
        assert_eq!(texts.get("de", "mail-greeting", &[("name", "Ann")]), "Hallo Ann!");
        assert!(texts.get("de", "mail-verify-email.subject", &[("product", "Acme")]).contains("Acme"));
        assert_eq!(texts.get("en", "no-such-text", &[]), "{no-such-text}");
        assert!(texts.add("de", "broken = { $").is_err() && texts.add("not a tag!", "").is_err());
    }
}
