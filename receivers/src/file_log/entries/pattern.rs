use super::EntriesConfig;
use std::sync::Arc;
use tidewatch_component::BuildContext;
use tidewatch_config::Mistake;

/// What all files of a receiver share: the configuration, compiled.
pub(crate) struct Pattern {
    window: usize,
}

impl EntriesConfig {
    /// Compiles the configuration.
    ///
    /// # Errors
    /// All mistakes in it, with paths from the receiver's body down.
    pub(crate) fn build(&self, _context: &BuildContext) -> Result<Arc<Pattern>, Vec<Mistake>> {
        Ok(Arc::new(Pattern { window: self.max_log_size.as_usize() + 16 }))
    }
}

impl Pattern {
    /// So many bytes at once always make progress: a file's buffer needs no more.
    pub(crate) fn window(&self) -> usize {
        self.window
    }
}
