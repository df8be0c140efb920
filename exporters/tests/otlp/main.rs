//! The `otlp` and `otlp_http` exporters in a running agent, in front of tonic's and hyper's servers.

mod agent;
mod alerts;
mod answers;
mod backend;
mod delivery;
mod mistakes;
mod requests;
mod security;
