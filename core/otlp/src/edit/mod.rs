//! Edits on wire bytes.
//!
//! [`rewrite`] walks a request once. What an [`Editor`] sets lives in an [`Arena`] until the request is written;
//! entries that it does not touch are copied as they are, and only their lengths are written anew.
//!
//! ```
//! use tidewatch_otlp::edit::{Arena, Editor, Level, LogDraft, Owner, Verdict, rewrite};
//! use tidewatch_otlp::views::ValueView;
//!
//! /// Marks what is severe, and drops the rest.
//! struct Mark<'a>(&'a Arena);
//!
//! impl<'a> Editor<'a> for Mark<'a> {
//!     fn level(&self) -> Level {
//!         Level::Item
//!     }
//!
//!     fn log(&mut self, _: Owner<'_, 'a>, log: &mut LogDraft<'a>) -> Verdict {
//!         if log.severity_number() < 17 {
//!             return Verdict::Drop;
//!         }
//!         log.set_attributes(log.attributes().with("severe", ValueView::Bool(true), self.0), self.0);
//!         Verdict::Keep
//!     }
//! }
//!
//! # let request = tidewatch_otlp::Request::check(tidewatch_otlp::Signal::Logs, bytes::Bytes::new()).unwrap().request;
//! let (canonical, arena) = (request.canonical(), Arena::new());
//! let edited = rewrite(&canonical, &arena, &mut Mark(&arena)).unwrap_or(request);
//! # assert!(edited.is_empty());
//! ```

mod arena;
mod attributes;
mod draft;
mod entries;
mod groups;
mod lists;
mod logs;
mod metrics;
mod nested;
mod owners;
mod points;
mod put;
mod regroup;
mod rewrite;
mod scale;
mod setters;
mod traces;
pub(crate) mod value;

pub use arena::Arena;
pub use attributes::Entry;
pub use draft::Draft;
pub use entries::Entries;
pub use groups::{ResourceDraft, ScopeDraft};
pub use logs::LogDraft;
pub use metrics::MetricDraft;
pub use owners::Owned;
pub use points::PointDraft;
pub use regroup::{GaugeGroups, GaugePoint, LogGroups};
pub use rewrite::{Editor, Level, Owner, Verdict, rewrite};
pub use scale::Factor;
use setters::setters;
pub use traces::{EventDraft, SpanDraft};
