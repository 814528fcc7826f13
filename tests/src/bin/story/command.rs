//! Commands that chromedriver has beyond the WebDriver standard.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of chromedriver's own.
#[derive(Debug)]
pub(crate) struct Own {
    path: &'static str,
    body: Value,
}

impl Own {
    /// What the browser has logged since it was last asked.
    pub(crate) fn log() -> Self {
        Self { path: "se/log", body: json!({ "type": "browser" }) }
    }

    /// Plants a cookie; the standard's own command makes none for a bare host name.
    pub(crate) fn set_cookie(origin: &str, name: &str, value: &str) -> Self {
        let params = json!({ "url": origin, "name": name, "value": value });
        Self { path: "goog/cdp/execute", body: json!({ "cmd": "Network.setCookie", "params": params }) }
    }

    /// What the system says that the person prefers: `dark` or `light`.
    pub(crate) fn color_scheme(scheme: &str) -> Self {
        let params = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        Self { path: "goog/cdp/execute", body: json!({ "cmd": "Emulation.setEmulatedMedia", "params": params }) }
    }

    /// A picture of the whole page, also of what must be scrolled to.
    pub(crate) fn whole_page(width: u32, height: u32) -> Self {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let params = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        Self { path: "goog/cdp/execute", body: json!({ "cmd": "Page.captureScreenshot", "params": params }) }
    }
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
