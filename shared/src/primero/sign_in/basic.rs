//! HTTP Basic: the credentials go with every call.

use std::sync::atomic::{AtomicU8, Ordering};

use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use super::refused;
use crate::secrets::PrimeroUser;
use crate::transport::{Answer, GateError};

// What is known never becomes less.
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
    /// Runs a call under the rule of one try: as long as nothing is known, one call goes at a time.
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
        let (known, answer) = match call.await {
            Ok(answer) if answer.status.as_u16() == 401 => (REFUSED, Err(refused())),
            Ok(answer) => (ACCEPTED, Ok(answer)),
            Err(error) => (UNKNOWN, Err(error)),
        };
        self.known.fetch_max(known, Ordering::AcqRel);
        drop(alone);
        answer
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: StatusCode) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_call_that_was_under_way_does_not_make_a_refused_password_good_again() {
        let standing = Standing::default();
        let proof = standing.prove(async { Ok(answer(StatusCode::OK)) });
        proof.await.expect("it is accepted");
        let slow = standing.prove(async {
            tokio::task::yield_now().await;
            Ok(answer(StatusCode::OK))
        });
        let changed = standing.prove(async { Ok(answer(StatusCode::UNAUTHORIZED)) });

        let (slow, changed) = futures::join!(slow, changed);

        assert!(slow.is_ok());
        assert_eq!(changed.expect_err("it is refused"), refused());
        let next = standing.prove(async { panic!("it is not sent") });
        assert_eq!(next.await.expect_err("it stays refused"), refused());
    }
}
