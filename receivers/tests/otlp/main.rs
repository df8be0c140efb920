//! The `otlp` receiver in a running agent, over real connections.

mod agent;
mod answers;
mod authority;
mod clients;
mod encodings;
mod grpc_keys;
mod http_keys;
mod keepalive;
mod mistakes;
mod recorder;
mod security;
