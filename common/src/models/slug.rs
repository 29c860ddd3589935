use super::{Id, Kind};

const LONGEST: usize = 80;

/// Words below `/movies/` and its kin that are pages of their own.
const RESERVED: [&str; 1] = ["random"];

/// A readable URL segment made of a name: lower-case ASCII words with hyphens between them.
///
/// `None` where the name gives none that can be read, as with Han characters, whose reading
/// depends on the language.
pub fn slug(name: &str) -> Option<String> {
    if name.chars().any(is_han) {
        return None;
    }
    let ascii = deunicode::deunicode(name).replace(['\'', '"', '.'], "");
    let mut slug = String::with_capacity(ascii.len());
    for word in ascii
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if !slug.is_empty() && slug.len() + 1 + word.len() > LONGEST {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    slug.truncate(LONGEST);
    (!slug.is_empty()).then_some(slug)
}

/// The first free slug for an item: from the first of its names that gives one, else from its
/// kind and id; with `hint` (a year, say) and then a number behind it while `taken`.
pub fn unique_slug(
    kind: Kind,
    id: &Id,
    names: &[&str],
    hint: Option<&str>,
    taken: impl Fn(&str) -> bool,
) -> String {
    let free = |candidate: &String| !taken(candidate) && !RESERVED.contains(&candidate.as_str());
    let base = names.iter().find_map(|name| slug(name)).unwrap_or_else(|| {
        let start: String = id
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(8)
            .collect();
        format!("{kind}-{}", start.to_ascii_lowercase())
    });
    let hinted = hint.and_then(slug).map(|hint| format!("{base}-{hint}"));
    let numbered = (2_u64..).map(|number| format!("{base}-{number}"));
    std::iter::once(base.clone())
        .chain(hinted)
        .chain(numbered)
        .find(free)
        .unwrap_or(base)
}

const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_read_well() {
        for (name, expected) in [
            ("Castle in the Sky", Some("castle-in-the-sky")),
            ("Howl's Moving Castle", Some("howls-moving-castle")),
            ("Tenkū no shiro Rapyuta", Some("tenku-no-shiro-rapyuta")),
            (
                "Renaldo Moon aka Moon aka Muta",
                Some("renaldo-moon-aka-moon-aka-muta"),
            ),
            ("天空の城ラピュタ", None),
            ("…", None),
        ] {
            assert_eq!(slug(name).as_deref(), expected, "{name}");
        }
        assert!(slug(&"word ".repeat(100)).unwrap().len() <= LONGEST);
        assert!(slug(&"w".repeat(300)).unwrap().len() <= LONGEST);
    }

    #[test]
    fn a_taken_slug_gets_the_hint_and_then_a_number() {
        let id = Id::from("0440483e-ca0e");
        let pick = |taken: &[&str]| {
            unique_slug(Kind::Movie, &id, &["Ponyo"], Some("2008"), |s| {
                taken.contains(&s)
            })
        };
        assert_eq!(pick(&[]), "ponyo");
        assert_eq!(pick(&["ponyo"]), "ponyo-2008");
        assert_eq!(pick(&["ponyo", "ponyo-2008"]), "ponyo-2");
    }

    #[test]
    fn a_name_that_gives_no_slug_falls_back_to_the_next_and_then_to_the_id() {
        let id = Id::from("0440483e-ca0e");
        let pick = |names: &[&str]| unique_slug(Kind::Movie, &id, names, None, |_| false);
        assert_eq!(
            pick(&["崖の上のポニョ", "Gake no ue no Ponyo"]),
            "gake-no-ue-no-ponyo"
        );
        assert_eq!(pick(&["崖の上のポニョ"]), "movie-0440483e");
        assert_eq!(pick(&["Random"]), "random-2");
    }
}
