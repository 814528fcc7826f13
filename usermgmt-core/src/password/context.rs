//! Whether a password contains a word, however it is written.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

/// A text in the forms in which it is compared. Only for saying no: what is hashed is never folded.
pub(super) struct Text {
    /// Compatibility forms and case folded: `ＳＭＩＴＨ`, `Smith` and `ſmith` are one.
    folded: Zeroizing<String>,
    /// Without accents besides: `José` and `jose` are one.
    bare: Zeroizing<String>,
}

impl Text {
    pub(super) fn of(text: &str) -> Self {
        // By way of upper case, so that `ß` meets `SS` and a final `ς` meets `Σ`, and before it lower case, for `ẞ`;
        // then NFC again, because case mapping can leave a text that is not normalised.
        let lower = text.nfkc().flat_map(char::to_lowercase);
        let folded = lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect::<String>();
        let folded = Zeroizing::new(folded);
        let bare = Zeroizing::new(folded.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>());
        Self { folded, bare }
    }

    /// Whether `word` is in this text, if it is at least so long.
    pub(super) fn holds(&self, word: &str, least: usize) -> bool {
        self.holds_text(&Self::of(word), least)
    }

    /// Whether a part of `name` is in this text: what stands between spaces, and what stands between any characters
    /// that are neither letters nor digits (`Smith-Jones`, `O'Connor`).
    pub(super) fn holds_part(&self, name: &str, least: usize) -> bool {
        let name: Zeroizing<String> = Zeroizing::new(name.nfkc().collect());
        let word = |c: char| c.is_alphanumeric() || is_combining_mark(c);
        name.split_whitespace().chain(name.split(|c| !word(c))).any(|part| self.holds(part, least))
    }

    /// Whether `word` is in this text once all that is neither letter nor digit is left out of both: `acme corp` is in
    /// `ACME-Corp 2026`.
    pub(super) fn holds_squeezed(&self, word: &str, least: usize) -> bool {
        self.squeezed().holds_text(&Self::of(word).squeezed(), least)
    }

    /// Letters and digits.
    pub(super) fn squeezed_chars(&self) -> usize {
        self.squeezed().bare.chars().count()
    }

    fn holds_text(&self, word: &Self, least: usize) -> bool {
        let pairs = [(&self.folded, &word.folded), (&self.bare, &word.bare)];
        pairs.iter().any(|(text, word)| word.chars().count() >= least && text.contains(word.as_str()))
    }

    fn squeezed(&self) -> Self {
        let squeeze = |text: &str| Zeroizing::new(text.chars().filter(|c| c.is_alphanumeric()).collect::<String>());
        Self { folded: squeeze(&self.folded), bare: squeeze(&self.bare) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_a_word_otherwise_does_not_hide_it() {
        for (text, word) in [
            ("xx-SMITH-xx", "Smith"),
            ("xxＳｍｉｔｈxx", "smith"),
            ("ΟΔΥΣΣΕΥΣabc", "Οδυσσεύς"),
            ("strasse1234", "Straße"),
            ("STRAẞE1234", "strasse"),
            ("muller2024", "Müller"),
            ("mu\u{308}ller2024", "MÜLLER"),
            ("ismail2024", "İsmail"),
            ("ﬁnnegan77", "Finnegan"),
            ("иванов1990", "ИВАНОВ"),
            ("xxप्रियंका", "प्रियंका"),
        ] {
            assert!(Text::of(text).holds(word, 4), "{word} in {text}");
        }
        for (text, word) in [("annabel", "Ann"), ("smit hx", "Smith"), ("xyz", ""), ("山田太郎の橋", "山田")] {
            assert!(!Text::of(text).holds(word, 4), "{word} in {text}");
        }
    }

    #[test]
    fn parts_of_names_count_and_short_ones_do_not() {
        for (text, name) in [
            ("xxjones99", "Mary Smith-Jones"),
            ("oconnor-o'connor", "Sinéad O'Connor"),
            ("connor2024", "Sinéad O’Connor"),
            ("sinead2024", "Sinéad O'Connor"),
            ("ann-lu99", "Ann-Lu X"),
            ("garcia\u{2003}", "José\u{3000}García"),
        ] {
            assert!(Text::of(text).holds_part(name, 4), "{name} in {text}");
        }
        assert!(!Text::of("annlu2024").holds_part("Ann Lu", 4));
    }

    #[test]
    fn squeezing_leaves_letters_and_digits() {
        assert!(Text::of("ACME-Corp 2026").holds_squeezed("acme corp", 4));
        assert!(Text::of("a.c.m.e.").holds_squeezed("Acme", 4));
        assert!(!Text::of("acm2e").holds_squeezed("Acme", 4));
        assert_eq!(Text::of(" É-1! ").squeezed_chars(), 2);
    }
}
