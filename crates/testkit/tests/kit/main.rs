//! The test kit, used as the tests of other crates use it.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod orphans;
#[cfg(test)]
mod source;
