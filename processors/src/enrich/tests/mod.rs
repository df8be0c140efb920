//! The whole processor over real requests.

// A configuration written in place reads better without a reference to it.
#![allow(clippy::needless_pass_by_value)]

mod mistakes;
mod properties;
mod reference;
mod requests;
mod versions;
