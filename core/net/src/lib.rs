//! TLS, authentication, compression and limits for servers and clients.
