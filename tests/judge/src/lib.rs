//! The judge: the release binary between numbered senders and a recording sink.
