//! The `auth` key that exporters share.

use std::sync::Arc;
use tidewatch_component::BuildContext;
use tidewatch_config::Mistake;
use tidewatch_net::auth::{AuthConfig, ClientAuthenticator};

/// The extension that adds credentials, if one is named.
pub(crate) fn authenticator(
    auth: Option<&AuthConfig>,
    context: &BuildContext,
    mistakes: &mut Vec<Mistake>,
) -> Option<Arc<dyn ClientAuthenticator>> {
    let id = auth?.authenticator.to_string();
    match context.provided::<Arc<dyn ClientAuthenticator>>(&id) {
        Ok(authenticator) => Some(Arc::clone(&authenticator)),
        Err(problem) => {
            mistakes.push(Mistake::new("auth.authenticator", problem));
            None
        }
    }
}
