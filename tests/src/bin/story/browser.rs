//! What a person does in a browser: reads, fills in, presses.

use std::time::Duration;

use fantoccini::actions::{InputSource as _, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};

use crate::command::Own;
use crate::eyes;
use crate::fault::{Fault, Result, ensure};
use crate::options::Look;
use crate::patience::until;

/// Between two presses: Chromium sends a form twice if there is any pause at all.
const AT_ONCE: Duration = Duration::from_millis(20);
/// A page that says whether its script has run.
const SCRIPTED: &str = "data:text/html,<title>off</title><script>document.title='on'</script>";

/// One browser, as the person before it uses it.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    origin: String,
    look: Look,
}

/// Whether the element was on a page that has given way to another. In the middle of that, chromedriver passes on what
/// the browser's inspector says.
fn is_gone(error: &CmdError) -> bool {
    let leaving = error.to_string().contains("does not belong to the document");
    leaving || error.is_stale_element_reference() || error.is_no_such_element()
}

/// Text without the accidents of white space.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Browser {
    pub(crate) fn new(client: Client, origin: &str, look: Look) -> Self {
        Self { client, origin: origin.to_owned(), look }
    }

    /// Makes sure that pages can run scripts, or cannot, as the run is meant.
    pub(crate) async fn make_sure_of_scripts(&self) -> Result<()> {
        self.client.goto(SCRIPTED).await?;
        let title = self.client.title().await?;
        ensure((title == "on") == self.look.scripts, || format!("scripts are {title}"))
    }

    /// Types an address.
    pub(crate) async fn open(&self, path: &str) -> Result<()> {
        self.client.goto(&format!("{}{path}", self.origin)).await?;
        self.arrived().await
    }

    /// Types the address of a page that may lead on by itself.
    pub(crate) async fn pass_by(&self, path: &str) -> Result<()> {
        Ok(self.client.goto(&format!("{}{path}", self.origin)).await?)
    }

    pub(crate) async fn reload(&self) -> Result<()> {
        self.client.refresh().await?;
        self.arrived().await
    }

    pub(crate) async fn back(&self) -> Result<()> {
        self.client.back().await?;
        self.arrived().await
    }

    /// A new page is there: it is looked at.
    async fn arrived(&self) -> Result<()> {
        eyes::look(&self.client, self.look).await
    }

    /// Does what the standard of browsers has no name for.
    pub(crate) async fn command(&self, own: Own) -> Result<serde_json::Value> {
        self.client.issue_cmd(own).await.map_err(Into::into)
    }

    /// Whether it is dark where the person sits.
    pub(crate) async fn dim_the_light(&self) -> Result<()> {
        let scheme = if self.look.is_dark() { "dark" } else { "light" };
        self.command(Own::color_scheme(scheme)).await.map(drop)
    }

    /// Path and query of the page that is open.
    pub(crate) async fn place(&self) -> Result<String> {
        let url = self.client.current_url().await?;
        ensure(url.as_str().starts_with(&self.origin), || format!("the browser has left the application: {url}"))?;
        Ok(url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())))
    }

    /// Makes sure which page is open.
    pub(crate) async fn is_at(&self, path: &str) -> Result<()> {
        let place = self.place().await?;
        let here = place.split('?').next().unwrap_or_default();
        ensure(here == path, || format!("expected to be at {path}, but is at {place}"))
    }

    /// All that can be read.
    pub(crate) async fn text(&self) -> Result<String> {
        Ok(plain(&self.client.find(Locator::Css("body")).await?.text().await?))
    }

    /// Makes sure that this can be read.
    pub(crate) async fn reads(&self, wanted: &str) -> Result<()> {
        let text = self.text().await?;
        ensure(text.contains(wanted), || format!("“{wanted}” cannot be read in: {text}"))
    }

    /// Loads the page again and again until this can be read.
    pub(crate) async fn reads_some_time(&self, wanted: &str) -> Result<()> {
        let looking = || async {
            if self.text().await?.contains(wanted) {
                return Ok(Some(()));
            }
            self.reload().await.map(|()| None)
        };
        until(|| format!("“{wanted}” cannot be read"), looking).await
    }

    /// Makes sure that this cannot be read, nor stands anywhere in the page.
    pub(crate) async fn never_reads(&self, private: &str) -> Result<()> {
        let source = self.client.source().await?;
        ensure(!source.contains(private), || format!("“{private}” stands in the page"))
    }

    /// Makes sure that the page has this main heading.
    pub(crate) async fn is_headed_only(&self, wanted: &str) -> Result<()> {
        let heading = plain(&self.client.find(Locator::Css("h1")).await?.text().await?);
        ensure(heading == wanted, || format!("the page is headed “{heading}”, not “{wanted}”"))
    }

    /// Makes sure that the page has this main heading and says so in its title.
    pub(crate) async fn is_headed(&self, wanted: &str) -> Result<()> {
        self.is_headed_only(wanted).await?;
        let title = self.client.title().await?;
        ensure(title.contains(wanted), || format!("the title “{title}” does not say “{wanted}”"))
    }

    /// The first of these that can be seen.
    async fn seen(&self, xpath: &str) -> Result<Element> {
        let looking = || async {
            for element in self.client.find_all(Locator::XPath(xpath)).await? {
                match element.is_displayed().await {
                    Ok(true) => return Ok(Some(element)),
                    Ok(false) => {}
                    Err(error) if is_gone(&error) => return Ok(None),
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(None)
        };
        until(|| format!("nothing to be seen of {xpath}"), looking).await
    }

    /// The field under a label.
    async fn field(&self, label: &str) -> Result<Element> {
        let label = self.seen(&format!("//label[normalize-space()=\"{label}\"]")).await?;
        let id = label.attr("for").await?.ok_or_else(|| Fault::new("a label of nothing"))?;
        Ok(self.client.find(Locator::Id(&id)).await?)
    }

    /// Types into a field, in place of what is there.
    pub(crate) async fn fill(&self, label: &str, text: &str) -> Result<()> {
        let field = self.field(label).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// Ticks a box.
    pub(crate) async fn tick(&self, label: &str) -> Result<()> {
        Ok(self.field(label).await?.click().await?)
    }

    /// Chooses from a list.
    pub(crate) async fn choose(&self, label: &str, option: &str) -> Result<()> {
        Ok(self.field(label).await?.select_by_label(option).await?)
    }

    /// Chooses from a list by a part of what it says.
    pub(crate) async fn choose_saying(&self, label: &str, part: &str) -> Result<()> {
        let option = format!(".//option[contains(., \"{part}\")]");
        Ok(self.field(label).await?.find(Locator::XPath(&option)).await?.click().await?)
    }

    /// What stands in a field.
    pub(crate) async fn value(&self, label: &str) -> Result<String> {
        Ok(self.field(label).await?.prop("value").await?.unwrap_or_default())
    }

    /// What is said to be wrong with a field, to those who see and to those who listen.
    pub(crate) async fn error_at(&self, label: &str) -> Result<String> {
        let field = self.field(label).await?;
        let marked = field.attr("aria-invalid").await?;
        ensure(marked.as_deref() == Some("true"), || format!("“{label}” is not marked as wrong"))?;
        let described = field.attr("aria-describedby").await?.unwrap_or_default();
        let id = described.split_whitespace().find(|id| id.ends_with("error"));
        let id = id.ok_or_else(|| Fault::new(format!("“{label}” does not say what is wrong")))?;
        Ok(plain(&self.client.find(Locator::Id(id)).await?.text().await?))
    }

    /// Presses a button; another page comes.
    pub(crate) async fn press(&self, name: &str) -> Result<()> {
        self.leave_by(self.seen(&button(name)).await?).await
    }

    /// Presses a button that only does something on the page.
    pub(crate) async fn press_here(&self, name: &str) -> Result<()> {
        Ok(self.seen(&button(name)).await?.click().await?)
    }

    /// Waits until something else than this page is open.
    pub(crate) async fn comes_to(&self, path: &str) -> Result<()> {
        let looking = || async {
            let url = self.client.current_url().await?;
            Ok((url.path() == path).then_some(()))
        };
        until(|| format!("{path} does not come"), looking).await?;
        self.arrived().await
    }

    /// Whether there is such a button at this moment.
    pub(crate) async fn has_button(&self, name: &str) -> Result<bool> {
        Ok(!self.client.find_all(Locator::XPath(&button(name))).await?.is_empty())
    }

    /// Presses the button whose text contains this; another page comes.
    pub(crate) async fn press_containing(&self, text: &str) -> Result<()> {
        self.leave_by(self.seen(&format!("//button[contains(normalize-space(), \"{text}\")]")).await?).await
    }

    /// Presses the button with this text in the row that also says something else.
    pub(crate) async fn press_beside(&self, name: &str, beside: &str) -> Result<()> {
        let row = format!("//*[self::li or self::tr][contains(., \"{beside}\")]");
        self.leave_by(self.seen(&format!("{row}{}", button(name))).await?).await
    }

    /// Presses a button twice in a row, as impatient people do; another page comes.
    pub(crate) async fn press_twice(&self, name: &str) -> Result<()> {
        let button = self.seen(&button(name)).await?;
        let page = self.client.find(Locator::Css("html")).await?;
        let there = PointerAction::MoveToElement { element: button, duration: None, x: 0.0, y: 0.0 };
        let (down, up) =
            (PointerAction::Down { button: MOUSE_BUTTON_LEFT }, PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        let mouse = MouseActions::new("mouse".to_owned()).then(there);
        let once = mouse.then(down.clone()).then(up.clone());
        let twice = once.pause(AT_ONCE).then(down).then(up);
        self.client.perform_actions(twice).await?;
        self.another_than(&page).await
    }

    /// The same where the second press must not be sent: its answer would hold no new secret of the session. Without
    /// scripts nothing holds it back, and it is pressed once.
    pub(crate) async fn press_impatiently(&self, name: &str) -> Result<()> {
        if self.look.scripts { self.press_twice(name).await } else { self.press(name).await }
    }

    /// Opens what is folded up under this heading.
    pub(crate) async fn unfold(&self, summary: &str) -> Result<()> {
        Ok(self.seen(&format!("//summary[normalize-space()=\"{summary}\"]")).await?.click().await?)
    }

    /// Follows a link, by its text or by what it is called; another page comes.
    pub(crate) async fn follow(&self, text: &str) -> Result<()> {
        let xpath = format!("//a[normalize-space()=\"{text}\" or @aria-label=\"{text}\"]");
        self.leave_by(self.seen(&xpath).await?).await
    }

    /// Follows the first link whose text contains this.
    pub(crate) async fn follow_containing(&self, text: &str) -> Result<()> {
        self.follow_saying(&[text]).await
    }

    /// How many links whose text contains all of this there are at this moment.
    pub(crate) async fn links_saying(&self, texts: &[&str]) -> Result<usize> {
        Ok(self.client.find_all(Locator::XPath(&link_saying(texts))).await?.len())
    }

    /// Follows the first link whose text contains all of this.
    pub(crate) async fn follow_saying(&self, texts: &[&str]) -> Result<()> {
        self.leave_by(self.seen(&link_saying(texts)).await?).await
    }

    /// Follows a link again and again until there are as many others that say this.
    pub(crate) async fn follow_until(&self, again: &str, texts: &[&str], count: usize) -> Result<()> {
        let looking = || async {
            if self.links_saying(texts).await? >= count {
                return Ok(Some(()));
            }
            self.follow(again).await.map(|()| None)
        };
        until(|| format!("{count} links to “{}”", texts.join("” and “")), looking).await
    }

    async fn leave_by(&self, way: Element) -> Result<()> {
        let page = self.client.find(Locator::Css("html")).await?;
        way.click().await?;
        self.another_than(&page).await
    }

    /// Waits until the page has given way to another one, and looks at that.
    async fn another_than(&self, page: &Element) -> Result<()> {
        let gone = || async {
            match page.tag_name().await {
                Ok(_) => Ok(None),
                Err(error) if is_gone(&error) => Ok(Some(())),
                Err(error) => Err(error.into()),
            }
        };
        until(|| "the page stays the same".to_owned(), gone).await?;
        self.arrived().await
    }

    /// Opens a page in another tab of the same browser, and presses the button whose text contains this.
    pub(crate) async fn press_in_another_tab(&self, path: &str, text: &str) -> Result<()> {
        let here = self.client.window().await?;
        let there = self.client.new_window(true).await?.handle;
        self.client.switch_to_window(there).await?;
        self.open(path).await?;
        self.press_containing(text).await?;
        self.client.close_window().await?;
        Ok(self.client.switch_to_window(here).await?)
    }

    /// The value of a cookie and whether scripts are kept from it.
    pub(crate) async fn cookie(&self, name: &str) -> Result<Option<(String, bool)>> {
        let cookies = self.client.get_all_cookies().await?;
        let found = cookies.iter().find(|cookie| cookie.name() == name);
        Ok(found.map(|cookie| (cookie.value().to_owned(), cookie.http_only() == Some(true))))
    }

    /// Plants a cookie.
    pub(crate) async fn plant(&self, name: &str, value: &str) -> Result<()> {
        let set = self.client.issue_cmd(Own::set_cookie(&self.origin, name, value)).await?;
        ensure(set.get("success") != Some(&false.into()), || format!("the browser does not take the cookie {name}"))
    }

    /// Removes a cookie.
    pub(crate) async fn remove(&self, name: &str) -> Result<()> {
        Ok(self.client.delete_cookie(name).await?)
    }

    /// The page as it came.
    pub(crate) async fn source(&self) -> Result<String> {
        Ok(self.client.source().await?)
    }

    /// All that the page says, seen or not; the first line is its language.
    pub(crate) async fn everything_said(&self) -> Result<String> {
        eyes::everything_said(&self.client).await
    }

    /// A picture of the whole page.
    pub(crate) async fn picture(&self) -> Result<Vec<u8>> {
        let script = "return Math.max(document.documentElement.scrollHeight, innerHeight)";
        let height = self.client.execute(script, vec![]).await?.as_u64().and_then(|height| u32::try_from(height).ok());
        let (width, least) = self.look.size();
        eyes::picture(&self.client.issue_cmd(Own::whole_page(width, height.unwrap_or(least))).await?)
    }
}

/// A button by what it is called.
fn button(name: &str) -> String {
    format!("//button[normalize-space()=\"{name}\" or @aria-label=\"{name}\"]")
}

/// A link whose text contains all of this.
fn link_saying(texts: &[&str]) -> String {
    let says: Vec<_> = texts.iter().map(|text| format!("contains(normalize-space(), \"{text}\")")).collect();
    format!("//a[{}]", says.join(" and "))
}
