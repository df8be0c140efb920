use std::collections::HashMap;

use super::groups::MEMBERS;
use super::value::put_block;
use super::{Arena, ResourceDraft, ScopeDraft};
use crate::wire::{block_len, put_block_header};

/// Field number of the owner in its entry.
const OWNER: u32 = 1;

/// What an entry of a resource or a scope has beside its members, taken once for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Owned<'a> {
    /// The `Resource` or `InstrumentationScope`.
    owner: &'a [u8],
    /// The fields behind the members.
    tail: &'a [u8],
}

impl<'a> Owned<'a> {
    /// By a resource.
    pub fn by_resource(resource: &ResourceDraft<'a>, arena: &'a Arena) -> Self {
        Self { owner: resource.resource_bytes(), tail: arena.write(|out| resource.put_tail(out)) }
    }

    /// By a scope.
    pub fn by_scope(scope: &ScopeDraft<'a>, arena: &'a Arena) -> Self {
        Self { owner: scope.scope_bytes(), tail: arena.write(|out| scope.put_tail(out)) }
    }

    /// By the same resource with other attributes.
    #[must_use]
    pub fn by_another(self, resource: &ResourceDraft<'a>) -> Self {
        Self { owner: resource.resource_bytes(), ..self }
    }

    /// By the same scope with other attributes, or another name.
    #[must_use]
    pub fn by_another_scope(self, scope: &ScopeDraft<'a>) -> Self {
        Self { owner: scope.scope_bytes(), ..self }
    }

    /// The head is left out if it is empty: that is the same.
    fn put_head(&self, out: &mut Vec<u8>) {
        if !self.owner.is_empty() {
            put_block(OWNER, self.owner, out);
        }
    }
}

/// Resources and scopes, each pair once, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Owners {
    places: HashMap<Vec<u8>, usize>,
    owners: Vec<Pair>,
    /// Bytes of the pair that is looked for.
    sought: Vec<u8>,
    last: Option<usize>,
}

#[derive(Debug)]
struct Pair {
    bytes: Vec<u8>,
    /// Where in them the parts end: head and tail of the resource, head of the scope.
    ends: [usize; 3],
}

impl Owners {
    /// The number of a pair.
    pub(super) fn place(&mut self, resource: Owned<'_>, scope: Owned<'_>) -> usize {
        let sought = &mut self.sought;
        sought.clear();
        resource.put_head(sought);
        let head = sought.len();
        sought.extend_from_slice(resource.tail);
        let tail = sought.len();
        // No field begins so: what belongs to the resource cannot be taken for what belongs to the scope.
        sought.push(0);
        scope.put_head(sought);
        let ends = [head, tail, sought.len()];
        sought.extend_from_slice(scope.tail);
        if let Some(last) = self.last
            && self.owners[last].bytes == *sought
        {
            return last;
        }
        let place = match self.places.get(sought.as_slice()) {
            Some(place) => *place,
            None => {
                self.places.insert(sought.clone(), self.owners.len());
                self.owners.push(Pair { bytes: sought.clone(), ends });
                self.owners.len() - 1
            }
        };
        self.last = Some(place);
        place
    }

    /// Writes the entry of a pair, with the fields of its items.
    pub(super) fn put(&self, place: usize, items: &[u8], out: &mut Vec<u8>) {
        let Pair { bytes, ends: [head, tail, scope] } = &self.owners[place];
        let (scope_head, scope_tail) = (&bytes[*tail + 1..*scope], &bytes[*scope..]);
        let scope_length = scope_head.len() + items.len() + scope_tail.len();
        put_block_header(1, tail + block_len(scope_length), out);
        out.extend_from_slice(&bytes[..*head]);
        put_block_header(MEMBERS, scope_length, out);
        out.extend_from_slice(scope_head);
        out.extend_from_slice(items);
        out.extend_from_slice(scope_tail);
        out.extend_from_slice(&bytes[*head..*tail]);
    }

    /// About how many bytes the entries take beside their items.
    pub(super) fn bytes(&self) -> usize {
        const HEADERS: usize = 12;
        self.owners.iter().map(|pair| pair.bytes.len() + HEADERS).sum()
    }
}
