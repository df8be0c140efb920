//! Where a batch came from and on whose behalf; kept through queues, split and merge.

use std::{collections::BTreeMap, sync::Arc};

/// What travels beside a batch's payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The sources the items came from; several after a merge.
    pub origins: Vec<Origin>,
    /// Request headers of the client, lower-case names, where the receiver was told to keep them
    /// (`include_metadata`). Batches of different metadata are never merged.
    pub metadata: Metadata,
    /// The tenant, where a component has set one. Batches of different tenants are never merged.
    pub tenant: Option<Arc<str>>,
}

/// Header names and their values.
pub type Metadata = BTreeMap<String, Vec<String>>;

/// A stretch of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Id of the receiver, as in the configuration (`otlp/2`).
    pub receiver: Arc<str>,
    /// Partition, file or stream inside it, where it has such.
    pub partition: Option<Arc<str>>,
    /// First and last position, both included, where it has positions.
    pub positions: Option<(u64, u64)>,
}

impl Context {
    /// A context of one receiver without positions.
    pub fn of_receiver(receiver: &str) -> Self {
        Self {
            origins: vec![Origin { receiver: receiver.into(), partition: None, positions: None }],
            ..Self::default()
        }
    }

    /// Whether batches of these contexts may leave in one request.
    pub fn joins(&self, other: &Self) -> bool {
        self.tenant == other.tenant && self.metadata == other.metadata
    }

    /// The context of both together; equal and adjoining origins become one.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let mut joined = self.clone();
        for origin in &other.origins {
            joined.add(origin);
        }
        joined
    }

    fn add(&mut self, new: &Origin) {
        for known in &mut self.origins {
            if known.receiver != new.receiver || known.partition != new.partition {
                continue;
            }
            match (&mut known.positions, new.positions) {
                (None, None) => return,
                (Some((first, last)), Some((from, to)))
                    if from <= last.saturating_add(1) && to.saturating_add(1) >= *first =>
                {
                    *first = from.min(*first);
                    *last = to.max(*last);
                    return;
                }
                _ => {}
            }
        }
        self.origins.push(new.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(first: u64, last: u64) -> Context {
        let origin =
            Origin { receiver: "kafka".into(), partition: Some("0".into()), positions: Some((first, last)) };
        Context { origins: vec![origin], ..Context::default() }
    }

    #[test]
    fn adjoining_positions_become_one_stretch_and_distant_ones_stay_apart() {
        assert_eq!(at(1, 5).join(&at(6, 9)), at(1, 9));
        assert_eq!(at(1, 5).join(&at(8, 9)).origins.len(), 2);
    }

    #[test]
    fn tenants_keep_batches_apart() {
        let mut other = at(1, 1);
        other.tenant = Some("acme".into());
        assert!(!at(1, 1).joins(&other));
        assert!(at(1, 1).joins(&at(9, 9)));
    }
}
