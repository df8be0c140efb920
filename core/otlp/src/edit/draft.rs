//! A message under way from what it was to what it becomes.

use std::ops::Deref;

use crate::wire::Fields;

/// A view in which fields have been set, and which fields these are.
///
/// It reads as the message will be: what was set lives in the [`Arena`](super::Arena), all else in the request.
/// What was not set is written with the very bytes it came in, unknown fields too.
#[derive(Debug, Clone, Copy)]
pub struct Draft<V> {
    pub(super) view: V,
    /// A bit for each field number.
    touched: u32,
    /// Where the only field stood that was set, if that is known.
    gap: Option<(usize, usize)>,
}

impl<V> Deref for Draft<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.view
    }
}

/// A message whose fields can be set.
pub trait Editable {
    /// The message as it came.
    fn original(&self) -> &[u8];

    /// Writes the current value of a field, with its key; nothing, if it is the default.
    fn put(&self, number: u32, out: &mut Vec<u8>);
}

impl<V> Draft<V> {
    /// Nothing is set yet.
    pub fn new(view: V) -> Self {
        Self { view, touched: 0, gap: None }
    }

    /// Whether anything was set.
    pub fn is_touched(&self) -> bool {
        self.touched != 0
    }

    /// Marks a field as set; all its occurrences are left out of what is copied.
    pub(super) fn touch(&mut self, number: u32) {
        self.touched |= 1 << number;
        self.gap = None;
    }

    /// The same of a field whose occurrences stood in a stretch of their own, if there is one.
    pub(super) fn touch_stretch(&mut self, number: u32, stretch: Option<(usize, usize)>) {
        let first = !self.is_touched();
        self.touch(number);
        self.gap = stretch.filter(|_| first);
    }

    pub(super) fn has_touched(&self, number: u32) -> bool {
        number < u32::BITS && self.touched & (1 << number) != 0
    }
}

impl<V: Editable> Draft<V> {
    /// Writes the message's fields: each that was set where it first stood, or at the end.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let original = self.view.original();
        if !self.is_touched() {
            return out.extend_from_slice(original);
        }
        let mut left = self.touched;
        if let Some((start, end)) = self.gap {
            out.extend_from_slice(&original[..start]);
            self.view.put(left.trailing_zeros(), out);
            return out.extend_from_slice(&original[end..]);
        }
        let mut from = 0;
        for field in Fields::new(original) {
            if !self.has_touched(field.number) {
                continue;
            }
            out.extend_from_slice(&original[from..field.start]);
            from = field.end;
            if left & (1 << field.number) != 0 {
                left &= !(1 << field.number);
                self.view.put(field.number, out);
            }
        }
        out.extend_from_slice(&original[from..]);
        while left != 0 {
            let number = left.trailing_zeros();
            left &= left - 1;
            self.view.put(number, out);
        }
    }
}
