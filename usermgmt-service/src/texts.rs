//! Texts that people read, from a catalogue of Fluent messages, chosen by language and overridable.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The language that has every text.
const FALLBACK: &str = "en";

/// The languages that come with the library, each with all its texts.
const STANDARD: [(&str, [&str; 9]); 2] = [
    (
        FALLBACK,
        [
            include_str!("../texts/en/audit.ftl"),
            include_str!("../texts/en/errors.ftl"),
            include_str!("../texts/en/magic_link.ftl"),
            include_str!("../texts/en/mails.ftl"),
            include_str!("../texts/en/pages.ftl"),
            include_str!("../texts/en/passkeys.ftl"),
            include_str!("../texts/en/phones.ftl"),
            include_str!("../texts/en/second_factor.ftl"),
            include_str!("../texts/en/usernames.ftl"),
        ],
    ),
    (
        "de",
        [
            include_str!("../texts/de/audit.ftl"),
            include_str!("../texts/de/errors.ftl"),
            include_str!("../texts/de/magic_link.ftl"),
            include_str!("../texts/de/mails.ftl"),
            include_str!("../texts/de/pages.ftl"),
            include_str!("../texts/de/passkeys.ftl"),
            include_str!("../texts/de/phones.ftl"),
            include_str!("../texts/de/second_factor.ftl"),
            include_str!("../texts/de/usernames.ftl"),
        ],
    ),
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
    /// The texts that come with the library: English and German.
    ///
    /// # Errors
    /// Cannot fail unless the library's own texts are malformed, which its tests exclude.
    pub fn standard() -> Result<Self, TextError> {
        let mut texts = Self(BTreeMap::new(), BTreeMap::new());
        for (language, files) in STANDARD {
            for fluent in files {
                texts.add(language, fluent)?;
            }
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
    use std::collections::BTreeSet;

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
        texts.add("nl", "mail-greeting = Dag { $name }!").unwrap();
        assert_eq!(texts.best(&["fr-CA".into(), "de-AT".into()]), "de");
        assert_eq!(texts.best(&["xx".into(), "not a tag".into()]), "en");
        assert_eq!(texts.get("de", "mail-greeting", &[("name", "Ann")]), "Hallo Ann!");
        assert_eq!(texts.get("de", "sign-in-button", &[]), "Anmelden");
        assert_eq!(texts.get("nl", "mail-greeting", &[("name", "Ann")]), "Dag Ann!");
        assert_eq!(texts.get("nl", "sign-in-button", &[]), "Sign in");
        assert!(texts.get("nl", "mail-verify-email.subject", &[("product", "Acme")]).contains("Acme"));
        assert_eq!(texts.get("en", "no-such-text", &[]), "{no-such-text}");
        assert!(texts.add("de", "broken = { $").is_err() && texts.add("not a tag!", "").is_err());
    }

    /// Texts that are the same in both languages on purpose: they hold only values.
    const SAME: [&str; 2] = ["page-title", "mail-farewell"];

    /// Name and source of every text of a file, those of attributes as `message.attribute`.
    fn sources(file: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let (mut message, mut text) = (String::new(), String::new());
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let Some((start, first)) = line.split_once('=') else {
                found.entry(text.clone()).and_modify(|source: &mut String| source.push_str(line));
                continue;
            };
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                message = start.trim().to_owned();
                text.clone_from(&message);
            } else if let Some(attribute) = start.trim().strip_prefix('.') {
                text = format!("{message}.{attribute}");
            } else {
                panic!("neither message nor attribute: {line}");
            }
            assert!(found.insert(text.clone(), first.trim().to_owned()).is_none(), "{text} stands twice");
        }
        found
    }

    /// What is put into a text, each once.
    fn variables(source: &str) -> BTreeSet<&str> {
        source.split('$').skip(1).map(|rest| rest.split([' ', '}']).next().unwrap()).collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_values() {
        let [(_, english), (_, german)] = STANDARD;
        for (english, german) in english.into_iter().zip(german) {
            let (english, german) = (sources(english), sources(german));
            let names = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<BTreeSet<_>>();
            let (ours, theirs) = (names(&english), names(&german));
            let missing: Vec<_> = ours.symmetric_difference(&theirs).collect();
            assert!(missing.is_empty(), "in one language only: {missing:?}");
            for (name, source) in &english {
                let translated = german.get(name).unwrap();
                assert_eq!(variables(source), variables(translated), "{name}");
                let same = SAME.contains(&name.as_str());
                // A message of attributes alone has no text of its own.
                assert_eq!(source == translated, same || source.is_empty(), "{name}: {source}");
                // What follows a count is chosen by it in both languages, or in neither.
                assert_eq!(source.contains("->"), translated.contains("->"), "{name}");
            }
        }
    }

    #[test]
    fn one_and_many_are_told_apart_in_german() {
        let texts = Texts::standard().unwrap();
        for (count, said) in [("0", "in 0 Minuten"), ("1", "in 1 Minute"), ("2", "in 2 Minuten")] {
            assert_eq!(texts.get("de", "wait-minutes", &[("count", count)]), said);
        }
        assert_eq!(texts.get("de", "ago-minutes", &[("count", "5")]), "vor 5 Min.");
        let own: Vec<_> = texts.languages().map(|tag| texts.get(tag, "language-name", &[])).collect();
        assert_eq!(own, ["Deutsch", "English"]);
    }
}
