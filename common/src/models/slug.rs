use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Id, Kind};

const MAX_LENGTH: usize = 80;

/// A readable URL segment from a name: lower-case ASCII words joined by hyphens.
///
/// `None` if nothing readable results, as from Han characters, whose reading depends on the
/// language.
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
        if !slug.is_empty() && slug.len() + 1 + word.len() > MAX_LENGTH {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    slug.truncate(MAX_LENGTH);
    (!slug.is_empty()).then_some(slug)
}

/// Assigns unique slugs to the items of one kind.
#[derive(Debug, Default)]
pub struct Slugs {
    assigned: HashSet<Arc<str>>,
    /// For each base the number to try next: all lower ones are taken.
    next: HashMap<String, u64>,
}

impl Slugs {
    /// Assigns an item the first free slug: from the first of its names that gives one, else from
    /// its kind and id; followed by `hint` (a year, say) or a number while it is taken or assigned.
    /// A slug that is `taken` once must stay taken.
    pub fn assign(
        &mut self,
        kind: Kind,
        id: &Id,
        names: &[&str],
        hint: Option<&str>,
        taken: impl Fn(&str) -> bool,
    ) -> Arc<str> {
        let assigned = &self.assigned;
        let is_free = |slug: &String| !assigned.contains(slug.as_str()) && !taken(slug);
        let base = names.iter().find_map(|name| slug(name));
        let base = base.unwrap_or_else(|| {
            let letters = id.chars().filter(char::is_ascii_alphanumeric);
            let start: String = letters.take(8).collect();
            format!("{kind}-{}", start.to_ascii_lowercase())
        });
        let hinted = hint.and_then(slug).map(|hint| format!("{base}-{hint}"));
        let mut first = std::iter::once(base.clone()).chain(hinted);
        let free: Arc<str> = match first.find(is_free) {
            Some(free) => free.into(),
            None => {
                let next = self.next.entry(base.clone()).or_insert(2);
                loop {
                    let numbered = format!("{base}-{next}");
                    *next += 1;
                    if is_free(&numbered) {
                        break numbered.into();
                    }
                }
            }
        };
        self.assigned.insert(free.clone());
        free
    }
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
        assert!(slug(&"word ".repeat(100)).unwrap().len() <= MAX_LENGTH);
        assert!(slug(&"w".repeat(300)).unwrap().len() <= MAX_LENGTH);
    }

    #[test]
    fn a_taken_slug_gets_the_hint_and_then_a_number() {
        let id = Id::from("0440483e-ca0e");
        let pick = |taken: &[&str]| {
            let taken = |slug: &str| taken.contains(&slug);
            Slugs::default().assign(Kind::Movie, &id, &["Ponyo"], Some("2008"), taken)
        };
        assert_eq!(&*pick(&[]), "ponyo");
        assert_eq!(&*pick(&["ponyo"]), "ponyo-2008");
        assert_eq!(&*pick(&["ponyo", "ponyo-2008"]), "ponyo-2");
    }

    #[test]
    fn each_slug_is_given_once_and_none_is_left_out() {
        let mut slugs = Slugs::default();
        let taken = |slug: &str| slug == "ponyo-3";
        let mut give = |names: &[&str]| {
            let id = Id::from("0440483e-ca0e");
            slugs.assign(Kind::Movie, &id, names, None, taken)
        };
        let given = [(); 4].map(|()| give(&["Ponyo"]));
        assert_eq!(
            given.each_ref().map(|slug| &**slug),
            ["ponyo", "ponyo-2", "ponyo-4", "ponyo-5"]
        );
        assert_eq!(&*give(&["Ponyo 6"]), "ponyo-6");
        assert_eq!(&*give(&["Ponyo"]), "ponyo-7");
    }

    #[test]
    fn a_name_that_gives_no_slug_falls_back_to_the_next_and_then_to_the_id() {
        let id = Id::from("0440483e-ca0e");
        let pick =
            |names: &[&str]| Slugs::default().assign(Kind::Movie, &id, names, None, |_| false);
        assert_eq!(
            &*pick(&["崖の上のポニョ", "Gake no ue no Ponyo"]),
            "gake-no-ue-no-ponyo"
        );
        assert_eq!(&*pick(&["崖の上のポニョ"]), "movie-0440483e");
    }
}
