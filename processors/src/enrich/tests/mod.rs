//! The whole processor over real requests.

mod mistakes;
mod properties;
mod reference;
mod requests;
mod versions;
