use super::parameter::ParameterValues;
use crate::state::Site;

/// A request to an operation, its parameters checked.
pub(super) struct ApiRequest<'a> {
    pub(super) site: &'a Site,
    /// The last segment of the path, if it is a parameter.
    pub(super) path_argument: &'a str,
    pub(super) parameters: &'a ParameterValues,
}
