//! The code blocks of a page in `docs/`.

use std::fs;

use testkit::workspace_root;

/// A block of code, with the heading above it.
pub(super) struct CodeBlock {
    pub(super) heading: String,
    /// The language of a fenced block; commands have none.
    pub(super) language: String,
    /// Commands, each in one line, or the text of another language.
    pub(super) lines: Vec<String>,
}

/// The text of a file of the workspace.
pub(super) fn read(file: &str) -> String {
    fs::read_to_string(workspace_root().join(file)).expect(file)
}

/// The indented and fenced blocks of a page, in their order.
pub(super) fn code_blocks(text: &str) -> Vec<CodeBlock> {
    let mut blocks: Vec<CodeBlock> = Vec::new();
    let mut heading = String::new();
    let mut is_fenced = false;
    let mut is_open = false;
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            is_fenced = !is_fenced;
            is_open = is_fenced;
            if is_fenced {
                blocks.push(CodeBlock {
                    heading: heading.clone(),
                    language: language.to_owned(),
                    lines: Vec::new(),
                });
            }
            continue;
        }
        let is_code = is_fenced || line.starts_with("    ");
        if !is_code {
            is_open = false;
            if line.starts_with('#') {
                line.trim_start_matches(['#', ' ']).clone_into(&mut heading);
            }
            continue;
        }
        if !is_open {
            is_open = true;
            blocks.push(CodeBlock {
                heading: heading.clone(),
                language: String::new(),
                lines: Vec::new(),
            });
        }
        let block = blocks.last_mut().unwrap();
        let is_command = block.language.is_empty();
        match block.lines.last_mut() {
            Some(last) if is_command && last.ends_with('\\') => {
                last.pop();
                last.push_str(line.trim_start());
            }
            _ if is_command => block.lines.push(line.trim_start().to_owned()),
            _ => block.lines.push(line.to_owned()),
        }
    }
    blocks
}

/// The headings of a page, as GitHub and others make anchors of them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let mut is_fenced = false;
    let headings = text.lines().filter(|line| {
        is_fenced ^= line.starts_with("```");
        !is_fenced && line.starts_with('#')
    });
    let anchor = |line: &str| {
        let heading = line.trim_start_matches(['#', ' ']).to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
        heading.chars().filter(kept).collect::<String>()
    };
    headings
        .map(|line| anchor(line).replace(' ', "-"))
        .collect()
}

#[test]
fn blocks_have_their_heading_and_joined_lines() {
    let page = "# One\n\n    a \\\n      b\n    c\n\ntext\n\n1. item\n\n        d\n\n## Two\n\n```ini\n  e=f\n```\n";
    let found: Vec<_> = code_blocks(page)
        .into_iter()
        .map(|block| (block.heading, block.language, block.lines.join("|")))
        .collect();
    let block = |heading: &str, language: &str, lines: &str| {
        (heading.to_owned(), language.to_owned(), lines.to_owned())
    };
    let expected = [
        block("One", "", "a b|c"),
        block("One", "", "d"),
        block("Two", "ini", "  e=f"),
    ];
    assert_eq!(found, expected);
}
