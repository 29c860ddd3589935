//! Reading the query of a URL.

use std::borrow::Cow;

use http::Uri;

use super::error::AppError;

/// The parameters in their order, decoded.
pub(crate) fn pairs(uri: &Uri) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

/// A whole number within bounds.
pub(crate) fn number(
    name: &str,
    value: &str,
    least: usize,
    most: usize,
) -> Result<usize, AppError> {
    let number = value.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| {
            let bounds = if most == usize::MAX {
                format!("of {least} or more")
            } else {
                format!("from {least} to {most}")
            };
            AppError::BadParameter {
                name: name.to_owned(),
                problem: format!("must be a whole number {bounds}"),
            }
        })
}
