//! OTLP on the wire: check, count, views, split, merge, JSON.

mod schema;
