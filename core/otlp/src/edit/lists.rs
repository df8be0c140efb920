//! Lists, edited into new ones.

use super::Arena;
use crate::views::{ArrayView, ValueView};
use crate::wire::{Fields, Value, put_block_header};

impl<'a> ArrayView<'a> {
    /// The list with another value at an index; the same list, if it is not that long.
    #[must_use]
    pub fn with(self, index: usize, value: ValueView<'_>, arena: &'a Arena) -> Self {
        let bytes = self.bytes();
        let mut items =
            Fields::new(bytes).filter(|field| matches!((field.number, field.value), (1, Value::Block(_))));
        let Some(item) = items.nth(index) else { return self };
        Self::of_list(arena.write(|out| {
            out.extend_from_slice(&bytes[..item.start]);
            put_block_header(1, value.len(), out);
            value.put(out);
            out.extend_from_slice(&bytes[item.end..]);
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::ListWriter;

    #[test]
    fn one_value_is_replaced_and_no_other() {
        let arena = Arena::new();
        let list = ArrayView::of_list(arena.write(|out| {
            let mut list = ListWriter::new(out);
            list.put("a");
            list.put(2);
            list.list(|inner| inner.put(3));
        }));
        let shown = |list: ArrayView<'_>| ValueView::Array(list).to_string();
        assert_eq!(shown(list.with(0, ValueView::Bool(true), &arena)), "[true,2,[3]]");
        assert_eq!(shown(list.with(2, ValueView::Array(list), &arena)), r#"["a",2,["a",2,[3]]]"#);
        assert_eq!(shown(list.with(3, ValueView::Empty, &arena)), r#"["a",2,[3]]"#);
    }
}
