//! Graph, admission, delivery, receipts and lifecycle.
