use bytes::{Bytes, BytesMut};

use crate::Request;

impl Request {
    /// Joins requests of one signal, in order. A single request comes back as it is.
    ///
    /// A request is nothing but a repeated field, so joining is concatenation.
    ///
    /// # Panics
    ///
    /// If there are none, or if they are of different signals.
    pub fn merge(mut parts: Vec<Self>) -> Self {
        let signal = parts.first().expect("there is something to merge").signal();
        assert!(parts.iter().all(|part| part.signal() == signal), "all requests carry {signal}");
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let mut bytes = BytesMut::with_capacity(parts.iter().map(|part| part.bytes().len()).sum());
        for part in &parts {
            bytes.extend_from_slice(part.bytes());
        }
        let items = parts.iter().map(Self::items).sum();
        let canonical = parts.iter().all(Self::is_canonical);
        Self::trusted(signal, Bytes::from(bytes), items, canonical)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::{Request, Signal};

    #[test]
    fn one_part_is_returned_with_its_very_bytes() {
        let bytes = Bytes::from_static(&[0x0a, 0]);
        let request = Request::check(Signal::Logs, bytes.clone()).unwrap().request;
        assert_eq!(Request::merge(vec![request]).bytes().as_ptr(), bytes.as_ptr());
    }

    #[test]
    #[should_panic(expected = "all requests carry logs")]
    fn signals_do_not_mix() {
        let empty = |signal| Request::check(signal, Bytes::new()).unwrap().request;
        Request::merge(vec![empty(Signal::Logs), empty(Signal::Traces)]);
    }
}
