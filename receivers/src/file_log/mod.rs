//! Log records of files that grow.

mod entries;
