//! What is looked at on every page, whatever the story is about.

use fantoccini::Client;
use serde_json::Value;

use crate::command::Own;
use crate::fault::{Fault, Result, ensure};
use crate::options::Look;
use crate::patience::until;

/// Whether a page and its style sheets are there.
const WHOLE: &str = "return document.readyState === 'complete' \
    && [...document.querySelectorAll('link[rel=stylesheet]')].every(link => link.sheet)";

/// The one script that may stand in a page.
const ONCE: &str = include_str!("../../../../usermgmt-http/assets/once.js");

/// Collects what is wrong with a page, as sentences. Also runs where the page itself may run nothing.
const SCRIPT: &str = r#"
const [width, once] = arguments, wrong = [];
if (document.contentType !== 'text/html') return wrong;
const shown = element => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== 'hidden';
const all = selector => [...document.querySelectorAll(selector)];
const text = id => document.getElementById(id)?.textContent.trim() ?? '';
const name = element => (element.getAttribute('aria-label')
  || (element.getAttribute('aria-labelledby') ?? '').split(/\s+/).map(text).join(' ').trim()
  || [...(element.labels ?? [])].map(label => label.textContent.trim()).join(' ')
  || (element.matches('a, button, summary') ? element.textContent : '')).trim();
const say = element => element.outerHTML.slice(0, 160);
if (!document.documentElement.lang) wrong.push('the page does not say its language');
if (!document.title.trim()) wrong.push('the page has no title');
const headings = all('h1').filter(shown);
if (headings.length !== 1) wrong.push(`${headings.length} main headings`);
if (all('main').length !== 1) wrong.push(`${all('main').length} main parts`);
for (const control of all('input:not([type=hidden]), select, textarea').filter(shown))
  if (!name(control) || control.labels.length === 0 && !control.hasAttribute('aria-label')) wrong.push(`no label: ${say(control)}`);
for (const control of all('a[href], button, summary').filter(shown))
  if (!name(control)) wrong.push(`no name: ${say(control)}`);
for (const control of all('button, input:not([type=hidden])').filter(shown)) {
  const {height} = control.getBoundingClientRect();
  const small = height < 24 && !control.matches('[type=checkbox], [type=radio], .link, .away');
  if (small) wrong.push(`only ${height} px high: ${say(control)}`);
}
for (const field of all('[aria-invalid=true]'))
  if (!(field.getAttribute('aria-describedby') ?? '').split(/\s+/).some(text)) wrong.push(`marked, but not why: ${say(field)}`);
for (const image of all('img:not([alt])')) wrong.push(`no text instead of: ${say(image)}`);
const ids = all('[id]').map(element => element.id);
for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) wrong.push(`two elements are called ${id}`);
const own = script => script.attributes.length === 0 && script.textContent === once;
if (all('script:not([src^="/auth/"]), [style], [onclick]').some(inside => !own(inside))) wrong.push('there is script or style inside the page');
if (!all('link[rel=stylesheet]').some(link => link.sheet)) wrong.push('no style sheet is in force');
const wide = Math.max(document.documentElement.scrollWidth, document.body.scrollWidth);
if (wide > Math.min(width, innerWidth)) wrong.push(`it scrolls sideways: ${wide} px, shown ${width} px`);
if (/[?&](token|code|password|csrf)=/.test(location.href)) wrong.push('there is a secret in the address');
return wrong;
"#;

/// Names the file of axe-core, which then looks at every page too.
const AXE: &str = "USERMGMT_TEST_AXE";
/// Asks axe-core for what it finds.
const AXE_RUNS: &str = r#"
const done = arguments[arguments.length - 1];
if (document.contentType !== 'text/html') return done([]);
const say = ({id, help, nodes}) => `${id}: ${help}: ${nodes.map(node => node.html.slice(0, 160)).join(', ')}`;
axe.run().then(({violations}) => done(violations.map(say)), error => done([String(error)]));
"#;

/// What axe-core finds, if it is here, in light and in dark colours.
async fn axe(client: &Client, look: Look) -> Result<Vec<String>> {
    // It waits for timers, which a page without scripts never sees.
    let Some(path) = std::env::var_os(AXE).filter(|_| look.scripts) else { return Ok(Vec::new()) };
    let source = std::fs::read_to_string(path)?;
    client.execute(&format!("{source}\nwindow.axe = axe;"), vec![]).await?;
    let mut wrong = Vec::new();
    for scheme in ["dark", "light"] {
        client.issue_cmd(Own::color_scheme(scheme)).await?;
        let found = client.execute_async(AXE_RUNS, vec![]).await?;
        let found = found.as_array().into_iter().flatten().filter_map(Value::as_str);
        wrong.extend(found.map(|found| format!("axe, {scheme}: {found}")));
    }
    Ok(wrong)
}

/// Waits until the page has come as a whole: what is looked at before that has no style yet.
async fn whole(client: &Client) -> Result<()> {
    let looking = || async { Ok((client.execute(WHOLE, vec![]).await? == Value::Bool(true)).then_some(())) };
    until(|| "the page does not come to its end".to_owned(), looking).await
}

/// Looks at the page that is open.
pub(crate) async fn look(client: &Client, look: Look) -> Result<()> {
    whole(client).await?;
    let wrong = client.execute(SCRIPT, vec![look.size().0.into(), ONCE.into()]).await?;
    let mut wrong: Vec<_> =
        wrong.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    wrong.extend(axe(client, look).await?);
    let here = client.current_url().await?;
    ensure(wrong.is_empty(), || format!("{here}: {}", wrong.join("; ")))?;
    let complaints = complaints(&client.issue_cmd(Own::log()).await?);
    ensure(complaints.is_empty(), || format!("the browser complains: {}", complaints.join("; ")))
}

/// What the browser has logged as wrong, without answers to the page's own address: a refused form is answered with 4xx, and
/// what it says is on the page.
fn complaints(log: &Value) -> Vec<String> {
    let entries = log.as_array().into_iter().flatten();
    let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let harmless = |entry: &&Value| {
        let message = text(entry, "message");
        let asset = message.contains(".css") || message.contains(".js ");
        let refused = text(entry, "source") == "network" && message.contains("responded with a status of 4") && !asset;
        refused || text(entry, "level") == "INFO"
    };
    entries.filter(|entry| !harmless(entry)).map(|entry| text(entry, "message")).collect()
}

/// All that the page says to those who see and to those who listen, what is folded up as well.
const SAYS: &str = r#"
const said = [document.documentElement.lang, document.title];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode())
  if (walker.currentNode.parentNode.localName !== 'script') said.push(walker.currentNode.data);
for (const element of document.querySelectorAll('*'))
  for (const name of ['aria-label', 'placeholder', 'title']) said.push(element.getAttribute(name) ?? '');
return said.join('\n');
"#;

/// All that the page says; the first line is its language.
pub(crate) async fn everything_said(client: &Client) -> Result<String> {
    let said = client.execute(SAYS, vec![]).await?;
    said.as_str().map(str::to_owned).ok_or_else(|| Fault::new("the page says nothing"))
}

/// The picture that a command of chromedriver answers with.
pub(crate) fn picture(answer: &Value) -> Result<Vec<u8>> {
    use base64::Engine as _;
    let data = answer.get("data").and_then(Value::as_str).unwrap_or_default();
    base64::engine::general_purpose::STANDARD.decode(data).map_err(|_| Fault::new("the picture cannot be read"))
}
