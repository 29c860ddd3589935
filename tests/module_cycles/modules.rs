//! The modules of a crate, with the names that each defines, imports and mentions.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::tokens::{self, Token};

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
        let source = std::fs::read_to_string(file).unwrap();
        let module = self.add(file, parent);
        self.scan(module, &tokens::parse(&source), folder, true);
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

    fn scan(&mut self, module: usize, tokens: &[Token], folder: &Path, is_item_level: bool) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            let rest = &tokens[at..];
            match token {
                // Tests may use anything.
                Token::Punct('#') if is_test_only(rest) => {
                    let ends = |token: &Token| token.is_punct(';') || token.is_group('{');
                    at += rest.iter().position(ends).map_or(rest.len(), |end| end + 1);
                }
                Token::Word(word) if word == "use" => {
                    let end = rest.iter().position(|token| token.is_punct(';'));
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
                Token::Word(word) if word == "mod" && is_item_level => {
                    if let [Token::Word(name), body, ..] = rest {
                        if let Some(child) = self.read_child(module, name, body, folder) {
                            self.0[module].children.insert(name.clone(), child);
                        }
                        at += 2;
                    }
                }
                Token::Word(word) => {
                    if let ([Token::Word(name), ..], true) = (rest, is_item_level)
                        && ITEM_KEYWORDS.contains(&&**word)
                    {
                        self.0[module].items.insert(name.clone());
                    }
                    let (path, end) = read_path(tokens, at - 1);
                    if is_mention(tokens, at - 1, end, &path) {
                        self.0[module].mentions.push(path);
                    }
                    at = end;
                }
                Token::Group(_, inner) => self.scan(module, inner, folder, false),
                Token::Punct(_) => {}
            }
        }
    }

    /// `None` for a file of another crate, by `#[path]`.
    fn read_child(
        &mut self,
        parent: usize,
        name: &str,
        body: &Token,
        folder: &Path,
    ) -> Option<usize> {
        let inner = folder.join(name);
        if let Token::Group(_, body) = body {
            let file = self.0[parent].file.clone();
            let child = self.add(&file, Some(parent));
            self.scan(child, body, &inner, true);
            return Some(child);
        }
        let files = [inner.join("mod.rs"), folder.join(format!("{name}.rs"))];
        let file = files.iter().find(|file| file.is_file())?;
        Some(self.read_file(file, Some(parent), &inner))
    }
}

/// The names of a `use`, with their whole paths.
fn read_use(tokens: &[Token], before: &[String], into: &mut Vec<(Vec<String>, Option<String>)>) {
    for tree in tokens.split(|token| token.is_punct(',')) {
        let mut path = before.to_vec();
        let mut name = None;
        let mut is_renamed = false;
        for token in tree {
            match token {
                Token::Word(word) if word == "as" => is_renamed = true,
                Token::Word(word) if is_renamed => name = Some(word.clone()),
                Token::Word(word) => path.push(word.clone()),
                Token::Group(_, group) => {
                    read_use(group, &path, into);
                    path.clear();
                }
                Token::Punct('*') => into.push((std::mem::take(&mut path), None)),
                Token::Punct(_) => {}
            }
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let Some(last) = path.last().cloned() {
            into.push((path, Some(name.unwrap_or(last))));
        }
    }
}

/// `a::b::c` from a token on, and the place after it.
fn read_path(tokens: &[Token], start: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut at = start;
    if let Token::Word(first) = &tokens[start] {
        path.push(first.clone());
        at += 1;
    }
    while let [Token::Punct(':'), Token::Punct(':'), Token::Word(next), ..] = &tokens[at..] {
        path.push(next.clone());
        at += 3;
    }
    (path, at)
}

/// Whether a path can name an item: a single lower-case name only where it is called.
fn is_mention(tokens: &[Token], start: usize, end: usize, path: &[String]) -> bool {
    let is_called = tokens.get(end).is_some_and(|token| token.is_group('('));
    let is_type = path[0].starts_with(char::is_uppercase);
    let is_part = match &tokens[..start] {
        [.., Token::Punct('.'), Token::Punct('.')] => false,
        [.., Token::Punct('.')] | [.., Token::Punct(':'), Token::Punct(':')] => true,
        [.., last] => last.is_word("fn"),
        [] => false,
    };
    (path.len() > 1 || is_type || is_called) && !is_part
}

/// Whether what follows a `#` is `[cfg(test)]`.
fn is_test_only(tokens: &[Token]) -> bool {
    match tokens {
        [Token::Group('[', inner), ..] => match inner.as_slice() {
            [cfg, Token::Group('(', test)] => {
                cfg.is_word("cfg") && matches!(test.as_slice(), [test] if test.is_word("test"))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether the tokens end with `pub` or `pub(…)`.
fn is_public(tokens: &[Token]) -> bool {
    match tokens {
        [.., public, Token::Group('(', _)] => public.is_word("pub"),
        [.., last] => last.is_word("pub"),
        [] => false,
    }
}
