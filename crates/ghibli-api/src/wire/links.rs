/// What a link field says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The ids linked to, in the source's order, percent-encoded where the source wrote them so.
    pub ids: Vec<String>,
    /// A bare link, an empty string or no field at all: there may be more, or none.
    pub unknown: bool,
    /// What is no link to the collection that the field is about.
    pub strange: Vec<String>,
}
