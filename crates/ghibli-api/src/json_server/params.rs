//! Query parameters as the source's server parses them: repeated names and brackets make lists.

use url::form_urlencoded;

use super::error::ListQueryError;

/// Maximum number of parameters.
pub(super) const MAX_PARAMETERS: usize = 50;
/// Maximum decoded size of a parameter, name and value together.
pub(super) const MAX_PARAMETER_BYTES: usize = 2_000;
/// Maximum index in brackets of a list; with a higher one it is an object.
const MAX_INDEX: usize = 20;

/// The parameters of a query, in order.
pub(super) struct Params(Vec<Param>);

struct Param {
    /// With brackets.
    raw_name: String,
    /// Without brackets.
    name: String,
    syntax: NameSyntax,
    value: String,
}

#[derive(Clone, Copy, PartialEq)]
enum NameSyntax {
    Plain,
    /// `name[]` or `name[0]`.
    Element,
    /// `name[word]`.
    Object,
}

/// The value of all parameters of one name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ParamValue {
    One(String),
    Many(Vec<String>),
    /// An object, which no value of a record equals.
    Object,
}

impl Params {
    pub(super) fn parse(query: &str) -> Result<Self, ListQueryError> {
        let mut params = Vec::new();
        for (raw_name, value) in form_urlencoded::parse(query.as_bytes()) {
            if params.len() == MAX_PARAMETERS {
                return Err(ListQueryError::new(format!(
                    "at most {MAX_PARAMETERS} parameters are allowed"
                )));
            }
            if raw_name.len() + value.len() > MAX_PARAMETER_BYTES {
                return Err(ListQueryError::new(format!(
                    "a parameter may have at most {MAX_PARAMETER_BYTES} bytes"
                )));
            }
            let (name, syntax) = split_name(&raw_name);
            params.push(Param {
                name: name.to_owned(),
                syntax,
                raw_name: raw_name.into_owned(),
                value: value.into_owned(),
            });
        }
        Ok(Self(params))
    }

    /// All names without brackets, each once.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for param in &self.0 {
            if !param.name.is_empty() && !names.contains(&&*param.name) {
                names.push(&param.name);
            }
        }
        names
    }

    pub(super) fn get(&self, name: &str) -> Option<ParamValue> {
        let params: Vec<_> = self.0.iter().filter(|param| param.name == name).collect();
        match params[..] {
            [] => None,
            [one] if one.syntax == NameSyntax::Plain => Some(ParamValue::One(one.value.clone())),
            _ if params
                .iter()
                .any(|param| param.syntax == NameSyntax::Object) =>
            {
                Some(ParamValue::Object)
            }
            _ => Some(ParamValue::Many(
                params.iter().map(|param| param.value.clone()).collect(),
            )),
        }
    }

    /// The values of parameters with exactly this name, for the parameters without bracket syntax.
    pub(super) fn get_raw(&self, name: &str) -> Vec<&str> {
        let params = self.0.iter().filter(|param| param.raw_name == name);
        params.map(|param| &*param.value).collect()
    }
}

impl ParamValue {
    /// An empty value means that the parameter is not given.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::One(value) if value.is_empty())
    }

    pub(super) fn into_string(self) -> String {
        match self {
            Self::One(value) => value,
            Self::Many(values) => values.join(","),
            Self::Object => super::js_value::OBJECT_STRING.to_owned(),
        }
    }
}

fn split_name(raw_name: &str) -> (&str, NameSyntax) {
    let Some((name, rest)) = raw_name.split_once('[') else {
        return (raw_name, NameSyntax::Plain);
    };
    match rest.split_once(']') {
        _ if name.is_empty() => (raw_name, NameSyntax::Plain),
        None => (raw_name, NameSyntax::Plain),
        Some(("", "")) => (name, NameSyntax::Element),
        Some((index, "")) if index.parse().is_ok_and(|index: usize| index <= MAX_INDEX) => {
            (name, NameSyntax::Element)
        }
        Some(_) => (name, NameSyntax::Object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_and_brackets_make_a_list() {
        let params =
            Params::parse("a=1&b=x+y&b=%C5%AB&c[]=3&d[0]=4&e[f]=5&g[=6&h&i[21]=7").unwrap();
        let many = |values: &[&str]| {
            Some(ParamValue::Many(
                values.iter().map(ToString::to_string).collect(),
            ))
        };
        assert_eq!(params.get("a"), Some(ParamValue::One("1".to_owned())));
        assert_eq!(params.get("b"), many(&["x y", "ū"]));
        assert_eq!(params.get("c"), many(&["3"]));
        assert_eq!(params.get("d"), many(&["4"]));
        assert_eq!(params.get("e"), Some(ParamValue::Object));
        assert_eq!(params.get("g["), Some(ParamValue::One("6".to_owned())));
        assert!(params.get("h").unwrap().is_empty());
        assert_eq!(params.get("i"), Some(ParamValue::Object));
        assert_eq!(params.get("j"), None);
        assert_eq!(params.get_raw("c"), Vec::<&str>::new());
        assert_eq!(params.get_raw("b"), ["x y", "ū"]);
    }

    #[test]
    fn too_many_or_too_long_parameters_are_refused() {
        assert!(Params::parse(&"a=1&".repeat(MAX_PARAMETERS)).is_ok());
        assert!(Params::parse(&"a=1&".repeat(MAX_PARAMETERS + 1)).is_err());
        assert!(Params::parse(&format!("a={}", "x".repeat(MAX_PARAMETER_BYTES))).is_err());
    }
}
