//! What is proven of an installation before anything is moved: every check by name, in one place.
//!
//! `docs/CHECKS.md` is the same table for people; a test keeps the two equal.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $area:ident, $severity:ident, $expected:literal;)+) => {
        /// A check. Its key stands in reports and in `docs/CHECKS.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CheckKey {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl CheckKey {
            /// Every check.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The key, in snake case.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What it looks at.
            #[must_use]
            pub const fn area(self) -> Area {
                match self { $(Self::$variant => Area::$area,)+ }
            }

            /// What a fault that it finds means for the run.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// How it should be.
            #[must_use]
            pub const fn expected(self) -> &'static str {
                match self { $(Self::$variant => $expected,)+ }
            }

            /// What the fault most likely means and what to do, one paragraph.
            #[must_use]
            pub fn hint(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim(),)+ }
            }
        }
    };
}

checks! {
    /// The profile is refused as it stands; every fault of it is named. Mend them all: until then nothing else can be looked at.
    ProfileReadable = "profile_readable", Profile, Stop, "a profile without faults";
    /// The file is named after another deployment than the one that it says inside: a run would work on the wrong ledger. Rename the file, or correct `deployment`.
    ProfileName = "profile_name", Profile, Stop, "the file has the name of its deployment";
    /// A secret is missing or refused as it stands; every fault is named by its key. Mend them all: until then neither system can be looked at.
    SecretsReadable = "secrets_readable", Profile, Stop, "secrets without faults";
    /// The identifiers were invented for `reference.toml` and belong to nobody: referrals would go nowhere, or to an invented contact. Put in those that PING and the programmes issued.
    ProfileInvented = "profile_invented", Profile, Fault, "identifiers of this deployment, none of the reference";
    /// The address or number is an example, so nobody answers there. Name the focal point of the programme before going live.
    ProfileExample = "profile_example", Profile, Warning, "addresses and numbers that somebody answers";
    /// Nothing that was made before `window.start_from` is followed or sent, and that day has not come: runs would find nothing, and say so in green. Correct the year.
    ProfileStart = "profile_start", Profile, Fault, "`window.start_from` has passed";
    /// `window.start_from` lies years back: the first runs would send referrals that everybody has long dealt with. Set it to the day of going live.
    ProfileStartOld = "profile_start_old", Profile, Warning, "`window.start_from` is about the day of going live";
    /// With `auth = "session"` a new sign-in of a user ends its others, so workflows that share a user throw each other out. Give each workflow a user of its own.
    ProfileSession = "profile_session", Profile, Fault, "with `session` one user for each workflow";
    /// PING issues one shipping process for each operation. Look for a line that was copied and not changed.
    ProfileShipping = "profile_shipping", Profile, Fault, "one shipping process for each operation";
    /// The two language tables disagree, so a language may come back as another one. Correct the tables, or accept it.
    ProfileLanguages = "profile_languages", Profile, Warning, "what goes out under a name comes back by it";
    /// Several service types go out as one proGres service, or one that comes in cannot go out: 2.1 holds that, and a service may come back as another one. Check the GUIDs.
    ProfileServices = "profile_services", Profile, Warning, "each service goes out and comes back";
    /// Two sex codes share an option, so one goes back as the other. Give each code its option.
    ProfileSex = "profile_sex", Profile, Warning, "each sex code has an option of its own";
    /// A table has the same entry twice but for case and blanks; only the first is ever found. Remove the other.
    ProfileUnreachable = "profile_unreachable", Profile, Warning, "every table entry can be found";

    /// At this address no Primero answers. `primero.url` is the root of the installation, without a path such as `/v2` or `/api`; look at host and port, too.
    PrimeroRoute = "primero_route", Route, Stop, "the address answers as a Primero";
    /// Primero refuses the user name or the password; six tries lock the account. Correct the secret, and then `bridge allow-sign-in` if an account was unlocked.
    PrimeroSignIn = "primero_sign_in", Route, Stop, "Primero takes user name and password";

    /// The role of the bridge's user in Primero sees some cases only: decisions and referrals of the others would be passed over for ever, and their children would get second cases. Let the role see the cases of everybody.
    PrimeroScope = "primero_scope", User, Stop, "the role's `role_group_permission` is `all`";
    /// The user may not list users, so its scope is judged by what it sees: cases of somebody else, and hardly fewer than before. Let the role see the cases of everybody, and list users.
    PrimeroVisibleCases = "primero_visible_cases", User, Stop, "a case of somebody else, and at most 5 % fewer cases than before (always 5)";
    /// The role may not do to cases what the bridge has to. Give it these actions.
    PrimeroActions = "primero_actions", User, Stop, "the role may read, create and write cases";
    /// The user's role does not belong to the module, so Primero drops every field of its cases. Add the module to the role.
    PrimeroUserModule = "primero_user_module", User, Stop, "the role belongs to the module";

    /// Primero has no case form for the module of the profile. Correct `primero.module_id`, or give the module its forms.
    PrimeroModule = "primero_module", Forms, Stop, "the module exists and has case forms";
    /// Primero drops what no form has without a word, and these fields the way back rests on. Add them to the case form or the services form.
    PrimeroFields = "primero_fields", Forms, Stop, "the forms have every field that the round trip needs";
    /// Primero drops what no form has without a word: these values get lost, and nothing else does. Add the fields to the case form or the services form, or accept it.
    PrimeroOtherFields = "primero_other_fields", Forms, Fault, "the forms have every other field that is mapped";
    /// No case has these fields, so consent can never be given and 2.1 sends nothing. Correct `consent.fields`, or add the fields to a form.
    PrimeroConsent = "primero_consent", Forms, Stop, "the forms have the fields of consent";
    /// No services form has the field, so rejections go back without a reason. Correct `primero.rejection_reason_field`, or add the field to the form.
    PrimeroRejectionReason = "primero_rejection_reason", Forms, Fault, "the services form has the field of the rejection reason";
    /// Primero drops a default that no form has a field for. Correct the names in `primero.case_defaults` and `primero.service_defaults`.
    PrimeroDefaults = "primero_defaults", Forms, Fault, "every default names a field, and fits it";
    /// The fields are switched off, so nobody in Primero can see or fill them. Switch them on.
    PrimeroDisabledFields = "primero_disabled_fields", Forms, Fault, "the fields are switched on";
    /// Primero drops or refuses a value that does not fit the type of its field. Let the administrator give the fields their type.
    PrimeroFieldTypes = "primero_field_types", Forms, Stop, "the fields are of the types that are written";
    /// The role may read these forms but not write them, or lacks them: Primero would make cases without what they hold. Give the role read and write access to them.
    PrimeroWritableForms = "primero_writable_forms", Forms, Stop, "the role reads and writes the forms that hold the mapped fields";

    /// A newer Primero refuses what is no option of its field, and an older one keeps it where nobody can choose it; what is never chosen is never sent. Correct the table of the profile, or let the administrator switch the option on.
    PrimeroOptions = "primero_options", Options, Fault, "every value of the tables is an option of its field";

    /// The forms demand these fields, so nobody can save a case that lacks them. Name values in `primero.case_defaults` or `primero.service_defaults`.
    PrimeroRequired = "primero_required", Required, Fault, "mapping and defaults fill every field that is required";

    /// Primero takes a case of an owner whom it does not know, and then nobody sees it. Correct `primero.intake_user`, or enable the user.
    PrimeroIntakeUser = "primero_intake_user", People, Stop, "`primero.intake_user` is an enabled user";
    /// Only referrals to `primero.progres_user` are sent to proGres: to somebody who is not there or cannot receive them, none is ever made. Correct the name, enable the user, or let its role receive referrals.
    PrimeroProgresUser = "primero_progres_user", People, Fault, "`primero.progres_user` is an enabled user who receives referrals";
    /// Services name their agency by its id, so one that Primero does not have is never found: 2.1 would send nothing, in green. Correct `progres.agency`, or enable the agency.
    PrimeroAgency = "primero_agency", People, Fault, "`progres.agency` is an enabled agency";
    /// New services name the agency that takes them by its id. Correct `primero.receiving_agency`, or enable the agency.
    PrimeroReceivingAgency = "primero_receiving_agency", People, Fault, "`primero.receiving_agency` is an enabled agency";

    /// Primero answers a look-up with cases that were not asked for, or without the one that was: no answer can be trusted. Give the role the form that has `unhcr_individual_no`.
    PrimeroFilter = "primero_filter", Trust, Stop, "a look-up finds the case that it asks for, and no other";
    /// No visible case has an individual number, so "none found" can never be told from an error. On a Primero that is really empty set `primero.allow_empty` for the first days.
    PrimeroControl = "primero_control", Trust, Fault, "a case with an individual number";
    /// The clocks of this machine and of Primero differ, and changes are followed by time. Set the clock.
    PrimeroClock = "primero_clock", Trust, Fault, "the clocks differ by less than five minutes";
    /// The numbers of these cases are not as proGres writes them, so referrals of their children would make second cases. Let the case workers correct the numbers.
    PrimeroUntidyNumbers = "primero_untidy_numbers", Trust, Warning, "individual numbers without blanks, odd dashes or invisible characters";

    /// PING, or its sign-in service, does not answer at the address that the key in the secret names. `base_url` is the root of the gateway, without a path; look at host, port and `ping.retrieval_path`, too.
    PingRoute = "ping_route", Ping, Stop, "the gateway answers at `base_url`";
    /// The sign-in service of PING refuses user name, password, client or scope. Correct the secret, and then `bridge allow-sign-in` if an account was unlocked.
    PingSignIn = "ping_sign_in", Ping, Stop, "PING grants a token";
    /// PING granted a token and refused the call with it: that is what a wrong subscription key does. Correct `subscription_key` in the secret.
    PingSubscription = "ping_subscription", Ping, Stop, "PING takes the subscription key";
    /// A shipping process answers with an error, or with rows of another operation: two ids are swapped, mistyped or of another partner. Correct `ping.shipping`, `ping.partner_id` or `ping.interop_id`.
    PingProcesses = "ping_processes", Ping, Fault, "every retrieval process answers rows of its own kind";
    /// None of many rows that PING sends is of this business unit: referrals of 2.1 would go to another operation. Correct `progres.business_unit`.
    PingBusinessUnit = "ping_business_unit", Ping, Stop, "PING sends rows of `progres.business_unit`";
    /// None of the few rows that PING sends now is of this business unit: most likely it is that of another operation. Compare `progres.business_unit` with the programme's papers.
    PingBusinessUnitUnseen = "ping_business_unit_unseen", Ping, Fault, "PING sends rows of `progres.business_unit`";
    /// Rows of one record contradict each other, or cannot be read: such a record is held. Report it to UNHCR with the number of records.
    PingDetails = "ping_details", Ping, Warning, "the rows of one record fold into one";
    /// What waits now has words that no table maps: unknown services are held, unknown languages become `other`. Add them to the tables.
    PingUnmapped = "ping_unmapped", Ping, Warning, "the tables know every service, language and need that waits";
    /// Checkstatus does not answer in its shape, so nothing that is sent can ever be confirmed. Correct `ping.check_status_path`.
    PingCheckStatus = "ping_check_status", Ping, Fault, "checkstatus answers in its shape";
    /// A route that writes does not answer, or refuses the partner. Correct `ping.ingestion_path`, `ping.async_ingestion_path` or `ping.partner_id`.
    PingWriteRoutes = "ping_write_routes", Ping, Fault, "the routes that write answer";

    /// The state table is not there, or not as the bridge needs it. Deploy the stack again, or make the table anew from a backup.
    LedgerTable = "ledger_table", Ledger, Fault, "a table with its keys, its index and its expiry";
    /// Records are remembered under a key that the secret no longer has, so changes in them cannot be told. Put the key before into `previous_fingerprint_key`.
    LedgerKey = "ledger_key", Ledger, Fault, "the ledger's rows are of the fingerprint key, or the one before";
    /// A run is under way, so what was found may be about to change. Ask again when it has ended.
    LedgerRunning = "ledger_running", Ledger, Warning, "no run is under way";
    /// Others on this machine can read the state. Let its owner alone read it (`chmod 600`).
    LedgerFile = "ledger_file", Ledger, Warning, "the state file is its owner's alone";

    /// What these checks rest on is missing, or the user may not read it, so they prove nothing. Mend what is named beside this first; else let the role list users, agencies and forms. The first write of each run is read back in any case.
    Unchecked = "unchecked", Ground, Warning, "the ground that the checks rest on";
}

/// What a check looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Profile and secrets by themselves.
    Profile,
    /// The way to Primero.
    Route,
    /// The bridge's user in Primero.
    User,
    /// Primero's forms.
    Forms,
    /// The options of its fields.
    Options,
    /// What its forms demand.
    Required,
    /// Users and agencies that the profile names.
    People,
    /// Whether Primero's answers can be trusted.
    Trust,
    /// The gate to proGres.
    Ping,
    /// The state table.
    Ledger,
    /// What other checks rest on.
    Ground,
}

impl Area {
    /// Its name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Profile => "profile and secrets",
            Self::Route => "Primero: route",
            Self::User => "Primero: the user",
            Self::Forms => "Primero: forms",
            Self::Options => "Primero: options",
            Self::Required => "Primero: required fields",
            Self::People => "Primero: people",
            Self::Trust => "Primero: trust",
            Self::Ping => "PING",
            Self::Ledger => "ledger",
            Self::Ground => "not looked at",
        }
    }
}

/// What a fault means for the run; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The run ends before its first write and before its cursor moves.
    Stop,
    /// Somebody must mend it; what it does not touch goes on.
    Fault,
    /// Somebody should know; the run goes on.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Stop => "stop",
            Self::Fault => "fault",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is otherwise than it should be. Holds names of fields and forms, ids, codes and counts, never a person's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Which check found it: [`CheckKey::code`].
    pub key: Cow<'static, str>,
    /// How it is.
    pub found: String,
    /// How it should be.
    pub expected: Cow<'static, str>,
    /// What it most likely means and what to do.
    pub hint: Cow<'static, str>,
    /// What it means for the run.
    pub severity: Severity,
    /// Whether a person said that this run goes on in spite of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted: bool,
}

impl CheckKey {
    /// Whether a person may let a run go on in spite of it. A narrow role makes second cases, so that one nobody may.
    #[must_use]
    pub const fn may_be_accepted(self) -> bool {
        !matches!(self, Self::PrimeroScope | Self::PrimeroVisibleCases)
    }

    /// The check of this key.
    #[must_use]
    pub fn named(code: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|key| key.code() == code)
    }
}

impl Check {
    /// What a check found.
    #[must_use]
    pub fn of(key: CheckKey, found: impl Into<String>) -> Self {
        Self {
            key: key.code().into(),
            found: found.into(),
            expected: key.expected().into(),
            hint: key.hint().into(),
            severity: key.severity(),
            accepted: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_for_people_lists_every_check_with_what_it_means() {
        let table = include_str!("../../../docs/CHECKS.md");
        for check in CheckKey::ALL {
            let row = format!(
                "| `{}` | {} | {} | {} | {} |",
                check.code(),
                check.area().title(),
                check.severity(),
                check.expected(),
                check.hint()
            );
            assert!(
                table.contains(&row),
                "docs/CHECKS.md lacks this row:\n{row}"
            );
        }
        let rows = table.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(
            rows,
            CheckKey::ALL.len(),
            "docs/CHECKS.md has rows that are no check"
        );
    }
}
