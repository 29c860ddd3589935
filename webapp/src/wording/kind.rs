use common::models::Kind;

/// The singular of a kind on pages. URLs and the API use [`Kind::singular`].
pub(crate) const fn singular(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "character",
        Kind::Location => "place",
        _ => kind.singular(),
    }
}

/// The plural of a kind on pages. URLs and the API use [`Kind::plural`].
pub(crate) const fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "characters",
        Kind::Location => "places",
        _ => kind.plural(),
    }
}
