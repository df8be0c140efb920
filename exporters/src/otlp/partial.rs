//! OTLP's partial success.

use prost::Message;
use tidewatch_component::{Exported, Rejection};
use tidewatch_otlp::proto::collector::logs::v1::ExportLogsServiceResponse;

/// What the response, which is the same on the wire for every signal, says about items that were not taken. A message without rejected items is a
/// warning, which is logged; a response that cannot be read counts as taken, since the status said so.
pub(crate) fn read(response: &[u8]) -> Exported {
    let partial = match ExportLogsServiceResponse::decode(response) {
        Ok(response) => response.partial_success,
        Err(error) => {
            tracing::warn!(%error, "the destination's response cannot be read");
            None
        }
    };
    let Some(partial) = partial else { return Exported::default() };
    if partial.rejected_log_records <= 0 {
        if !partial.error_message.is_empty() {
            tracing::warn!(
                message = partial.error_message,
                "the destination took everything, with a warning"
            );
        }
        return Exported::default();
    }
    let items = usize::try_from(partial.rejected_log_records).unwrap_or(usize::MAX);
    Exported { rejected: Some(Rejection::new(items, partial.error_message)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidewatch_otlp::proto::collector::logs::v1::ExportLogsPartialSuccess;

    fn response(rejected: i64, text: &str) -> Vec<u8> {
        let partial = ExportLogsPartialSuccess { rejected_log_records: rejected, error_message: text.into() };
        ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec()
    }

    #[test]
    fn only_rejected_items_count() {
        assert_eq!(read(b"").rejected, None);
        assert_eq!(read(&response(0, "be careful")).rejected, None);
        assert_eq!(read(b"\xff\xff").rejected, None);
        let rejected = read(&response(3, "too old")).rejected.unwrap();
        assert_eq!((rejected.items, rejected.reason.as_str()), (3, "too old"));
    }
}
