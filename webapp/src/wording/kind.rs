use common::models::Kind;

/// The visitor’s word for one item of a kind. Addresses and the API keep the kind’s own.
pub(crate) const fn singular(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "character",
        Kind::Location => "place",
        _ => kind.singular(),
    }
}

/// The visitor’s word for several items of a kind. Addresses and the API keep the kind’s own.
pub(crate) const fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Person => "characters",
        Kind::Location => "places",
        _ => kind.plural(),
    }
}
