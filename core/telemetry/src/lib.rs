//! The agent's own metrics, logs and books.
