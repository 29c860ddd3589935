//! No import circle between the source files of a crate.
//!
//! A file imports another if a path in it, in a `use` or elsewhere, leads to an item of the other.
//! A re-exported name counts for the file that defines it. Not counted are a re-export of a child,
//! what a child takes from its parents, and what only tests use.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod graph;
mod modules;
mod tokens;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use self::graph::Graph;
use self::modules::Modules;

/// Packages with known circles, which are being removed.
#[rustfmt::skip]
const TOLERATED: &[&str] = &[
    "common", // models: Link and Number are defined in catalogue/mod.rs
    "webapp",
];

#[test]
fn no_crate_has_an_import_circle() {
    let mut circles = String::new();
    for (package, root) in crate_roots() {
        let found = circles_of(&root);
        if TOLERATED.contains(&&*package) {
            println!("tolerated in {package}: {found}");
        } else if !found.is_empty() {
            circles += &format!("{package}: {found}");
        }
    }
    assert!(circles.is_empty(), "{circles}");
}

/// Package and root file of each library, program and test of the workspace.
fn crate_roots() -> Vec<(String, PathBuf)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let printed = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let mut roots = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        for target in package["targets"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            roots.push((text(&package["name"]), text(&target["src_path"]).into()));
        }
    }
    roots
}

/// The circles below a crate's root file; empty if there is none.
fn circles_of(root: &Path) -> String {
    let modules = Modules::read(root);
    Graph::of(&modules).circles(root.parent().unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a made-up crate.
    fn circles(files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        circles_of(&folder.path().join("lib.rs"))
    }

    #[test]
    fn a_circle_is_found_with_its_files_and_imports() {
        let found = circles(&[
            ("lib.rs", "mod index; mod search; mod text;"),
            (
                "index.rs",
                "use crate::search::{Query, text::Word}; pub struct Index;",
            ),
            (
                "search/mod.rs",
                "pub mod text; pub struct Query; fn f() { super::text::fold() }",
            ),
            ("search/text.rs", "pub struct Word;"),
            (
                "text.rs",
                "pub fn fold() -> Vec<()> { vec![crate::index::Index::new()] }",
            ),
        ]);
        assert_eq!(
            found,
            "an import circle of 3 files\n  \
             index.rs imports Query from search/mod.rs\n  \
             search/mod.rs imports fold from text.rs\n  \
             text.rs imports Index from index.rs\n"
        );
    }

    #[test]
    fn a_parent_that_declares_and_reexports_its_children_imports_nothing() {
        let found = circles(&[
            (
                "lib.rs",
                "mod index; pub use index::{Index, key::Key}; pub const LIMIT: u32 = 1;",
            ),
            (
                "index/mod.rs",
                "pub mod key; mod order; pub use self::order::*; pub struct Index;",
            ),
            (
                "index/key.rs",
                "use crate::{Index, LIMIT}; pub struct Key; fn f() -> super::Order {}",
            ),
            ("index/order.rs", "use super::Index; pub struct Order;"),
        ]);
        assert_eq!(found, "");
    }

    #[test]
    fn a_reexported_name_counts_for_the_file_that_defines_it() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod inner; pub use inner::Inner as Renamed;"),
            (
                "a/inner.rs",
                "use crate::b; pub struct Inner; fn f() { b::run() }",
            ),
            (
                "b.rs",
                "use crate::a::*; pub fn run() -> Renamed { Renamed }",
            ),
        ]);
        assert_eq!(
            found,
            "an import circle of 2 files\n  \
             a/inner.rs imports run from b.rs\n  \
             b.rs imports Inner from a/inner.rs\n"
        );
    }

    #[test]
    fn other_crates_comments_texts_and_local_names_are_no_imports() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A; pub fn b() {}"),
            (
                "b.rs",
                "use other::a::A; // crate::a::A\n pub struct B; fn f(a: u8) { \"crate::a::A\"; \
                 other::a::b(); a.b(); <B as T>::a::A }",
            ),
        ]);
        assert_eq!(found, "");
    }
}
