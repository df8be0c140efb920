//! What the author of a component needs.
