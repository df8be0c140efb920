use tidewatch_otlp::Request;

/// Collects records of several files for one request.
pub(crate) struct Requests {
    limit: usize,
}

impl Requests {
    /// Takes records until it holds `limit` bytes; the last one may exceed it.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit }
    }

    /// How many records it holds.
    pub(crate) fn items(&self) -> usize {
        0
    }

    /// About how many bytes the request has.
    pub(crate) fn bytes(&self) -> usize {
        0
    }

    /// Whether it holds as many bytes as it should.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes() >= self.limit
    }

    /// Records that operators dropped since the last call, by reason; for `Intake::dropped`.
    pub(crate) fn take_dropped(&mut self) -> Vec<(&'static str, usize)> {
        Vec::new()
    }

    /// The request, if there are records; what follows goes into the next one.
    pub(crate) fn finish(&mut self) -> Option<Request> {
        None
    }
}
