//! `sandbox serve`: both simulated systems on loopback ports, for trying things out by hand.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sandbox::generated::Generated;
use sandbox::journal::RequestLog;
use sandbox::ping::{PingOptions, StatusShape};
use sandbox::primero::{FormSet, LocalChanges, PrimeroOptions, ReleaseLine};
use sandbox::{FrontLimits, Sandbox, SandboxOptions, Workflow, demo};

/// Simulated PING and Primero.
#[derive(Parser)]
#[command(name = "sandbox")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves both systems until Ctrl-C; prints one JSON line with addresses and credentials.
    #[command(after_long_help = CONTROLS)]
    Serve(Serve),
}

#[derive(Args)]
struct Serve {
    /// PING's port on 127.0.0.1 [default: any free one]
    #[arg(long)]
    ping_port: Option<u16>,
    /// Primero's port on 127.0.0.1 [default: any free one]
    #[arg(long)]
    primero_port: Option<u16>,
    /// Records to generate for each workflow.
    #[arg(long, default_value_t = 20, conflicts_with = "demo")]
    records: usize,
    /// A workflow to generate records for, by name or number; may be given several times.
    #[arg(long, default_value = "1.1", conflicts_with = "demo")]
    workflow: Vec<Workflow>,
    /// How many generated children of 1.1 in a hundred have a case in Primero already.
    #[arg(long, default_value_t = 25, conflicts_with = "demo")]
    existing_percent: usize,
    /// How many generated records in a hundred fail every PING call they are in.
    #[arg(long, default_value_t = 0, conflicts_with = "demo")]
    bad_percent: usize,
    /// Decides the generated data and the chances of faults.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Case workers to add to Primero; a page of its list of users holds 1,000.
    #[arg(long, default_value_t = 0)]
    crowd: usize,
    /// Loads the demo data that the checker knows, instead of generated data.
    #[arg(long)]
    demo: bool,
    /// Writes a JSON line about each request to standard error: method, route, status and duration.
    #[arg(long)]
    log: bool,
    #[command(flatten)]
    ping: PingHabits,
    #[command(flatten)]
    primero: PrimeroKind,
}

#[derive(Args)]
struct PingHabits {
    /// A finished checkstatus of PING is a text of almost-JSON.
    #[arg(long)]
    almost_json: bool,
    /// PING recognises a repeated submission of the same referral.
    #[arg(long)]
    recognise_repeats: bool,
    /// Seconds that a token of PING is good for.
    #[arg(long, default_value_t = 3600)]
    token_lifetime: u64,
}

#[derive(Args)]
struct PrimeroKind {
    /// Primero has the forms of a fresh one: the fields of the exchange are dropped.
    #[arg(long)]
    standard_forms: bool,
    /// The release that Primero behaves like.
    #[arg(long, value_enum, default_value_t)]
    release: ReleaseLine,
    /// A field that no form of Primero has; may be given several times.
    #[arg(long)]
    without_field: Vec<String>,
    #[command(flatten)]
    local: Local,
    /// No answer of Primero has a `Date`.
    #[arg(long)]
    without_date: bool,
    /// How much of Primero's nginx stands before it.
    #[arg(long, value_enum, default_value_t)]
    limits: Limits,
}

/// What administrators of Primero have changed. Each may be given several times.
#[derive(Args)]
struct Local {
    /// A field that is switched off.
    #[arg(long, value_name = "FIELD")]
    disabled_field: Vec<String>,
    /// A field without which nobody can save its form.
    #[arg(long, value_name = "FIELD")]
    required_field: Vec<String>,
    /// A field of another type, such as `sex=text_field`; `multi_select` is a select box of several options.
    #[arg(long, value_name = "FIELD=TYPE", value_parser = |text: &str| pair(text, '='))]
    retyped_field: Vec<(String, String)>,
    /// An option that a list does not have, such as `lookup-gender/male`.
    #[arg(long, value_name = "LIST/OPTION", value_parser = |text: &str| pair(text, '/'))]
    without_option: Vec<(String, String)>,
    /// An option that is switched off.
    #[arg(long, value_name = "LIST/OPTION", value_parser = |text: &str| pair(text, '/'))]
    disabled_option: Vec<(String, String)>,
    /// An agency that is switched off.
    #[arg(long, value_name = "AGENCY")]
    disabled_agency: Vec<String>,
}

impl Local {
    fn changes(&self) -> LocalChanges {
        LocalChanges {
            disabled_fields: self.disabled_field.clone(),
            required_fields: self.required_field.clone(),
            retyped_fields: self.retyped_field.clone(),
            without_options: self.without_option.clone(),
            disabled_options: self.disabled_option.clone(),
            disabled_agencies: self.disabled_agency.clone(),
        }
    }
}

fn pair(text: &str, between: char) -> Result<(String, String), String> {
    let (a, b) = text
        .split_once(between)
        .ok_or_else(|| format!("expected two words with {between} between them"))?;
    Ok((a.to_owned(), b.to_owned()))
}

/// Limits of what is sent to Primero.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Limits {
    /// Of request lines, connections and requests a second.
    All,
    /// Of request lines and connections.
    #[default]
    AtOnce,
    /// None.
    None,
}

impl Limits {
    fn limits(self) -> FrontLimits {
        match self {
            Self::All => FrontLimits::NGINX,
            Self::AtOnce => FrontLimits {
                requests_a_second: None,
                ..FrontLimits::NGINX
            },
            Self::None => FrontLimits::NONE,
        }
    }
}

impl PingHabits {
    fn options(&self) -> PingOptions {
        PingOptions {
            status_shape: if self.almost_json {
                StatusShape::AlmostJson
            } else {
                StatusShape::Records
            },
            recognise_repeats: self.recognise_repeats,
            token_lifetime: Duration::from_secs(self.token_lifetime),
            ..PingOptions::default()
        }
    }
}

impl PrimeroKind {
    fn options(&self) -> PrimeroOptions {
        PrimeroOptions {
            forms: if self.standard_forms {
                FormSet::Standard
            } else {
                FormSet::Exchange
            },
            release: self.release,
            without_fields: self.without_field.clone(),
            local: self.local.changes(),
            sends_date: !self.without_date,
            ..PrimeroOptions::default()
        }
    }
}

const CONTROLS: &str = r#"Both servers also answer two routes that count as no request:

GET /__state      what both systems hold: traffic, sign-ins, pending interventions, transfer statuses with
                  their comments, submissions, interoperability referrals, marks, cases, referrals, faults
POST /__control   one control, {"<name>": <argument>}:

  proGres
  refer                   [detail rows of a new intervention]
  add_delivered           [detail rows of an intervention that Primero received long ago]
  edit                    [other detail rows of an intervention that is there]
  withdraw                "intervention id"
  decide_referral         {"referral": "id", "decision": {"status", "review_decision", "review_date", "reason", "comment"}};
                          again = UNHCR changes its mind. "referral" is an id of interop_referrals
  amend_decision          {"referral": "id", "fields": {…}}, stored as given: codes as text, as null, or unknown
  add_decision            {detail row of a decision on a referral from elsewhere}

  PING
  poison, heal            "id": every call with this id fails, or works again
  reject_later            {"records": n, "message": "…"}: accepted now, rejected at checkstatus
  reject_record_later     {"record": "id", "message": "…"}: the same for the next record of this id
                          (intervention, interoperability referral, or the service of a submission)
  checks_before_result    n: checkstatus calls that a new transaction answers with "not yet"
  expire_tokens           null
  advance_ping_clock      seconds
  page_rows               {"list": n, "details": n}

  Primero; "case" is the case's id
  insert_case             {case}, stored as given
  update_case             {"case": "id", "fields": {…}}, as its owner
  update_service          {"case": "id", "service": "unique_id", "fields": {…}}, as the case's owner
  decide_service          {"case": "id", "service": "unique_id", "decision": "accepted" | {"rejected": "reason" | null} | "pending"}
  decide_intervention     {"intervention": "id", "decision": as above}: the service that came with it
  refer_case              {"case": "id", "to": "user name", "service": "unique_id", "consent_overridden": false}
  accept_referral         "referral id"
  reject_referral         {"referral": "id", "reason": "…"}
  finish_referral         "referral id"
  revoke_referral         "referral id"
  add_user                {"user_name", "agency", "full_name", "email", "phone", "position"}: a case worker
  change_user             {"user": "name", "change": {"scope": "self"|"group"|"agency"|"all", "groups": […], "disabled",
                          "lists_users", "lists_agencies", "lists_modules", "modules": […], "read_only_forms": […],
                          "hidden_forms": […]}}; what is absent stays
  lock_case, unlock_case  "case id": 403 for whatever is asked of this case alone
  primero_limits          {"line_bytes": 1024, "connections": 20, "requests_a_second": 50}; what is absent has no limit
  primero_date            true or false: whether answers have a Date
  look_up_entry_costs     milliseconds for each alternative of a look-up beyond the fifth
  add_crowd               n: so many case workers, some with incomplete profiles

  stories; the first three in this order, with --demo
  case_workers_decide     null: after 1.1
  case_workers_refer      null: after 1.2
  unhcr_decides           null: after 2.1
  decide_submitted        seed: UNHCR decides about everything submitted and not decided
  forget_traffic          null: traffic is counted from zero

  faults
  add_fault               {"system": "ping"|"primero", "rule": {"on", "carrying", "fault", "after", "times", "chance"}}
  clear_faults            "ping" or "primero"
  carry_out_late          "ping" or "primero": what late_effect kept

on:       "everything", {"containing": "SHP-2748"}, {"exactly": "POST /api/v2/cases"}
carrying: a text in path or body, such as an id, so that the fault follows one record
after:    matching requests that pass before the first is hit; times: how many are hit; chance: 0 to 1
fault:    {"latency": {"milliseconds": n}}, {"status": {"status": n, "retry_after": n, "after_effect": false}},
          "drop_before_effect", "drop_after_effect", "late_effect" (cut, and carried out by carry_out_late),
          "truncated_body", "malformed_body", "redirect", {"over_long_body": {"bytes": n}} (all carried out),
          {"other_body": {"body": "…"}}, {"other_shape": {"shape": "camel_keys"|"shouted_keys"|"lone_row"|"byte_order_mark"|
          {"without_key": {"key": "…"}}|{"half_character": {"after": "…"}}}} (all carried out),
          {"error_inside": {"message": "…"}}, "expired_token", {"slow_body": {"milliseconds": n}}, "page_drift",
          "filters_ignored", "found_nothing",
          "without_transaction" (PING's answer names none);
          of an ingestion: {"rejected_later": {"message": "…", "every": n}}: every n-th record of the call,
          {"taken_in_part": {"records": n, "message": "…"}}: the first n, and then an error inside (not of a submission);
          of checkstatus: "not_yet", {"status_word": {"word": "Parked"}}, "status_without_ids", "unreadable_status""#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Command::Serve(arguments) = Arguments::parse().command;
    match serve(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Serve) -> io::Result<()> {
    let log = || arguments.log.then(|| Box::new(io::stderr()) as RequestLog);
    let sandbox = Sandbox::start(SandboxOptions {
        ping: arguments.ping.options(),
        primero: arguments.primero.options(),
        ping_port: arguments.ping_port,
        primero_port: arguments.primero_port,
        fault_seed: arguments.seed,
        ping_log: log(),
        primero_log: log(),
        primero_limits: arguments.primero.limits.limits(),
        controls: true,
    })
    .await?;
    fill(&sandbox, arguments).map_err(io::Error::other)?;
    writeln!(io::stdout(), "{}", sandbox.secrets())?;
    tokio::signal::ctrl_c().await
}

fn fill(sandbox: &Sandbox, arguments: &Serve) -> Result<(), String> {
    sandbox.primero.add_crowd(arguments.crowd);
    if arguments.demo {
        return demo::load(sandbox).map(drop);
    }
    let once: BTreeSet<Workflow> = arguments.workflow.iter().copied().collect();
    once.into_iter().try_for_each(|workflow| {
        let what = Generated {
            workflow,
            records: arguments.records,
            seed: arguments.seed,
            existing_percent: arguments.existing_percent,
            bad_percent: arguments.bad_percent,
        };
        what.load(sandbox)
    })
}
