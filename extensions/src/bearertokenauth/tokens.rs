//! Tokens, from the configuration or a file.

use super::Config;
use crate::watched::Watched;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use subtle::ConstantTimeEq;
use tidewatch_component::StartError;
use tidewatch_config::{Mistake, values::Secret};
use tidewatch_net::auth::{AuthError, ClientAuthenticator, ServerAuthenticator};

/// Lets in who shows one of the tokens; shows the first.
pub(super) struct Tokens {
    header: HeaderName,
    scheme: String,
    source: Source,
}

enum Source {
    Here(Arc<Vec<Secret>>),
    File(PathBuf, OnceLock<Watched<Vec<Secret>>>),
}

impl Tokens {
    pub(super) fn new(config: Config) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let header = HeaderName::try_from(config.header.as_str());
        if header.is_err() {
            mistakes.push(Mistake::new("header", format!("`{}` is not a name of a header", config.header)));
        }
        if HeaderValue::try_from(config.scheme.as_str()).is_err() || config.scheme.contains(' ') {
            mistakes.push(Mistake::new("scheme", "a scheme is one word"));
        }
        let source = Source::new(&config, &mut mistakes);
        match (header, source) {
            (Ok(header), Some(source)) if mistakes.is_empty() => {
                Ok(Self { header, scheme: config.scheme, source })
            }
            _ => Err(mistakes),
        }
    }

    /// Opens the file.
    pub(super) fn open(&self) -> Result<(), StartError> {
        if let Source::File(path, file) = &self.source {
            let opened = Watched::open(path.clone(), parse)?;
            file.get_or_init(|| opened);
        }
        Ok(())
    }

    /// The tokens now; none before the start.
    fn get(&self) -> Arc<Vec<Secret>> {
        match &self.source {
            Source::Here(tokens) => tokens.clone(),
            Source::File(_, file) => file.get().map(Watched::get).unwrap_or_default(),
        }
    }

    fn refusal(&self, message: &str) -> AuthError {
        // Only what the standard knows can be asked for.
        let bearer = self.scheme.eq_ignore_ascii_case("bearer");
        let challenge = bearer.then(|| HeaderValue::from_static("Bearer realm=\"tidewatch\""));
        AuthError { message: message.to_owned(), challenge }
    }
}

impl Source {
    fn new(config: &Config, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let given = [
            ("token", config.token.is_some()),
            ("tokens", !config.tokens.is_empty()),
            ("filename", config.filename.is_some()),
        ];
        let mut given = given.into_iter().filter(|(_, given)| *given).map(|(key, _)| key);
        let Some(first) = given.next() else {
            let mistake = Mistake::new("", "there is no token");
            mistakes.push(mistake.help("give `token`, `tokens` or `filename`"));
            return None;
        };
        for other in given {
            mistakes.push(Mistake::new(other, format!("`{other}` and `{first}` cannot both be given")));
        }
        let tokens: Vec<Secret> = config.token.iter().chain(&config.tokens).cloned().collect();
        for (index, token) in tokens.iter().enumerate() {
            if let Err(error) = check(token.expose()) {
                let path = if first == "token" { first.to_owned() } else { format!("tokens[{index}]") };
                mistakes.push(Mistake::new(path, error));
            }
        }
        Some(match &config.filename {
            Some(path) => Self::File(path.clone(), OnceLock::new()),
            None => Self::Here(Arc::new(tokens)),
        })
    }
}

fn check(token: &str) -> Result<(), &'static str> {
    match token {
        "" => Err("the token is empty"),
        _ if HeaderValue::try_from(token).is_err() => Err("the token has characters that no header can have"),
        _ => Ok(()),
    }
}

/// A token on each line.
fn parse(text: &str) -> Result<Vec<Secret>, String> {
    let tokens = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let tokens: Result<Vec<Secret>, &str> = tokens.map(|token| check(token).map(|()| token.into())).collect();
    match tokens?.as_slice() {
        [] => Err("there is no token in it".to_owned()),
        tokens => Ok(tokens.to_vec()),
    }
}

impl ServerAuthenticator for Tokens {
    fn authenticate(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        let Some(value) = headers.get(&self.header) else { return Err(self.refusal("the token is missing")) };
        let shown = match (self.scheme.as_str(), value.to_str().unwrap_or_default()) {
            ("", value) => value,
            (scheme, value) => match value.split_once(' ') {
                Some((word, token)) if word.eq_ignore_ascii_case(scheme) => token.trim_start(),
                _ => return Err(self.refusal("the scheme is wrong")),
            },
        };
        // All are compared, whichever is right.
        let right =
            |found, token: &Secret| found | bool::from(token.expose().as_bytes().ct_eq(shown.as_bytes()));
        match self.get().iter().fold(false, right) {
            true => Ok(()),
            false => Err(self.refusal("the token is wrong")),
        }
    }
}

impl ClientAuthenticator for Tokens {
    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let tokens = self.get();
        let Some(token) = tokens.first() else { return Vec::new() };
        let text = format!("{} {}", self.scheme, token.expose());
        // Scheme and token were checked one by one.
        let Ok(mut value) = HeaderValue::try_from(text.trim_start()) else { return Vec::new() };
        value.set_sensitive(true);
        vec![(self.header.clone(), value)]
    }
}
