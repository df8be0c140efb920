//! Who is let in.

use super::{HtpasswdConfig, htpasswd::Htpasswd};
use crate::watched::Watched;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};
use tidewatch_component::StartError;
use tidewatch_config::Mistake;
use tidewatch_net::auth::{AuthError, ServerAuthenticator};

/// Lets in whom the configuration or a file names.
pub(super) struct Server {
    inline: Arc<Htpasswd>,
    path: Option<PathBuf>,
    file: OnceLock<Watched<Htpasswd>>,
    /// The users of this version of the file, and the inline ones.
    joined: Mutex<Option<(Arc<Htpasswd>, Arc<Htpasswd>)>>,
}

impl Server {
    pub(super) fn new(config: HtpasswdConfig) -> Result<Self, Vec<Mistake>> {
        let inline = config.inline.as_ref().map_or("", |inline| inline.expose());
        let inline = Htpasswd::parse(inline).map_err(|error| vec![Mistake::new("htpasswd.inline", error)])?;
        if config.file.is_none() && inline.is_empty() {
            let mistake = Mistake::new("htpasswd", "nobody can be let in");
            return Err(vec![mistake.help("give `file` or `inline`")]);
        }
        Ok(Self {
            inline: Arc::new(inline),
            path: config.file,
            file: OnceLock::new(),
            joined: Mutex::default(),
        })
    }

    /// Opens the file.
    pub(super) fn open(&self) -> Result<(), StartError> {
        if let Some(path) = &self.path {
            let opened = Watched::open(path.clone(), Htpasswd::parse)?;
            // Started twice, it keeps what it has.
            self.file.get_or_init(|| opened);
        }
        Ok(())
    }

    fn users(&self) -> Arc<Htpasswd> {
        let Some(file) = self.file.get() else { return self.inline.clone() };
        let file = file.get();
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        match &*joined {
            Some((version, users)) if Arc::ptr_eq(version, &file) => users.clone(),
            _ => {
                let users = Arc::new(file.and(&self.inline));
                *joined = Some((file, users.clone()));
                users
            }
        }
    }
}

impl ServerAuthenticator for Server {
    fn authenticate(&self, headers: &HeaderMap) -> Result<(), AuthError> {
        let Some(header) = headers.get(AUTHORIZATION) else { return Err(refusal("credentials are missing")) };
        let (user, password) =
            credentials(header).ok_or_else(|| refusal("these are no basic credentials"))?;
        match self.users().verify(&user, &password) {
            true => Ok(()),
            false => Err(refusal("the credentials are wrong")),
        }
    }
}

/// `Basic base64(user:password)`.
fn credentials(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn refusal(message: &str) -> AuthError {
    let challenge = HeaderValue::from_static("Basic realm=\"tidewatch\", charset=\"UTF-8\"");
    AuthError { message: message.to_owned(), challenge: Some(challenge) }
}
