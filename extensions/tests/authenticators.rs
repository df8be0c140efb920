//! `basicauth` and `bearertokenauth`, through what they provide to servers and clients.

mod common;

use common::{Agent, build, mistakes};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use serde_json::{Value, json};
use std::{any::Any, fs, sync::Arc, time::Duration};
use tidewatch_component::{Extension, ExtensionFactory};
use tidewatch_extensions::{basicauth::BasicAuth, bearertokenauth::BearerTokenAuth};
use tidewatch_net::auth::{ClientAuthenticator, ServerAuthenticator};

/// `ann:secret` and `ann:wrong`.
const ANN: &str = "Basic YW5uOnNlY3JldA==";
const WRONG: &str = "Basic YW5uOndyb25n";

async fn started<F: ExtensionFactory>(config: Value) -> Arc<dyn Extension> {
    let extension = build::<F>(config).expect("no mistakes");
    extension.start(Arc::new(Agent::default())).await.expect("a start");
    extension
}

fn provided<T: Clone + Send + Sync + 'static>(extension: &dyn Extension) -> Option<T> {
    let all: Vec<Arc<dyn Any + Send + Sync>> = extension.provides();
    all.into_iter().find_map(|one| one.downcast::<T>().ok()).map(|found| (*found).clone())
}

fn server(extension: &dyn Extension) -> Arc<dyn ServerAuthenticator> {
    provided(extension).expect("an authenticator for servers")
}

fn client(extension: &dyn Extension) -> Arc<dyn ClientAuthenticator> {
    provided(extension).expect("an authenticator for clients")
}

fn with(name: HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_str(value).expect("a value"))])
}

fn lets_in(server: &dyn ServerAuthenticator, authorization: &str) -> bool {
    server.authenticate(&with(AUTHORIZATION, authorization)).is_ok()
}

/// Asks until a changed file is noticed, which takes a second or so.
async fn eventually(condition: impl Fn() -> bool) {
    for _ in 0..200 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("a change was not noticed");
}

#[tokio::test]
async fn basicauth_lets_in_whom_it_knows() {
    let hash = bcrypt::hash("secret", 4).expect("a hash");
    for inline in ["ann:secret".to_owned(), format!("ann:{hash}")] {
        let extension = started::<BasicAuth>(json!({"htpasswd": {"inline": inline}})).await;
        let server = server(&*extension);
        assert!(lets_in(&*server, ANN));
        assert!(lets_in(&*server, &ANN.replace("Basic", "basic")));
        assert!(!lets_in(&*server, WRONG));
        assert!(!lets_in(&*server, "Bearer YW5uOnNlY3JldA=="));
        assert!(!lets_in(&*server, "Basic ann:secret"));
        let refusal = server.authenticate(&HeaderMap::new()).expect_err("nobody is let in unasked");
        assert_eq!(refusal.message, "credentials are missing");
        assert!(
            refusal
                .challenge
                .is_some_and(|challenge| challenge.to_str().is_ok_and(|c| c.starts_with("Basic ")))
        );
        assert!(provided::<Arc<dyn ClientAuthenticator>>(&*extension).is_none());
    }
}

#[tokio::test]
async fn basicauth_reads_a_file_again_and_inline_users_win() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("htpasswd");
    fs::write(&file, "bob:x\nann:secret").expect("written");
    let config = json!({"htpasswd": {"file": file, "inline": "eve:e"}});
    let extension = started::<BasicAuth>(config).await;
    let server = server(&*extension);
    let eve = "Basic ZXZlOmU=";
    assert!(lets_in(&*server, ANN) && lets_in(&*server, eve) && !lets_in(&*server, WRONG));
    fs::write(&file, "ann:wrong\neve:changed").expect("written");
    eventually(|| lets_in(&*server, WRONG)).await;
    assert!(!lets_in(&*server, ANN) && lets_in(&*server, eve));
}

#[tokio::test]
async fn basicauth_says_who_we_are() {
    let config = json!({"client_auth": {"username": "ann", "password": "secret"}});
    let extension = started::<BasicAuth>(config).await;
    let headers = client(&*extension).headers();
    assert_eq!(headers.len(), 1);
    assert_eq!((headers[0].0.clone(), headers[0].1.to_str().expect("text")), (AUTHORIZATION, ANN));
    assert!(headers[0].1.is_sensitive());
    assert!(provided::<Arc<dyn ServerAuthenticator>>(&*extension).is_none());
}

#[tokio::test]
async fn basicauth_takes_name_and_password_from_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, password) = (folder.path().join("name"), folder.path().join("password"));
    fs::write(&name, "ann\n").expect("written");
    fs::write(&password, "wrong\n").expect("written");
    let config = json!({"client_auth": {"username_file": name, "password_file": password}});
    let extension = started::<BasicAuth>(config).await;
    let client = client(&*extension);
    assert_eq!(client.headers()[0].1, WRONG);
    fs::write(&password, "secret\n").expect("written");
    eventually(|| client.headers()[0].1 == ANN).await;
}

#[test]
fn basicauth_names_what_is_wrong() {
    let paths = mistakes::<BasicAuth>;
    assert_eq!(paths(json!({})), [""]);
    assert_eq!(paths(json!({"htpasswd": {}})), ["htpasswd"]);
    assert_eq!(paths(json!({"htpasswd": {"inline": "ann"}})), ["htpasswd.inline"]);
    assert_eq!(paths(json!({"htpasswd": {"inline": "a:b"}, "client_auth": {}})), ["client_auth"]);
    assert_eq!(paths(json!({"client_auth": {"username": "a"}})), ["client_auth"]);
    assert_eq!(paths(json!({"client_auth": {"username": "a:b", "password": "c"}})), ["client_auth.username"]);
    let twice = json!({"client_auth": {"username": "a", "password": "b", "password_file": "c"}});
    assert_eq!(paths(twice), ["client_auth.password_file"]);
}

#[tokio::test]
async fn a_file_that_is_not_there_ends_the_start() {
    let lost = json!({"htpasswd": {"file": "/nowhere/htpasswd"}});
    let error = build::<BasicAuth>(lost).expect("no mistakes").start(Arc::new(Agent::default())).await;
    assert!(error.expect_err("no file").0.starts_with("/nowhere/htpasswd: "));
    let lost = json!({"filename": "/nowhere/token"});
    let error = build::<BearerTokenAuth>(lost).expect("no mistakes").start(Arc::new(Agent::default())).await;
    assert!(error.expect_err("no file").0.starts_with("/nowhere/token: "));
}

#[tokio::test]
async fn bearertokenauth_lets_in_who_shows_a_token_and_shows_the_first() {
    let extension = started::<BearerTokenAuth>(json!({"tokens": ["one", "two"]})).await;
    let server = server(&*extension);
    assert!(lets_in(&*server, "Bearer one") && lets_in(&*server, "bearer two"));
    assert!(
        !lets_in(&*server, "Bearer three") && !lets_in(&*server, "one") && !lets_in(&*server, "Basic one")
    );
    let refusal = server.authenticate(&HeaderMap::new()).expect_err("nobody is let in unasked");
    assert_eq!(refusal.message, "the token is missing");
    let headers = client(&*extension).headers();
    assert_eq!(headers, [(AUTHORIZATION, HeaderValue::from_static("Bearer one"))]);
    assert!(headers[0].1.is_sensitive());
}

#[tokio::test]
async fn bearertokenauth_can_use_another_header_and_no_scheme() {
    let config = json!({"header": "X-Api-Key", "scheme": "", "token": "k e y"});
    let extension = started::<BearerTokenAuth>(config).await;
    let server = server(&*extension);
    let name = HeaderName::from_static("x-api-key");
    assert!(server.authenticate(&with(name.clone(), "k e y")).is_ok());
    assert!(server.authenticate(&with(name.clone(), "Bearer k e y")).is_err());
    assert!(!lets_in(&*server, "k e y"));
    assert_eq!(client(&*extension).headers(), [(name, HeaderValue::from_static("k e y"))]);
}

#[tokio::test]
async fn bearertokenauth_reads_its_file_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    fs::write(&file, "old\n").expect("written");
    let extension = started::<BearerTokenAuth>(json!({"filename": file})).await;
    let (server, client) = (server(&*extension), client(&*extension));
    assert!(lets_in(&*server, "Bearer old"));
    fs::write(&file, "newer\nold\n").expect("written");
    eventually(|| client.headers()[0].1 == "Bearer newer").await;
    assert!(lets_in(&*server, "Bearer newer") && lets_in(&*server, "Bearer old"));
    fs::write(&file, "\n").expect("written");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(lets_in(&*server, "Bearer newer"), "an empty file changes nothing");
}

#[test]
fn bearertokenauth_names_what_is_wrong() {
    let paths = mistakes::<BearerTokenAuth>;
    assert_eq!(paths(json!({})), [""]);
    assert_eq!(paths(json!({"token": "a", "tokens": ["b"], "filename": "c"})), ["tokens", "filename"]);
    assert_eq!(paths(json!({"token": ""})), ["token"]);
    assert_eq!(paths(json!({"tokens": ["a", "b\nc"]})), ["tokens[1]"]);
    assert_eq!(paths(json!({"token": "a", "header": "a b"})), ["header"]);
    assert_eq!(paths(json!({"token": "a", "scheme": "a b"})), ["scheme"]);
}
