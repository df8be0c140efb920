//! Log records, brought into the form that is wanted.

mod cast;
mod compile;
mod constant;
mod fields;
mod plan;
mod refusal;
mod text;
mod time;
mod walk;

pub(super) use compile::{plans, replaceable};
pub(super) use plan::Plan;
pub(super) use refusal::Reason;
pub(super) use walk::{Made, walk};
