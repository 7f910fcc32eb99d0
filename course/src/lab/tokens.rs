//! Reads Rust by its tokens.
//!
//! A syntax tree would miss what is inside a macro (`proptest! { #[test] fn … }`), and needs a
//! parser ten times the size. Tokens are enough for what the course asks of a file: which functions
//! there are, what their doc comments say, and which of them still hold a `todo!`.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A function, with what is above and inside it.
pub(super) struct Function {
    /// Inline modules and the `impl` type that hold it, outermost first.
    pub modules: Vec<String>,
    /// The type of the `impl` block around it.
    pub owner: Option<String>,
    /// Its name.
    pub name: String,
    /// The doc comment, line by line.
    pub doc: Vec<String>,
    /// The last segment of each attribute's path, such as `test` for `#[tokio::test]`.
    pub attributes: Vec<String>,
    /// Line of its name, from 1.
    pub line: usize,
    /// The body; none for a declaration in a trait.
    pub body: Option<TokenStream>,
}

/// What a file declares.
#[derive(Default)]
pub(super) struct Items {
    /// Its functions, also those inside macros, in order.
    pub functions: Vec<Function>,
    /// Modules in other files (`mod name;`).
    pub modules: Vec<Module>,
}

/// A module in another file.
pub(super) struct Module {
    /// Its name, after those of the inline modules around it.
    pub path: Vec<String>,
    /// What its `#[path = "…"]` says.
    pub file: Option<String>,
}

/// Reads the file at `path`.
pub(super) fn items_of(path: &Path) -> Result<Items> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let stream: TokenStream = text
        .parse()
        .map_err(|error| anyhow!("{} is not readable as Rust: {error}", path.display()))?;
    let mut items = Items::default();
    Walk {
        items: &mut items,
        modules: Vec::new(),
        owner: None,
    }
    .stream(stream);
    Ok(items)
}

/// Whether two files differ only in comments and white space.
#[cfg(feature = "tool")]
pub(crate) fn is_same_code(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        text.parse()
            .ok()
            .map(|stream| without_docs(stream).to_string())
    };
    one == other || plain(one).is_some_and(|one| plain(other) == Some(one))
}

/// Doc comments are attributes by the time that they are tokens.
#[cfg(feature = "tool")]
fn without_docs(stream: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in stream {
        let TokenTree::Group(group) = token else {
            kept.push(token);
            continue;
        };
        let mut inner = group.stream().into_iter();
        let is_doc = group.delimiter() == Delimiter::Bracket
            && matches!(inner.next(), Some(TokenTree::Ident(ident)) if ident == "doc");
        if is_doc {
            while matches!(kept.last(), Some(TokenTree::Punct(punct)) if "#!".contains(punct.as_char()))
            {
                kept.pop();
            }
        } else {
            kept.push(Group::new(group.delimiter(), without_docs(group.stream())).into());
        }
    }
    kept.into_iter().collect()
}

/// The first `todo!` in `body`: its line and its message.
pub(super) fn todo_in(body: TokenStream) -> Option<(usize, String)> {
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "todo" => {
                if !matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!')
                {
                    continue;
                }
                tokens.next();
                let message = match tokens.peek() {
                    Some(TokenTree::Group(group)) => first_literal(group),
                    _ => String::new(),
                };
                return Some((ident.span().start().line, message));
            }
            TokenTree::Group(group) => {
                if let Some(found) = todo_in(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

struct Walk<'a> {
    items: &'a mut Items,
    modules: Vec<String>,
    owner: Option<String>,
}

impl Walk<'_> {
    fn stream(&mut self, stream: TokenStream) {
        let mut tokens = stream.into_iter().peekable();
        let mut doc = Vec::new();
        let mut attributes = Vec::new();
        let mut file = None;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(TokenTree::Group(group)) = tokens.peek() {
                        match attribute(group) {
                            Attribute::Doc(line) => doc.push(line),
                            Attribute::Path(path) => file = Some(path),
                            Attribute::Other(name) => attributes.push(name),
                        }
                        tokens.next();
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => {
                    doc.clear();
                    attributes.clear();
                }
                TokenTree::Punct(punct) if punct.as_char() == '!' => {
                    // The body of a macro call, or of `#![…]`, which declares nothing.
                    if let Some(TokenTree::Group(group)) = tokens.peek() {
                        self.stream(group.stream());
                        tokens.next();
                    }
                }
                TokenTree::Ident(ident) if ident == "fn" => {
                    let Some(TokenTree::Ident(name)) = tokens.peek().cloned() else {
                        continue;
                    };
                    let body = rest_of_item(&mut tokens).0.map(|group| group.stream());
                    self.items.functions.push(Function {
                        modules: self.modules.clone(),
                        owner: self.owner.clone(),
                        name: name.to_string(),
                        doc: std::mem::take(&mut doc),
                        attributes: std::mem::take(&mut attributes),
                        line: name.span().start().line,
                        body,
                    });
                }
                TokenTree::Ident(ident) if ident == "mod" => {
                    let Some(TokenTree::Ident(name)) = tokens.peek().cloned() else {
                        continue;
                    };
                    let mut path = self.modules.clone();
                    path.push(name.to_string());
                    match rest_of_item(&mut tokens).0 {
                        Some(body) => Walk {
                            items: self.items,
                            modules: path,
                            owner: None,
                        }
                        .stream(body.stream()),
                        None => self.items.modules.push(Module {
                            path,
                            file: file.take(),
                        }),
                    }
                    doc.clear();
                    attributes.clear();
                }
                TokenTree::Ident(ident) if ident == "impl" || ident == "trait" => {
                    let (body, header) = rest_of_item(&mut tokens);
                    if let Some(body) = body {
                        let owner = subject(&header);
                        Walk {
                            items: self.items,
                            modules: self.modules.clone(),
                            owner,
                        }
                        .stream(body.stream());
                    }
                    doc.clear();
                    attributes.clear();
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    doc.clear();
                    attributes.clear();
                }
                _ => {}
            }
        }
    }
}

enum Attribute {
    Doc(String),
    Path(String),
    Other(String),
}

fn attribute(group: &Group) -> Attribute {
    let mut name = String::new();
    for token in group.stream() {
        match token {
            TokenTree::Ident(ident) => name = ident.to_string(),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            TokenTree::Punct(punct) if punct.as_char() == '=' => {}
            TokenTree::Literal(literal) if name == "doc" => {
                return Attribute::Doc(unquoted(&literal.to_string()));
            }
            TokenTree::Literal(literal) if name == "path" => {
                return Attribute::Path(unquoted(&literal.to_string()));
            }
            _ => break,
        }
    }
    Attribute::Other(name)
}

/// The tokens up to the item's body or its semicolon, and the body.
fn rest_of_item(tokens: &mut impl Iterator<Item = TokenTree>) -> (Option<Group>, Vec<TokenTree>) {
    let mut header = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                return (Some(group), header);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            other => header.push(other),
        }
    }
    (None, header)
}

/// The type that an `impl` is for: the last name of its path, generics left out.
fn subject(header: &[TokenTree]) -> Option<String> {
    let mut depth = 0_usize;
    let mut found = None;
    let mut previous = ' ';
    for token in header {
        match token {
            TokenTree::Punct(punct) => {
                match punct.as_char() {
                    '<' => depth += 1,
                    // The arrow of a function type closes nothing.
                    '>' if previous != '-' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                previous = punct.as_char();
                continue;
            }
            TokenTree::Ident(ident) if depth == 0 => {
                if ident == "where" {
                    break;
                } else if ident == "for" {
                    found = None;
                } else {
                    found = Some(ident.to_string());
                }
            }
            _ => {}
        }
        previous = ' ';
    }
    found
}

fn first_literal(group: &Group) -> String {
    match group.stream().into_iter().next() {
        Some(TokenTree::Literal(literal)) => unquoted(&literal.to_string()),
        _ => String::new(),
    }
}

/// The text of a string literal.
fn unquoted(literal: &str) -> String {
    if let Some(raw) = literal.strip_prefix('r') {
        return raw.trim_matches('#').trim_matches('"').to_owned();
    }
    let inner = literal
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(literal);
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('\n') => {
                while characters.peek().is_some_and(|next| next.is_whitespace()) {
                    characters.next();
                }
            }
            Some('u') => {
                let digits: String = characters.by_ref().take_while(|c| *c != '}').collect();
                let code = u32::from_str_radix(digits.trim_start_matches('{'), 16).unwrap_or(0);
                text.extend(char::from_u32(code));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}
