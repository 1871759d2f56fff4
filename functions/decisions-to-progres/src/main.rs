//! Workflow 1.2, decisions from Primero to proGres, as an AWS Lambda function.

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use referral_bridge::document::Document;
use referral_bridge::domain::system::WorkflowName;
use referral_bridge::function::{Answered, Host};
use referral_bridge::observe;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    observe::start();
    let host = Host::from_environment()?;
    run(service_fn(|event| handle(&host, event))).await
}

async fn handle(host: &Host, event: LambdaEvent<Document>) -> Result<Answered, Diagnostic> {
    let end = Timestamp::try_from(event.context.deadline()).unwrap_or(Timestamp::MAX);
    let request = &event.context.request_id;
    host.run(
        WorkflowName::DecisionsToProgres,
        &event.payload,
        end,
        request,
    )
    .await
    .map_err(|error| Diagnostic {
        error_type: error.code().to_owned(),
        error_message: error.to_string(),
    })
}
