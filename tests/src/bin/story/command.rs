//! Commands that chromedriver has beyond the WebDriver standard.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of chromedriver's own.
#[derive(Debug)]
pub(crate) struct Own {
    method: Method,
    path: String,
    body: Value,
}

impl Own {
    fn post(path: &str, body: Value) -> Self {
        Self { method: Method::POST, path: path.to_owned(), body }
    }

    /// Puts an authenticator into the device, whose holder agrees to everything (WebAuthn Level 3, section 11.3).
    pub(crate) fn add_authenticator() -> Self {
        let body = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "isUserConsenting": true,
        });
        Self::post("webauthn/authenticator", body)
    }

    /// What an authenticator keeps.
    pub(crate) fn credentials(authenticator: &str) -> Self {
        let path = format!("webauthn/authenticator/{authenticator}/credentials");
        Self { method: Method::GET, path, body: Value::Null }
    }

    /// Gives an authenticator something to keep.
    pub(crate) fn add_credential(authenticator: &str, credential: &Value) -> Self {
        Self::post(&format!("webauthn/authenticator/{authenticator}/credential"), credential.clone())
    }

    /// Takes an authenticator out of the device.
    pub(crate) fn remove_authenticator(authenticator: &str) -> Self {
        let path = format!("webauthn/authenticator/{authenticator}");
        Self { method: Method::DELETE, path, body: Value::Null }
    }

    /// What the browser has logged since it was last asked.
    pub(crate) fn log() -> Self {
        Self::post("se/log", json!({ "type": "browser" }))
    }

    /// Plants a cookie; the standard's own command makes none for a bare host name.
    pub(crate) fn set_cookie(origin: &str, name: &str, value: &str) -> Self {
        let params = json!({ "url": origin, "name": name, "value": value });
        Self::post("goog/cdp/execute", json!({ "cmd": "Network.setCookie", "params": params }))
    }

    /// What the system says that the person prefers: `dark` or `light`.
    pub(crate) fn color_scheme(scheme: &str) -> Self {
        let params = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        Self::post("goog/cdp/execute", json!({ "cmd": "Emulation.setEmulatedMedia", "params": params }))
    }

    /// A picture of the whole page, also of what must be scrolled to.
    pub(crate) fn whole_page(width: u32, height: u32) -> Self {
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let params = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        Self::post("goog/cdp/execute", json!({ "cmd": "Page.captureScreenshot", "params": params }))
    }
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (self.method.clone(), (self.method == Method::POST).then(|| self.body.to_string()))
    }
}
