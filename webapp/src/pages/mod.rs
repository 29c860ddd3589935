//! The pages: each handler beside the template that it fills.

pub(crate) mod about;
pub(crate) mod changes;
mod error;
mod frame;
pub(crate) mod home;
pub(crate) mod movies;
pub(crate) mod status;

pub(crate) use self::error::ErrorPage;
