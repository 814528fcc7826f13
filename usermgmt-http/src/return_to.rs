//! Where to go after signing in: a path of this origin, or home.

use url::Url;
use usermgmt_service::Origin;

/// Longest path that is taken.
const BYTES: usize = 2_048;

/// Reads a `return_to`. Parsed once; only what lands on our own origin is taken, and only its path and query are
/// given back, written anew by the parser. Everything else is `None`.
#[must_use]
pub fn parse(text: &str, origin: &Origin) -> Option<String> {
    let plain = text.len() <= BYTES
        && text.starts_with('/')
        && !text.starts_with("//")
        && text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    let base = Url::parse(origin.as_str()).ok()?;
    let url = base.join(text).ok().filter(|url| plain && url.origin() == base.origin())?;
    let path = url.path();
    // A path that decodes to a second slash would be another host to whoever decodes before redirecting.
    let lower = path.to_ascii_lowercase();
    let disguised =
        path.starts_with("//") || lower.starts_with("/%2f") || lower.starts_with("/%5c") || lower.starts_with("/%09");
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    (!disguised).then(|| format!("{path}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_origin_are_taken() {
        let origin = Origin::parse("https://app.example.com").unwrap();
        for (text, path) in [
            ("/", "/"),
            ("/projects?tab=1", "/projects?tab=1"),
            ("/a/../b", "/b"),
            ("/x#frag", "/x"),
            ("/a?u=//e", "/a?u=//e"),
        ] {
            assert_eq!(parse(text, &origin).as_deref(), Some(path), "{text}");
        }
        let long = format!("/{}", "a".repeat(4_096));
        for bad in [
            "",
            "e",
            "//e",
            "///e",
            "/\\e",
            "\\/e",
            "/\t/e",
            "/%09/e",
            "/%2f%2fe",
            "/%2Fe",
            "/%5ce",
            "https:e",
            "https://e",
            "https://ours@e",
            "https://app.example.com.e",
            "https://app.example.com/x",
            "javascript:alert(1)",
            "data:text/html,x",
            "/x\r\nSet-Cookie: a=b",
            "http://[::1]",
            "/\u{2044}/e",
            "／／e",
            "/\u{200b}/e",
            " /x",
            "/x y",
            long.as_str(),
            "?x",
            "#x",
            "/..//e",
            "/.//e",
            "/./\\e",
        ] {
            let taken = parse(bad, &origin);
            assert!(taken.is_none(), "{bad:?} gave {taken:?}");
        }
    }
}
