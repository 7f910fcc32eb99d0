//! Reads a built page as a browser would: its ids, its links, what it loads, and its text.

use std::cell::RefCell;
use std::collections::HashSet;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// What a built page holds, as far as a check needs it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Html {
    /// Every id.
    pub ids: HashSet<String>,
    /// Those that occur more than once: a link leads to the first of them only.
    pub ids_again: Vec<String>,
    /// Where its links lead.
    pub links: Vec<String>,
    /// What a browser loads with it.
    pub loads: Vec<String>,
    /// Its words, without code, scripts and styles.
    pub text: String,
    /// The `href` of `<base>`.
    pub base: Option<String>,
}

impl Html {
    /// Reads a page.
    pub fn read(source: &str) -> Self {
        let queue = BufferQueue::default();
        queue.push_back(StrTendril::from(source));
        let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
        let _ = tokenizer.feed(&queue);
        tokenizer.end();
        tokenizer.sink.html.take()
    }
}

/// Whether an address leads out of the book.
pub(super) fn is_external(address: &str) -> bool {
    address.starts_with("//") || scheme(address).is_some_and(|scheme| scheme != "data")
}

/// `https` of `https://…`, if there is one.
pub(super) fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme.then_some(scheme)
}

/// The addresses that a stylesheet loads.
pub(super) fn loads_of_css(css: &str) -> Vec<String> {
    let mut found = Vec::new();
    for opening in ["url(", "@import "] {
        for rest in css.split(opening).skip(1) {
            let address = rest.trim_start().trim_start_matches(['"', '\'']);
            let end = address.find(['"', '\'', ')', ';']).unwrap_or(address.len());
            found.push(address[..end].trim().to_owned());
        }
    }
    found
}

#[derive(Default)]
struct Reader {
    html: RefCell<Html>,
    /// How many elements are open whose text is not prose.
    unread: RefCell<usize>,
}

impl Reader {
    fn start(&self, tag: &Tag) {
        let mut html = self.html.borrow_mut();
        let attribute = |name: &str| {
            let found = tag
                .attrs
                .iter()
                .find(|attribute| &*attribute.name.local == name);
            found.map(|attribute| attribute.value.to_string())
        };
        if let Some(id) = attribute("id")
            && !html.ids.insert(id.clone())
        {
            html.ids_again.push(id);
        }
        match &*tag.name {
            "a" | "area" => html.links.extend(attribute("href")),
            "base" => html.base = attribute("href"),
            "link" => {
                let rel = attribute("rel").unwrap_or_default();
                if !rel
                    .split_whitespace()
                    .any(|rel| matches!(rel, "canonical" | "alternate" | "author" | "license"))
                {
                    html.loads.extend(attribute("href"));
                }
            }
            "image" | "use" | "feimage" => {
                html.loads
                    .extend(attribute("href").or_else(|| attribute("xlink:href")));
            }
            "object" => html.loads.extend(attribute("data")),
            "form" => html.loads.extend(attribute("action")),
            _ => {
                html.loads.extend(attribute("src"));
                html.loads.extend(attribute("poster"));
                let candidates = attribute("srcset").unwrap_or_default();
                html.loads.extend(
                    candidates
                        .split(',')
                        .filter_map(|candidate| candidate.split_whitespace().next())
                        .map(str::to_owned),
                );
            }
        }
    }
}

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => {
                let unread = matches!(&*tag.name, "code" | "pre" | "script" | "style");
                let mut depth = self.unread.borrow_mut();
                match tag.kind {
                    TagKind::StartTag => {
                        self.start(&tag);
                        *depth += usize::from(unread && !tag.self_closing);
                        // Their content is not HTML.
                        match &*tag.name {
                            "script" => return TokenSinkResult::RawData(RawKind::ScriptData),
                            "style" => return TokenSinkResult::RawData(RawKind::Rawtext),
                            _ => {}
                        }
                    }
                    TagKind::EndTag => *depth = depth.saturating_sub(usize::from(unread)),
                }
            }
            Token::CharacterTokens(text) if *self.unread.borrow() == 0 => {
                self.html.borrow_mut().text.push_str(&text);
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::{Html, is_external, loads_of_css};

    #[test]
    fn a_page_is_read_as_a_browser_reads_it() {
        let page = Html::read(
            "<base href=\"/\"><a href=\"x.html#y\" id=a>link</a><code>{{#c}}</code><script src=\"s.js\">\"<b id=no>\"</script><link rel=canonical href=\"https://x\"><img srcset=\"a.png 1x, b.png 2x\"><pre><code>z</code></pre>{{#t}}<i id=a>",
        );
        assert_eq!(page.ids, ["a".to_owned()].into());
        assert_eq!(page.ids_again, ["a"]);
        assert_eq!(page.links, ["x.html#y"]);
        assert_eq!(page.loads, ["s.js", "a.png", "b.png"]);
        assert_eq!(page.text, "link{{#t}}");
        assert_eq!(page.base.as_deref(), Some("/"));
    }

    #[test]
    fn what_leads_out_is_told_from_what_stays() {
        assert!(is_external("https://x") && is_external("//x") && is_external("mailto:a@b"));
        assert!(
            !is_external("a/b.html")
                && !is_external("#c")
                && !is_external("data:image/png;base64,")
        );
        assert_eq!(loads_of_css("a{b:url( 'x' )} @import \"y\";"), ["x", "y"]);
    }
}
