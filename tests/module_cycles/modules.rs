//! The modules of a crate, with the names that each defines, imports and mentions.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Keywords before the name of an item.
const ITEM_KEYWORDS: [&str; 8] = [
    "const", "enum", "fn", "static", "struct", "trait", "type", "union",
];

pub(crate) struct Modules(pub(crate) Vec<Module>);

#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    pub(crate) parent: Option<usize>,
    pub(crate) children: HashMap<String, usize>,
    pub(crate) items: HashSet<String>,
    pub(crate) imports: Vec<Import>,
    /// Paths outside `use`.
    pub(crate) mentions: Vec<Vec<String>>,
}

/// One name, or all names, that a `use` brings into scope.
pub(crate) struct Import {
    pub(crate) path: Vec<String>,
    /// `None` for all.
    pub(crate) name: Option<String>,
    pub(crate) is_reexport: bool,
}

impl Modules {
    /// Reads a crate from its root file.
    pub(crate) fn read(root: &Path) -> Self {
        let mut modules = Self(Vec::new());
        modules.read_file(root, None, root.parent().unwrap());
        modules
    }

    /// `folder` is where the files of its child modules are.
    fn read_file(&mut self, file: &Path, parent: Option<usize>, folder: &Path) -> usize {
        let text = std::fs::read_to_string(file).unwrap();
        let tokens: TokenStream = text.parse().unwrap();
        let module = self.add(file, parent);
        self.scan(module, tokens, folder, true);
        module
    }

    fn add(&mut self, file: &Path, parent: Option<usize>) -> usize {
        self.0.push(Module {
            file: file.to_owned(),
            parent,
            ..Module::default()
        });
        self.0.len() - 1
    }

    fn scan(&mut self, module: usize, tokens: TokenStream, folder: &Path, is_item_level: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                // Tests may use anything.
                TokenTree::Punct(punct)
                    if punct.as_char() == '#' && is_test_only(&tokens[at..]) =>
                {
                    at += 1;
                    let rest = &tokens[at..];
                    let ends = |token: &TokenTree| is_punct(Some(token), ';') || is_block(token);
                    at += rest.iter().position(ends).map_or(rest.len(), |end| end + 1);
                }
                TokenTree::Ident(ident) if ident == "use" => {
                    let rest = &tokens[at..];
                    let end = rest.iter().position(|token| is_punct(Some(token), ';'));
                    let end = end.unwrap_or(rest.len());
                    let is_reexport = is_public(&tokens[..at - 1]);
                    let mut imports = Vec::new();
                    read_use(&rest[..end], &[], &mut imports);
                    let imports = imports.into_iter().map(|(path, name)| Import {
                        path,
                        name,
                        is_reexport,
                    });
                    self.0[module].imports.extend(imports);
                    at += end;
                }
                TokenTree::Ident(ident) if ident == "mod" && is_item_level => {
                    let Some(TokenTree::Ident(name)) = tokens.get(at) else {
                        continue;
                    };
                    let name = name.to_string();
                    let inner = folder.join(&name);
                    let child = if let Some(TokenTree::Group(body)) = tokens.get(at + 1) {
                        let file = self.0[module].file.clone();
                        let child = self.add(&file, Some(module));
                        self.scan(child, body.stream(), &inner, true);
                        child
                    } else {
                        let files = [inner.join("mod.rs"), folder.join(format!("{name}.rs"))];
                        let file = files.iter().find(|file| file.is_file()).unwrap();
                        self.read_file(file, Some(module), &inner)
                    };
                    self.0[module].children.insert(name, child);
                    at += 2;
                }
                TokenTree::Ident(ident) => {
                    if is_item_level && ITEM_KEYWORDS.contains(&&*ident.to_string()) {
                        if let Some(TokenTree::Ident(name)) = tokens.get(at) {
                            self.0[module].items.insert(name.to_string());
                        }
                    }
                    let (path, end) = read_path(&tokens, at - 1);
                    if is_mention(&tokens, at - 1, end, &path) {
                        self.0[module].mentions.push(path);
                    }
                    at = end;
                }
                TokenTree::Group(group) => self.scan(module, group.stream(), folder, false),
                _ => {}
            }
        }
    }
}

/// The names of a `use`, with their whole paths.
fn read_use(
    tokens: &[TokenTree],
    before: &[String],
    into: &mut Vec<(Vec<String>, Option<String>)>,
) {
    for tree in tokens.split(|token| is_punct(Some(token), ',')) {
        let mut path = before.to_vec();
        let mut name = None;
        let mut rest = tree.iter();
        while let Some(token) = rest.next() {
            match token {
                TokenTree::Ident(ident) if ident == "as" => {
                    name = rest.next().map(ToString::to_string);
                }
                TokenTree::Ident(ident) => path.push(ident.to_string()),
                TokenTree::Group(group) => {
                    let group: Vec<_> = group.stream().into_iter().collect();
                    read_use(&group, &path, into);
                    path.clear();
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    into.push((std::mem::take(&mut path), None));
                }
                _ => {}
            }
        }
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        if let Some(last) = path.last().cloned() {
            into.push((path, Some(name.unwrap_or(last))));
        }
    }
}

/// `a::b::c` from a token on, and the place behind it.
fn read_path(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut path = vec![tokens[start].to_string()];
    let mut at = start + 1;
    while is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':') {
        let Some(TokenTree::Ident(next)) = tokens.get(at + 2) else {
            break;
        };
        path.push(next.to_string());
        at += 3;
    }
    (path, at)
}

/// Whether a path can name an item: a single lower-case name only where it is called.
fn is_mention(tokens: &[TokenTree], start: usize, end: usize, path: &[String]) -> bool {
    let before = |distance: usize| start.checked_sub(distance).and_then(|at| tokens.get(at));
    let is_called = matches!(
        tokens.get(end),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis
    );
    let is_behind_path = is_punct(before(1), ':') && is_punct(before(2), ':');
    let is_member = is_punct(before(1), '.') && !is_punct(before(2), '.');
    let is_definition = matches!(before(1), Some(TokenTree::Ident(ident)) if ident == "fn");
    let is_type = path[0].starts_with(char::is_uppercase);
    (path.len() > 1 || is_type || is_called) && !is_behind_path && !is_member && !is_definition
}

/// Whether what follows a `#` is `[cfg(test)]`.
fn is_test_only(tokens: &[TokenTree]) -> bool {
    let is_it = |token: &TokenTree| token.to_string().replace(' ', "") == "[cfg(test)]";
    tokens.first().is_some_and(is_it)
}

fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// Whether the tokens end with `pub` or `pub(…)`.
fn is_public(tokens: &[TokenTree]) -> bool {
    let is_pub = |token: &TokenTree| matches!(token, TokenTree::Ident(ident) if ident == "pub");
    match tokens {
        [.., last] if is_pub(last) => true,
        [.., public, TokenTree::Group(_)] => is_pub(public),
        _ => false,
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}
