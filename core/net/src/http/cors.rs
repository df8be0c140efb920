//! Cross-origin requests from browsers.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidewatch_config::Mistake;

/// Which web pages may send here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Cors {
    /// The pages' origins, e.g. `https://app.example.com`; `*` stands for anything, once in an origin:
    /// `https://*.example.com`. Default: none.
    pub allowed_origins: Vec<String>,
    /// Headers that pages may send beside those that always may (`Accept`, `Accept-Language`,
    /// `Content-Language`, `Content-Type`, `X-Requested-With`); `*` for all.
    pub allowed_headers: Vec<String>,
    /// Headers of answers that pages may see beside the usual.
    pub exposed_headers: Vec<String>,
    /// How long a browser may remember the answer, in seconds. Default: as the browser likes.
    pub max_age: Option<u32>,
}

/// Headers that pages may always send.
const ALWAYS: [&str; 5] =
    ["accept", "accept-language", "content-language", "content-type", "x-requested-with"];

impl Cors {
    /// Mistakes that a schema cannot see.
    #[must_use]
    pub fn check(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (index, origin) in self.allowed_origins.iter().enumerate() {
            if origin.matches('*').count() > 1 {
                let path = format!("allowed_origins[{index}]");
                mistakes.push(Mistake::new(path, "an origin can have one `*` only"));
            }
        }
        for (key, names) in
            [("allowed_headers", &self.allowed_headers), ("exposed_headers", &self.exposed_headers)]
        {
            for (index, name) in names.iter().enumerate() {
                if HeaderValue::from_str(name).is_err() || name.contains(',') {
                    let path = format!("{key}[{index}]");
                    mistakes.push(Mistake::new(path, format!("`{name}` is not a name of a header")));
                }
            }
        }
        mistakes
    }

    /// The answer to a browser that asks what it may do; `None` if the request is something else.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<http::Response<()>> {
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let origin = headers.get(ORIGIN).filter(|_| method == Method::OPTIONS)?;
        let mut response = http::Response::new(());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let out = response.headers_mut();
        out.insert(
            VARY,
            HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers"),
        );
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS);
        let allowed = wanted == "POST" || wanted == "GET" || wanted == "HEAD";
        if !allowed || !asked.is_none_or(|asked| self.allows_headers(asked)) {
            return Some(response);
        }
        if let Some(origin) = self.allow_origin(origin) {
            allow(origin, out);
            out.insert(ACCESS_CONTROL_ALLOW_METHODS, wanted.clone());
            if let Some(asked) = asked {
                out.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
            }
            if let Some(seconds) = self.max_age {
                out.insert(ACCESS_CONTROL_MAX_AGE, seconds.into());
            }
        }
        Some(response)
    }

    /// Adds to a response what lets the page see it.
    pub(super) fn decorate(&self, request: &HeaderMap, response: &mut HeaderMap) {
        response.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = request.get(ORIGIN).and_then(|origin| self.allow_origin(origin)) {
            allow(origin, response);
            if let Ok(exposed) = HeaderValue::try_from(self.exposed_headers.join(", "))
                && !exposed.is_empty()
            {
                response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            }
        }
    }

    /// What `Access-Control-Allow-Origin` says to this origin.
    fn allow_origin(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.allowed_origins.iter().any(|allowed| allowed == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        let text = origin.to_str().ok()?;
        let allowed = self.allowed_origins.iter().any(|allowed| matches(allowed, text));
        allowed.then(|| origin.clone())
    }

    fn allows_headers(&self, asked: &HeaderValue) -> bool {
        let allows = |name: &str| {
            let given = self.allowed_headers.iter().map(String::as_str);
            given.chain(ALWAYS).any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(name))
        };
        asked.to_str().is_ok_and(|asked| asked.split(',').all(|name| allows(name.trim())))
    }
}

/// Browsers take no credentials to a server that lets everybody in.
fn allow(origin: HeaderValue, out: &mut HeaderMap) {
    if origin != "*" {
        out.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
}

fn matches(allowed: &str, origin: &str) -> bool {
    let (allowed, origin) = (allowed.to_ascii_lowercase(), origin.to_ascii_lowercase());
    match allowed.split_once('*') {
        None => allowed == origin,
        Some((start, end)) => {
            origin.len() >= start.len() + end.len() && origin.starts_with(start) && origin.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preflight(cors: &Cors, origin: &str, asked: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().unwrap());
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, "POST".parse().unwrap());
        if let Some(asked) = asked {
            headers.insert(ACCESS_CONTROL_REQUEST_HEADERS, asked.parse().unwrap());
        }
        cors.preflight(&Method::OPTIONS, &headers).unwrap().headers().clone()
    }

    #[test]
    fn origins_match_with_one_star() {
        let cors = Cors { allowed_origins: vec!["https://*.example.com".to_owned()], ..Cors::default() };
        let allowed = |origin| preflight(&cors, origin, None).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
        assert!(allowed("https://app.example.com"));
        assert!(allowed("https://APP.example.com"));
        assert!(!allowed("https://example.com"));
        assert!(!allowed("http://app.example.com"));
        assert!(!allowed("https://app.example.com.evil.org"));
    }

    #[test]
    fn a_star_alone_brings_no_credentials() {
        let cors = Cors { allowed_origins: vec!["*".to_owned()], ..Cors::default() };
        let headers = preflight(&cors, "https://anywhere", None);
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[test]
    fn only_allowed_headers_pass() {
        let cors = Cors {
            allowed_origins: vec!["https://a".to_owned()],
            allowed_headers: vec!["X-Token".to_owned()],
            max_age: Some(60),
            ..Cors::default()
        };
        let headers = preflight(&cors, "https://a", Some("content-type, x-token"));
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_HEADERS], "content-type, x-token");
        assert_eq!(headers[ACCESS_CONTROL_MAX_AGE], "60");
        let headers = preflight(&cors, "https://a", Some("x-other"));
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[test]
    fn two_stars_are_a_mistake() {
        let cors = Cors { allowed_origins: vec!["*.*".to_owned()], ..Cors::default() };
        assert_eq!(cors.check()[0].path, "allowed_origins[0]");
    }
}
