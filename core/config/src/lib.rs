//! YAML with source positions, merged, expanded and checked into a configuration.
