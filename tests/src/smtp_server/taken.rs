//! Reading a message that the server has taken.

use super::Taken;

impl Taken {
    /// The message as it was before dots were stuffed.
    #[must_use]
    pub fn message(&self) -> String {
        let text = String::from_utf8(self.raw.clone()).expect("the message is text");
        text.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect::<Vec<_>>().join("\r\n")
    }

    /// Names and values of the header fields, unfolded.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let message = self.message();
        let head = message.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let field = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        head.split("\r\n").map(|line| field(line).unwrap_or_else(|| panic!("no header field: {line:?}"))).collect()
    }

    /// The one header field of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> String {
        let headers = self.headers();
        let found: Vec<_> = headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).collect();
        assert_eq!(found.len(), 1, "{name} in {headers:?}");
        found[0].1.clone()
    }

    /// The parts as content type and text, decoded.
    #[must_use]
    pub fn parts(&self) -> Vec<(String, String)> {
        let (message, kind) = (self.message(), self.header("Content-Type"));
        let Some((_, boundary)) = kind.split_once("boundary=\"") else {
            return vec![(kind, decoded(message.split_once("\r\n\r\n").unwrap().1))];
        };
        let delimiter = format!("--{}", boundary.trim_end_matches('"'));
        let mut parts: Vec<&str> = message.split(&delimiter).skip(1).collect();
        assert_eq!(parts.pop().map(str::trim_end), Some("--"), "the last boundary closes");
        let part = |part: &&str| {
            let (head, body) = part.split_once("\r\n\r\n").expect("a part has a head");
            let kind = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).expect("a type");
            assert!(head.contains("Content-Transfer-Encoding: quoted-printable"), "{head}");
            (kind.to_owned(), decoded(body.strip_suffix("\r\n").unwrap()))
        };
        parts.iter().map(part).collect()
    }

    /// The text part.
    #[must_use]
    pub fn text(&self) -> String {
        let plain = |(kind, text): (String, String)| kind.starts_with("text/plain").then_some(text);
        self.parts().into_iter().find_map(plain).expect("there is a text part")
    }
}

/// Quoted-printable (RFC 2045 section 6.7), lines ended by LF.
fn decoded(text: &str) -> String {
    let text = text.replace("=\r\n", "").replace("\r\n", "\n");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'=' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}
