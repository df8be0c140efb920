//! What is at the receiver's paths.

use super::{
    answer::{self, Fault, Tally},
    body::{Uncut, cut},
    config::Route,
    ingest::Ingest,
    load::Load,
    submit::Acceptor,
};
use crate::server::code_of;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE},
    request::Parts,
};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tidewatch_net::http::HttpService;
use tidewatch_otlp::write::Map;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::JoinSet,
};

/// The paths on one port.
pub(super) struct Service {
    /// Path and what is there.
    pub(super) routes: Vec<(String, Route)>,
    pub(super) max_records: usize,
    pub(super) acceptor: Arc<Acceptor>,
    /// A place for each request that is worked on.
    pub(super) places: Arc<Semaphore>,
    pub(super) files: Option<Files>,
}

/// Files that requests name.
pub(super) struct Files {
    pub(super) ingest: Arc<Ingest>,
    /// The one for the trigger.
    pub(super) triggered: Option<String>,
    /// Those that are being read. Nobody's hanging up cancels them.
    pub(super) tasks: Arc<Mutex<JoinSet<()>>>,
    /// A new future that is ready when the receiver stops.
    pub(super) stopped: Box<dyn Fn() -> Stopped + Send + Sync>,
}

pub(super) type Stopped = Pin<Box<dyn Future<Output = ()> + Send>>;

/// When to come back if there is no place.
const COME_BACK: Duration = Duration::from_secs(1);

/// The name of a file in a query.
const FILE_PATH: &str = "file_path";

impl HttpService for Service {
    fn refuse(&self, head: &Parts) -> Option<Response<Bytes>> {
        let answer = |status, text: &str| Some(self.error(status, text));
        let Some(route) = self.route(head.uri.path()) else {
            return answer(StatusCode::NOT_FOUND, "there is nothing at this path");
        };
        let (allowed, get) = if route == Route::Trigger { ("GET, POST", true) } else { ("POST", false) };
        if head.method != Method::POST && !(get && head.method == Method::GET) {
            let mut response =
                self.error(StatusCode::METHOD_NOT_ALLOWED, &format!("this path takes {allowed}"));
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            return Some(response);
        }
        if route == Route::Records && kind_of(&head.headers).is_none() {
            return answer(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the content type is no kind of JSON in UTF-8, such as application/json or application/x-ndjson",
            );
        }
        if !self.acceptor.takes_logs() {
            return answer(StatusCode::NOT_FOUND, "no pipeline takes logs");
        }
        None
    }

    async fn call(&self, request: Request<Bytes>) -> Response<Bytes> {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            let error = answer::error(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once");
            return self.counted(answer::later(error, Some(COME_BACK)));
        };
        let (head, body) = request.into_parts();
        let query = head.uri.query().unwrap_or_default();
        let response = match (self.route(head.uri.path()), &self.files) {
            (Some(Route::Records), _) => self.records(&head.headers, body).await,
            (Some(Route::File), Some(files)) => match file_path(query) {
                Ok(path) => self.file(files, path, &head.headers, place).await,
                Err(problem) => answer::error(StatusCode::UNPROCESSABLE_ENTITY, problem),
            },
            (Some(Route::Trigger), Some(files @ Files { triggered: Some(path), .. })) => {
                self.file(files, path.clone(), &head.headers, place).await
            }
            _ => answer::error(StatusCode::NOT_FOUND, "there is nothing at this path"),
        };
        self.counted(response)
    }

    fn refused(&self, _head: &Parts, answer: Response<Bytes>) -> Response<Bytes> {
        let message = String::from_utf8_lossy(answer.body());
        let mut told = self.error(answer.status(), &message);
        // Challenges and the like stay.
        for (name, value) in answer.headers().iter().filter(|(name, _)| **name != CONTENT_TYPE) {
            told.headers_mut().insert(name, value.clone());
        }
        told
    }
}

impl Service {
    fn route(&self, path: &str) -> Option<Route> {
        self.routes.iter().find(|(known, _)| known == path).map(|(_, route)| *route)
    }

    /// Takes the good records, and tells what is wrong with the others.
    async fn records(&self, headers: &HeaderMap, body: Bytes) -> Response<Bytes> {
        let invalid = |fault: Fault| {
            self.acceptor.count_invalid(1);
            let mut tally = Tally::default();
            tally.refuse(fault);
            answer::records(tally)
        };
        let lines = kind_of(headers) == Some(Kind::Lines);
        let pieces = match cut(&body, lines, self.max_records) {
            Ok(pieces) => pieces,
            Err(Uncut::TooMany) => {
                let message = format!("there are more than {} records in the body", self.max_records);
                return answer::error(StatusCode::PAYLOAD_TOO_LARGE, &message);
            }
            Err(Uncut::Empty) => {
                return invalid(Fault { reason: "the body is empty".to_owned(), ..Fault::default() });
            }
            Err(Uncut::Malformed { line, column, reason }) => {
                return invalid(Fault { line: Some(line), column: Some(column), reason, ..Fault::default() });
            }
        };
        let mut tally = Tally::default();
        let mut load = Load::new(&Map::new());
        for (piece, number) in pieces.iter().zip(0..) {
            if let Err(fault) = load.push(number, piece) {
                tally.refuse(fault);
            }
        }
        // From here on only what is in the queues' accounts is held.
        drop(pieces);
        drop(body);
        let unreadable = tally.failed;
        if load.items() > 0 {
            let permit = match self.acceptor.admit(&load) {
                Ok(permit) => permit,
                Err(refusal) => {
                    let error = answer::error(StatusCode::SERVICE_UNAVAILABLE, &refusal.reason);
                    return answer::later(error, Some(refusal.retry_after));
                }
            };
            let context = self.acceptor.context(headers);
            if let Err(declined) = self.acceptor.hand_over(permit, &mut load, &context, &mut tally).await {
                let error = answer::error(StatusCode::INTERNAL_SERVER_ERROR, &declined.reason);
                return answer::later(error, declined.after);
            }
        }
        // Whoever comes back with all of it has these counted then.
        self.acceptor.count_invalid(unreadable);
        answer::records(tally)
    }

    /// Reads a file in a task of its own, which takes its place with it.
    async fn file(
        &self,
        files: &Files,
        path: String,
        headers: &HeaderMap,
        place: OwnedSemaphorePermit,
    ) -> Response<Bytes> {
        let (told, answer) = oneshot::channel();
        let run = files.ingest.clone().run(path, self.acceptor.context(headers), (files.stopped)());
        {
            let mut tasks = files.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            while tasks.try_join_next().is_some() {}
            tasks.spawn(async move {
                // Nobody may be there any more to hear it.
                told.send(run.await).ok();
                drop(place);
            });
        }
        let cut_off = || answer::error(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
        answer.await.unwrap_or_else(|_| cut_off())
    }

    fn error(&self, status: StatusCode, message: &str) -> Response<Bytes> {
        self.counted(answer::error(status, message))
    }

    fn counted(&self, response: Response<Bytes>) -> Response<Bytes> {
        if !response.status().is_success() {
            self.acceptor.count_refused(code_of(response.status()));
        }
        response
    }
}

/// What a body says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One value, or several; that is seen by looking.
    Json,
    /// A value in each line.
    Lines,
}

/// Of content types that may be JSON, also those that clients send without thinking. None: it is something else.
fn kind_of(headers: &HeaderMap) -> Option<Kind> {
    let Some(content_type) = headers.get(CONTENT_TYPE) else { return Some(Kind::Json) };
    let mut parts = content_type.to_str().ok()?.split(';');
    let media_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let other_charset = parts.filter_map(|part| part.trim().split_once('=')).any(|(name, value)| {
        name.eq_ignore_ascii_case("charset")
            && !["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| value.trim_matches('"').eq_ignore_ascii_case(known))
    });
    if other_charset {
        return None;
    }
    match media_type.as_str() {
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/jsonlines"
        | "application/json-lines" => Some(Kind::Lines),
        ""
        | "application/json"
        | "text/json"
        | "text/plain"
        | "application/octet-stream"
        | "application/x-www-form-urlencoded" => Some(Kind::Json),
        other if other.ends_with("+json") => Some(Kind::Json),
        _ => None,
    }
}

/// The file that a query names.
fn file_path(query: &str) -> Result<String, &'static str> {
    let mut paths = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == FILE_PATH);
    match (paths.next(), paths.next()) {
        (Some((_, path)), None) if !path.is_empty() => Ok(path.into_owned()),
        (Some(_), Some(_)) => Err("`file_path` stands there more than once"),
        _ => Err("`file_path` is missing: ?file_path=logs.jsonl"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_names_one_file() {
        assert_eq!(file_path("file_path=a%2Fb+c%C3%A4.jsonl&x=1"), Ok("a/b cä.jsonl".to_owned()));
        for query in ["", "x=1", "file_path=", "file_path"] {
            assert!(file_path(query).is_err_and(|problem| problem.contains("missing")), "{query}");
        }
        assert!(
            file_path("file_path=a&file_path=b").is_err_and(|problem| problem.contains("more than once"))
        );
    }

    #[test]
    fn content_types_are_some_kind_of_json() {
        let kind = |content_type: &str| {
            kind_of(&HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]))
        };
        for json in
            ["application/json", "Application/JSON; charset=UTF-8", "application/vnd.x+json", "text/plain"]
        {
            assert_eq!(kind(json), Some(Kind::Json), "{json}");
        }
        for lines in ["application/x-ndjson", "application/jsonl; charset=\"utf-8\""] {
            assert_eq!(kind(lines), Some(Kind::Lines), "{lines}");
        }
        for other in [
            "application/x-protobuf",
            "multipart/form-data; boundary=x",
            "text/csv",
            "application/json; charset=latin1",
        ] {
            assert_eq!(kind(other), None, "{other}");
        }
        assert_eq!(kind_of(&HeaderMap::new()), Some(Kind::Json));
    }
}
