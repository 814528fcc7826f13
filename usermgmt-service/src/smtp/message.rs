//! What goes over the wire: headers that nobody but us writes, and bodies that cannot end the message.

use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message, MultiPart, SinglePart};
use usermgmt_core::port::{Mail, MailError};

/// Longest subject that goes out as it is, in bytes: with the header's name it fits a line (RFC 5322 section 2.1.1).
const PLAIN_SUBJECT: usize = 66;
/// Longest text of an encoded word, in bytes: with its frame and the header's name it fits a line (RFC 2047 section 2).
const ENCODED_WORD: usize = 52;

/// Whether this can stand beside an address: no controls, no line separators, nothing that reads as an encoded word.
pub(super) fn is_name(name: &str) -> bool {
    !name.contains("=?") && !name.chars().any(breaks_lines)
}

/// The message as bytes, lines ended by CRLF, dots not stuffed yet.
pub(super) fn compose(
    mail: &Mail,
    from: &Mailbox,
    reply_to: Option<&Address>,
    to: &Address,
) -> Result<Vec<u8>, MailError> {
    let subject = HeaderName::new_from_ascii_str("Subject");
    let auto_submitted = HeaderName::new_from_ascii_str("Auto-Submitted");
    let mut builder = Message::builder()
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .from(from.clone())
        .to(to.clone().into())
        .raw_header(HeaderValue::dangerous_new_pre_encoded(subject, mail.subject.clone(), header_text(&mail.subject)))
        .raw_header(HeaderValue::new(auto_submitted, "auto-generated".into()));
    if let Some(reply_to) = reply_to {
        builder = builder.reply_to(reply_to.clone().into());
    }
    let text = part(ContentType::TEXT_PLAIN, mail.expose_text())?;
    let message = match mail.expose_html() {
        // The last part is the one that readers prefer (RFC 2046 section 5.1.4).
        Some(html) => {
            builder.multipart(MultiPart::alternative().singlepart(text).singlepart(part(ContentType::TEXT_HTML, html)?))
        }
        None => builder.singlepart(text),
    };
    Ok(message.map_err(|error| MailError::Temporary(error.to_string()))?.formatted())
}

/// Quoted-printable, always: the message is ASCII, its lines are short, and it needs no extension of the server.
fn part(kind: ContentType, text: &str) -> Result<SinglePart, MailError> {
    let lines = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\0', "\u{fffd}");
    let body = Body::new_with_encoding(lines, ContentTransferEncoding::QuotedPrintable);
    let body = body.map_err(|_| MailError::Permanent("the body cannot be encoded".into()))?;
    Ok(SinglePart::builder().header(kind).body(body))
}

/// A header's text: as it is if it is plain, else as encoded words (RFC 2047 section 4.2). What already looks like an
/// encoded word is encoded too, so that readers see what was written. What would break a line becomes a space.
fn header_text(text: &str) -> String {
    let line: String = text.chars().map(|c| if breaks_lines(c) { ' ' } else { c }).collect();
    let line = line.trim();
    if line.len() <= PLAIN_SUBJECT && line.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !line.contains("=?") {
        return line.to_owned();
    }
    let (mut words, mut word) = (Vec::new(), String::new());
    for character in line.chars() {
        let mut utf8 = [0; 4];
        let bytes = character.encode_utf8(&mut utf8).bytes();
        let encoded: String = match character {
            ' ' => "_".into(),
            c if c.is_ascii_alphanumeric() => c.into(),
            _ => bytes.map(|byte| format!("={byte:02X}")).collect(),
        };
        // A character never stands in two words (RFC 2047 section 5).
        if word.len() + encoded.len() > ENCODED_WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push_str(&encoded);
    }
    words.push(word);
    words.iter().map(|word| format!("=?utf-8?q?{word}?=")).collect::<Vec<_>>().join("\r\n ")
}

fn breaks_lines(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_one_header_whatever_they_say() {
        assert_eq!(header_text("Confirm your address"), "Confirm your address");
        assert_eq!(header_text("Zoë"), "=?utf-8?q?Zo=C3=AB?=");
        assert_eq!(header_text("a\r\nBcc: b@evil.org"), "a  Bcc: b@evil.org");
        assert_eq!(header_text("a\u{2028}b\u{85}c\0d"), "a b c d");
        assert_eq!(header_text("=?utf-8?q?a=0Ab?="), "=?utf-8?q?=3D=3Futf=2D8=3Fq=3Fa=3D0Ab=3F=3D?=");
        assert_eq!(header_text(""), "");
    }

    proptest::proptest! {
        #[test]
        fn lines_of_a_subject_are_short_ascii_and_continued(text in "\\PC{0,200}") {
            let encoded = format!("Subject: {}", header_text(&text));
            for (number, line) in encoded.split("\r\n").enumerate() {
                proptest::prop_assert!(line.len() <= 76 && line.bytes().all(|byte| matches!(byte, b' '..=b'~')));
                proptest::prop_assert!(number == 0 || line.starts_with(" =?utf-8?q?"));
            }
        }
    }
}
