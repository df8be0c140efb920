mod cost;
mod kit;
mod mistakes;
mod operators;
mod properties;
mod samples;
mod splitting;
