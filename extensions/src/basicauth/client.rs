//! Who we are.

use super::ClientAuthConfig;
use crate::watched::Watched;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use std::{path::PathBuf, sync::OnceLock};
use tidewatch_component::StartError;
use tidewatch_config::{Mistake, values::Secret};
use tidewatch_net::auth::ClientAuthenticator;

/// Says a name and a password.
pub(super) struct Client {
    username: Text,
    password: Text,
}

/// Written in the configuration, or in a file.
enum Text {
    Here(Secret),
    File(PathBuf, OnceLock<Watched<Secret>>),
}

impl Client {
    pub(super) fn new(config: ClientAuthConfig) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let username = config.username.map(Secret::from);
        if username.as_ref().is_some_and(|username| username.expose().contains(':')) {
            mistakes.push(Mistake::new("client_auth.username", "a user's name cannot have a colon"));
        }
        let username = Text::new("username", username, config.username_file, &mut mistakes);
        let password = Text::new("password", config.password, config.password_file, &mut mistakes);
        match (username, password) {
            (Some(username), Some(password)) if mistakes.is_empty() => Ok(Self { username, password }),
            _ => Err(mistakes),
        }
    }

    /// Opens the files.
    pub(super) fn open(&self) -> Result<(), StartError> {
        self.username.open()?;
        self.password.open()
    }
}

impl Text {
    fn new(
        key: &str,
        text: Option<Secret>,
        file: Option<PathBuf>,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Self> {
        match (text, file) {
            (Some(text), None) => Some(Self::Here(text)),
            (None, Some(path)) => Some(Self::File(path, OnceLock::new())),
            (Some(_), Some(_)) => {
                let path = format!("client_auth.{key}_file");
                mistakes.push(Mistake::new(path, format!("`{key}` and `{key}_file` cannot both be given")));
                None
            }
            (None, None) => {
                mistakes.push(Mistake::new("client_auth", format!("the {key} is missing")));
                None
            }
        }
    }

    fn open(&self) -> Result<(), StartError> {
        if let Self::File(path, file) = self {
            let opened = Watched::open(path.clone(), |text| Ok(Secret::from(text.trim())))?;
            file.get_or_init(|| opened);
        }
        Ok(())
    }

    fn get(&self) -> Option<Secret> {
        match self {
            Self::Here(text) => Some(text.clone()),
            Self::File(_, file) => file.get().map(|file| (*file.get()).clone()),
        }
    }
}

impl ClientAuthenticator for Client {
    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let (Some(username), Some(password)) = (self.username.get(), self.password.get()) else {
            return Vec::new();
        };
        let encoded = STANDARD.encode(format!("{}:{}", username.expose(), password.expose()));
        // Base64 is always a valid value of a header.
        let Ok(mut value) = HeaderValue::try_from(format!("Basic {encoded}")) else { return Vec::new() };
        value.set_sensitive(true);
        vec![(AUTHORIZATION, value)]
    }
}
