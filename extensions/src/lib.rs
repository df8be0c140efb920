//! Extensions: what serves the agent beside the data path.
