//! Parameters as the source's server reads them: repeated names and brackets make lists.

use url::form_urlencoded;

use super::BadQuestion;

/// The most parameters that a question may have.
pub(super) const MAX_PARAMETERS: usize = 50;
/// The most bytes that a parameter's name and value may have together, decoded.
pub(super) const MAX_PARAMETER_BYTES: usize = 2_000;
/// The highest place in a list that a bracket can name; beyond it there is an object.
const MAX_BRACKET: usize = 20;

/// The parameters of a question, in their order.
pub(super) struct Params(Vec<Param>);

struct Param {
    /// As it stands in the address.
    written: String,
    /// Without brackets.
    name: String,
    form: Form,
    value: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Plain,
    /// `name[]` or `name[0]`.
    Element,
    /// `name[word]`.
    Object,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    /// The name is there once.
    One(String),
    /// It is there several times, or as a list.
    Many(Vec<String>),
    /// It has parts, which nothing in a record is equal to.
    Object,
}

impl Params {
    pub(super) fn read(query: &str) -> Result<Self, BadQuestion> {
        let mut params = Vec::new();
        for (written, value) in form_urlencoded::parse(query.as_bytes()) {
            if params.len() == MAX_PARAMETERS {
                return Err(BadQuestion(format!(
                    "at most {MAX_PARAMETERS} parameters are allowed"
                )));
            }
            if written.len() + value.len() > MAX_PARAMETER_BYTES {
                return Err(BadQuestion(format!(
                    "a parameter may have at most {MAX_PARAMETER_BYTES} bytes"
                )));
            }
            let (name, form) = split(&written);
            params.push(Param {
                name: name.to_owned(),
                form,
                written: written.into_owned(),
                value: value.into_owned(),
            });
        }
        Ok(Self(params))
    }

    /// The names without brackets, each once.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for param in &self.0 {
            if !param.name.is_empty() && !names.contains(&&*param.name) {
                names.push(&param.name);
            }
        }
        names
    }

    pub(super) fn get(&self, name: &str) -> Option<Given> {
        let given: Vec<_> = self.0.iter().filter(|param| param.name == name).collect();
        match given[..] {
            [] => None,
            [one] if one.form == Form::Plain => Some(Given::One(one.value.clone())),
            _ if given.iter().any(|param| param.form == Form::Object) => Some(Given::Object),
            _ => Some(Given::Many(
                given.iter().map(|param| param.value.clone()).collect(),
            )),
        }
    }

    /// The values under a name exactly as it is written, for what knows no brackets.
    pub(super) fn written(&self, name: &str) -> Vec<&str> {
        let given = self.0.iter().filter(|param| param.written == name);
        given.map(|param| &*param.value).collect()
    }
}

impl Given {
    /// Nothing at all stands for "not given".
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::One(value) if value.is_empty())
    }

    pub(super) fn into_text(self) -> String {
        match self {
            Self::One(value) => value,
            Self::Many(values) => values.join(","),
            Self::Object => super::js_value::OBJECT.to_owned(),
        }
    }
}

fn split(written: &str) -> (&str, Form) {
    let Some((name, rest)) = written.split_once('[') else {
        return (written, Form::Plain);
    };
    match rest.split_once(']') {
        _ if name.is_empty() => (written, Form::Plain),
        None => (written, Form::Plain),
        Some(("", "")) => (name, Form::Element),
        Some((place, "")) if place.parse().is_ok_and(|place: usize| place <= MAX_BRACKET) => {
            (name, Form::Element)
        }
        Some(_) => (name, Form::Object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_and_brackets_make_a_list() {
        let params = Params::read("a=1&b=x+y&b=%C5%AB&c[]=3&d[0]=4&e[f]=5&g[=6&h&i[21]=7").unwrap();
        let many = |values: &[&str]| {
            Some(Given::Many(
                values.iter().map(ToString::to_string).collect(),
            ))
        };
        assert_eq!(params.get("a"), Some(Given::One("1".to_owned())));
        assert_eq!(params.get("b"), many(&["x y", "ū"]));
        assert_eq!(params.get("c"), many(&["3"]));
        assert_eq!(params.get("d"), many(&["4"]));
        assert_eq!(params.get("e"), Some(Given::Object));
        assert_eq!(params.get("g["), Some(Given::One("6".to_owned())));
        assert!(params.get("h").unwrap().is_empty());
        assert_eq!(params.get("i"), Some(Given::Object));
        assert_eq!(params.get("j"), None);
        assert_eq!(params.written("c"), Vec::<&str>::new());
        assert_eq!(params.written("b"), ["x y", "ū"]);
    }

    #[test]
    fn too_many_or_too_long_parameters_are_refused() {
        assert!(Params::read(&"a=1&".repeat(MAX_PARAMETERS)).is_ok());
        assert!(Params::read(&"a=1&".repeat(MAX_PARAMETERS + 1)).is_err());
        assert!(Params::read(&format!("a={}", "x".repeat(MAX_PARAMETER_BYTES))).is_err());
    }
}
