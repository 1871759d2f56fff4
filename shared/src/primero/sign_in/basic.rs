//! HTTP Basic: the credentials go with every call.

use std::sync::atomic::{AtomicU8, Ordering};

use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use super::refused;
use crate::secrets::PrimeroUser;
use crate::transport::{Answer, GateError, SignInOutcome, Transport};

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
        transport: &Transport,
        call: impl Future<Output = Result<Answer, GateError>>,
    ) -> Result<Answer, GateError> {
        let alone = match self.known.load(Ordering::Acquire) {
            UNKNOWN => Some(self.first.lock().await),
            _ => None,
        };
        let before = self.known.load(Ordering::Acquire);
        if before == REFUSED {
            return Err(refused());
        }
        let is_the_try = before == UNKNOWN;
        if is_the_try {
            transport.leave_to_sign_in().await?;
        }
        let answer = call.await;
        let outcome = outcome(&answer);
        let (known, answer) = match answer {
            Ok(answer) if answer.status.as_u16() == 401 => (REFUSED, Err(refused())),
            Ok(answer) => (ACCEPTED, Ok(answer)),
            Err(error) => (UNKNOWN, Err(error)),
        };
        let before = self.known.fetch_max(known, Ordering::AcqRel);
        let is_first_refusal = known == REFUSED && before != REFUSED;
        if is_the_try || is_first_refusal {
            transport.heard_of_sign_in(outcome).await?;
        }
        drop(alone);
        answer
    }
}

/// What a call says of our credentials. What is neither success nor 401 may come from a server before Primero.
fn outcome(answer: &Result<Answer, GateError>) -> SignInOutcome {
    match answer {
        Ok(answer) if answer.status.is_success() => SignInOutcome::Accepted,
        Ok(answer) if answer.status.as_u16() == 401 => SignInOutcome::Refused,
        Err(GateError::Ambiguous(_) | GateError::Failed(_)) => SignInOutcome::Unknown,
        Ok(_) | Err(_) => SignInOutcome::NotJudged,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::domain::system::System;
    use crate::transport::http_client;
    use crate::transport::testing::{LIMITS, run_of};

    fn answer(status: StatusCode) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_call_that_was_under_way_does_not_make_a_refused_password_good_again() {
        let (_, conditions) = run_of(900);
        let http = http_client().expect("a client");
        let transport = &Transport::new(System::Primero, http, LIMITS, conditions);
        let standing = Standing::default();
        let proof = standing.prove(transport, async { Ok(answer(StatusCode::OK)) });
        proof.await.expect("it is accepted");
        let slow = standing.prove(transport, async {
            tokio::task::yield_now().await;
            Ok(answer(StatusCode::OK))
        });
        let changed = standing.prove(transport, async { Ok(answer(StatusCode::UNAUTHORIZED)) });

        let (slow, changed) = futures::join!(slow, changed);

        assert!(slow.is_ok());
        assert_eq!(changed.expect_err("it is refused"), refused());
        let next = standing.prove(transport, async { panic!("it is not sent") });
        assert_eq!(next.await.expect_err("it stays refused"), refused());
    }
}
