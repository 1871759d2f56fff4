//! HTTP Basic: the credentials go with every call.

use std::sync::atomic::{AtomicU8, Ordering};

use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use super::refused;
use crate::secrets::PrimeroUser;
use crate::transport::{Answer, GateError};

const UNKNOWN: u8 = 0;
const ACCEPTED: u8 = 1;
const REFUSED: u8 = 2;

/// Adds the credentials.
pub fn sign(request: RequestBuilder, user: &PrimeroUser) -> RequestBuilder {
    request.basic_auth(&user.username, Some(user.password.expose_secret()))
}

/// What is known of our credentials in this run.
#[derive(Debug, Default)]
pub struct Standing {
    known: AtomicU8,
    first: Mutex<()>,
}

impl Standing {
    /// Runs a call under the rule of one try.
    pub async fn prove(
        &self,
        call: impl Future<Output = Result<Answer, GateError>>,
    ) -> Result<Answer, GateError> {
        let alone = match self.known.load(Ordering::Acquire) {
            UNKNOWN => Some(self.first.lock().await),
            _ => None,
        };
        if self.known.load(Ordering::Acquire) == REFUSED {
            return Err(refused());
        }
        let answer = call.await;
        match &answer {
            Ok(answer) if answer.status.as_u16() == 401 => {
                self.known.store(REFUSED, Ordering::Release);
                return Err(refused());
            }
            Ok(_) => self.known.store(ACCEPTED, Ordering::Release),
            Err(_) => {}
        }
        drop(alone);
        answer
    }
}
