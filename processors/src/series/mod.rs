//! What detectors share: the number to judge, and the series it belongs to.

mod counter;
mod identity;
mod quantile;
mod statistic;
mod walk;

pub(crate) use counter::{Counter, Total};
pub(crate) use identity::{By, Hashes, ResourceHash, all_attributes, trace_ids};
pub(crate) use statistic::{Reading, Statistic};
pub(crate) use walk::{Shape, for_each_point};
