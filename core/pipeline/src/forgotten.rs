//! Queues on disk that no exporter has any more.

use crate::graph::Graph;
use tidewatch_store::Store;

/// Names them in the log. What is in them stays: the exporter may come back, and only people know.
pub(crate) async fn report(graph: &Graph) {
    let provided = graph.extensions.iter().flat_map(|node| &node.provides);
    let stores: Vec<_> = provided.filter_map(|one| one.clone().downcast::<Store>().ok()).collect();
    let looked = tokio::task::spawn_blocking(move || stores.iter().for_each(|store| look(store))).await;
    if let Err(error) = looked {
        tracing::error!(%error, "the queues on disk cannot be listed");
    }
}

fn look(store: &Store) {
    let directory = store.options().directory.display().to_string();
    match store.queues() {
        Ok(queues) => {
            for queue in queues.iter().filter(|queue| !queue.claimed && queue.bytes > 0) {
                tracing::warn!(
                    exporter = queue.exporter,
                    directory,
                    bytes = queue.bytes,
                    "a queue on disk of an exporter that is not configured; `tidewatch state` shows and drops it"
                );
            }
        }
        Err(error) => tracing::error!(directory, %error, "the queues on disk cannot be listed"),
    }
}
