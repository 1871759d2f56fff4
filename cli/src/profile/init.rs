//! `bridge profile init`: the reference profile, with what a live Primero offers beside each place where it may be named.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use referral_bridge::clock::{Clock as _, SystemClock, later};
use referral_bridge::deadline::Deadline;
use referral_bridge::entropy::Entropy;
use referral_bridge::primero::{Candidate, Candidates, PrimeroClient};
use referral_bridge::profile::Profile;
use referral_bridge::secrets;
use referral_bridge::transport::{AnyTry, Conditions, http_client};

const REFERENCE: &str = include_str!("../../../infra/profiles/reference.toml");

/// The longest that reading may take.
const LONGEST: Duration = Duration::from_mins(2);

/// Reads what the Primero of these secrets offers, and writes the draft.
pub async fn draft(secrets: &Path, module: Option<String>) -> anyhow::Result<String> {
    let read = secrets::from_file(secrets);
    let secrets = read.with_context(|| format!("{} cannot be used", secrets.display()))?;
    let mut settings = Profile::parse(REFERENCE)?.primero;
    if let Some(module) = module {
        settings.module_id = module;
    }
    let module = settings.module_id.clone();
    let clock = Arc::new(SystemClock);
    let now = clock.now();
    let conditions = Conditions {
        clock,
        entropy: Arc::new(Entropy::from_system()),
        deadline: Deadline::new(now, later(now, LONGEST)),
        sign_ins: Arc::new(AnyTry),
    };
    let user = &secrets.primero.user;
    let primero = PrimeroClient::new(http_client()?, &secrets.primero, user, settings, conditions);
    let candidates = primero.candidates().await;
    let candidates = candidates.map_err(|error| anyhow::anyhow!("Primero: {error}"))?;
    let text = REFERENCE.replace("\"primeromodule-cp\"", &format!("{module:?}"));
    Ok(with_candidates(&text, &candidates))
}

/// The reference with comments behind the headers of the tables that name something of Primero.
fn with_candidates(reference: &str, candidates: &Candidates) -> String {
    let mut text = String::new();
    for line in reference.lines() {
        text.push_str(line);
        text.push('\n');
        for (title, list) in beside(line, candidates) {
            if list.is_empty() {
                continue;
            }
            text.extend(["# -- ", title, " of this Primero:\n"]);
            for Candidate { id, words } in list {
                // A line break in a name would end the comment.
                let words = words.replace(char::is_control, " ");
                text.push_str(format!("#    {id:?}  {words}").trim_end());
                text.push('\n');
            }
        }
    }
    text
}

fn beside<'c>(header: &str, all: &'c Candidates) -> Vec<(&'static str, &'c [Candidate])> {
    let list = |name: &str| all.options.get(name).map_or(&[][..], Vec::as_slice);
    match header {
        "[primero]" => vec![
            ("agencies", &all.agencies),
            ("users, with their agency,", &all.users),
        ],
        "[primero.case_defaults]" | "[extra.case]" => vec![("case fields", &all.case_fields)],
        "[primero.service_defaults]" | "[extra.service]" => {
            vec![("service fields", &all.service_fields)]
        }
        "[service_in]" | "[service_out]" => vec![("service types", list("lookup-service-type"))],
        "[language_in]" | "[language_out]" => vec![("languages", list("lookup-language"))],
        "[sex]" => vec![("options", list("lookup-gender"))],
        "[needs_in]" | "[needs_out]" => {
            vec![("protection concerns", list("lookup-protection-concerns"))]
        }
        _ => Vec::new(),
    }
}
