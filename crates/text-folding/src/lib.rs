#![doc = include_str!("../README.md")]

mod fold;
mod sort_key;
mod token;

pub use self::fold::{FoldedChar, fold, is_apostrophe};
pub use self::sort_key::{push_sort_key, sort_key};
pub use self::token::{Token, is_letter, is_unspaced, push_token, tokenise, truncated, whole_name};
