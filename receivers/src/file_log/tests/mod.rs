//! Real files, a real store, and a gate that says what becomes of what is handed over.

mod delivery;
mod finding;
mod kit;
mod model;
mod reading;
mod restart;
mod rotation;
