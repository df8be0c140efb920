//! Whole pipelines, through the public API: configurations as people write them, with components whose
//! behaviour a test decides.

mod kit;

mod admission;
mod alerts;
mod dead_letters;
mod disk;
mod gathering;
mod lifecycle;
mod processors;
mod reload;
mod retry;
mod storm;
