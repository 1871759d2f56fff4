//! The mapping sheet: which fields move between the two systems, in words that both agencies can sign.
//!
//! It is written from the tables of fields that the workflows read, so it cannot say something else than they do. Without a profile it
//! is `docs/MAPPING.md`; with one it has the codes and fields of that country.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{referrals_to_primero, referrals_to_progres};
use crate::fields::Field;
use crate::profile::{ExtraField, Profile};

/// One line of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The workflow's number.
    pub workflow: &'static str,
    /// What the field belongs to.
    pub part: &'static str,
    /// The keys of the source, parted by commas; empty for what the bridge itself knows.
    pub from: String,
    /// The field of the destination.
    pub to: String,
    /// Whether a record can go without it, in words.
    pub needed: String,
    /// How it is read, in words.
    pub how: String,
}

const CASE: &str = "case";
const SERVICE: &str = "service";
const SUBMISSION: &str = "submission";
/// A mark for what a country sends out of Primero beside the contract.
const LEAVES: &str = "; **leaves Primero by this profile**";

/// What 1.2 says to proGres of a decision, by hand: which decision it is follows from rules and from no table.
const DECISIONS_OUT: [[&str; 3]; 7] = [
    [
        "progres_interventionnumber",
        "progres_lpinterventionid",
        "its second part; needed",
    ],
    [
        "progres_interventionnumber",
        "progres_businessunit",
        "its third part; needed",
    ],
    [
        "unhcr_referral_status",
        "progres_primerotransferstatus",
        "`accepted` as 003, `rejected` as 004; needed",
    ],
    [
        "",
        "progres_primerotransferstatusdate",
        "the day of telling",
    ],
    ["case_id", "progres_primeroid", "as it stands; needed"],
    ["owned_by", "progres_primerocaseworker", "as it stands"],
    [
        "rejection_reason_field of the profile",
        "attached comment",
        "`Referral acknowledged` or `rejected by PRIMERO`, with the reason",
    ],
];

/// What 2.2 writes to Primero, by hand.
const DECISIONS_IN: [[&str; 3]; 4] = [
    [
        "progres_offlineid",
        "case",
        "finds it by its `case_id`; needed",
    ],
    [
        "progres_orgreferralid",
        "referral",
        "finds it by its `service_record_id`; needed",
    ],
    [
        "progres_interoperabilityreferralstatus, progres_reviewdecision, progres_reviewdate",
        "status",
        "accepted or rejected; needed",
    ],
    [
        "progres_interoperabiltyreferralrejectionreason, progres_interoperabilityreferralrejectionomment",
        "rejected_reason",
        "reason in words and comment, as plain text",
    ],
];

/// All lines of both directions, for this profile or for any.
#[must_use]
pub fn lines(profile: Option<&Profile>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut of_primero = |part, table: &[referrals_to_primero::Field<'_>]| {
        lines.extend(table.iter().map(|field| {
            let keys: Vec<&str> = field.from.to_vec();
            line(
                "1.1",
                part,
                field,
                keys.join(", "),
                field.read.words().into_owned(),
            )
        }));
    };
    if let Some(profile) = profile {
        of_primero(CASE, &referrals_to_primero::of_case(profile));
        of_primero(SERVICE, &referrals_to_primero::of_service(profile));
    } else {
        of_primero(CASE, referrals_to_primero::CASE);
        of_primero(SERVICE, referrals_to_primero::SERVICE);
    }
    lines.extend(by_hand("1.2", "decision", &DECISIONS_OUT));
    let own = profile.map(referrals_to_progres::own).unwrap_or_default();
    let of_table = referrals_to_progres::SUBMISSION
        .iter()
        .map(|field| (field, ""));
    for (field, mark) in of_table.chain(own.iter().map(|field| (field, LEAVES))) {
        let keys: Vec<String> = field
            .from
            .iter()
            .map(referrals_to_progres::Key::words)
            .collect();
        let how = format!("{}{mark}", field.read.words());
        lines.push(line("2.1", SUBMISSION, field, keys.join(", "), how));
    }
    lines.extend(by_hand("2.2", "referral", &DECISIONS_IN));
    lines
}

fn line<K, R>(
    workflow: &'static str,
    part: &'static str,
    field: &Field<'_, K, R>,
    from: String,
    how: String,
) -> Line {
    Line {
        workflow,
        part,
        from,
        to: field.name.to_owned(),
        needed: field.need.words(),
        how,
    }
}

fn by_hand(
    workflow: &'static str,
    part: &'static str,
    rows: &[[&str; 3]],
) -> impl Iterator<Item = Line> {
    rows.iter().map(move |[from, to, how]| {
        let needed = how.strip_suffix("; needed");
        Line {
            workflow,
            part,
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            needed: if needed.is_some() { "yes" } else { "no" }.to_owned(),
            how: needed.unwrap_or(how).to_owned(),
        }
    })
}

/// The sheet as comma-separated values.
#[must_use]
pub fn csv(profile: &Profile) -> String {
    let mut text = "workflow,part,from,to,needed,how\n".to_owned();
    for line in lines(Some(profile)) {
        let cells = [
            line.workflow,
            line.part,
            &line.from,
            &line.to,
            &line.needed,
            &line.how,
        ];
        // A cell that a spreadsheet would take for a formula begins with none of its signs here; quotes are doubled.
        let cells = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    for (table, entries) in profile.map_of_codes() {
        for (from, to) in entries {
            let cells = ["", &table, &from, &to, "", "code"];
            let cells = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    text
}

/// The sheet as Markdown: for any country without a profile, else with the codes and fields of this one.
#[must_use]
pub fn markdown(profile: Option<&Profile>) -> String {
    let mut page = Page(String::new());
    let title = profile.map_or_else(String::new, |profile| format!(" of {}", profile.deployment));
    page.say(&format!("# Which fields move{title}"));
    page.say(
        "This page is written from the tables that the bridge itself reads (`bridge profile mapping` writes it for one country); a \
         test keeps it so. What is not on it does not move. A record that lacks what is needed is held: it goes nowhere, and a person \
         is told which fields it lacks.",
    );
    let lines = lines(profile);
    page.say("## From proGres to Primero: referrals (1.1)");
    page.say("A new case gets these fields. Of a case that is there already only the services are written.");
    page.table(
        ["proGres", "Primero, case", "Needed", "How"],
        &lines,
        "1.1",
        CASE,
    );
    page.table(
        ["proGres", "Primero, service", "Needed", "How"],
        &lines,
        "1.1",
        SERVICE,
    );
    page.say("The bridge itself reads, and keeps none of it but ids:");
    for (key, words) in referrals_to_primero::OWN {
        page.item(&format!("`{key}`: {words}"));
    }
    page.say(
        "\nBack goes only where the referral is: transfer status, its day, and the `case_id`; of one that had to be held, if \
         `report_delivery_fail` says so, the reason and names of fields.",
    );
    page.say("## From Primero to proGres: decisions (1.2)");
    page.table(
        ["Primero", "proGres", "Needed", "How"],
        &lines,
        "1.2",
        "decision",
    );
    page.say("## From Primero to proGres: referrals (2.1)");
    page.say(&consent(profile));
    page.table(
        ["Primero", "proGres", "Needed", "How"],
        &lines,
        "2.1",
        SUBMISSION,
    );
    page.say("Every field goes in every submission, with null where Primero has nothing.");
    page.say("## From proGres to Primero: decisions (2.2)");
    page.table(
        ["proGres", "Primero, referral", "Needed", "How"],
        &lines,
        "2.2",
        "referral",
    );
    page.say("## What is never sent");
    page.say(
        "Out of Primero: any field of a case or service that is not above, notes of a referral, attachments, photos, other services, \
         incidents, and the history of the case. Out of proGres: any key that is not above. Nothing personal is kept: the ledger holds \
         ids, times, words of state, and keyed hashes; logs, reports and errors hold ids and names of fields.",
    );
    if let Some(profile) = profile {
        page.say("## Codes and fixed values of this country");
        for (table, entries) in profile.map_of_codes() {
            page.say(&format!("### `{table}`"));
            page.row(&["Here", "There"]);
            page.row(&["---", "---"]);
            for (from, to) in entries {
                page.row(&[&from, &to]);
            }
            page.0.push('\n');
        }
    }
    let text = page.0.trim_end();
    format!("{text}\n")
}

fn consent(profile: Option<&Profile>) -> String {
    let Some(profile) = profile else {
        return "A referral goes only with consent: the fields of the case that the profile lists under `consent.fields` (by default \
                `disclosure_other_orgs` and `consent_for_services`) must all be true, unless the worker overrode consent for that \
                referral, or `consent.required` is false. They are read again right before sending."
            .to_owned();
    };
    if !profile.consent.required {
        return "**In this country a referral goes without consent (`consent.required` is false).**".to_owned();
    }
    let fields: Vec<String> = profile
        .consent
        .fields
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    format!(
        "A referral goes only with consent: {} of the case must be true, unless the worker overrode consent for that referral. They \
         are read again right before sending.",
        fields.join(" and "),
    )
}

struct Page(String);

impl Page {
    fn say(&mut self, paragraph: &str) {
        writeln!(self.0, "{paragraph}\n").expect("a String takes any text");
    }

    fn item(&mut self, text: &str) {
        writeln!(self.0, "- {text}").expect("a String takes any text");
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        writeln!(self.0, "| {} |", cells.join(" | ")).expect("a String takes any text");
    }

    fn table(&mut self, head: [&str; 4], lines: &[Line], workflow: &str, part: &str) {
        self.row(&head);
        self.row(&["---"; 4]);
        let lines = lines
            .iter()
            .filter(|line| (line.workflow, line.part) == (workflow, part));
        for line in lines {
            let from: Vec<String> = line
                .from
                .split(", ")
                .map(|key| format!("`{key}`"))
                .collect();
            let from = if line.from.is_empty() {
                String::new()
            } else {
                from.join(", ")
            };
            self.row(&[&from, &format!("`{}`", line.to), &line.needed, &line.how]);
        }
        self.0.push('\n');
    }
}

impl Profile {
    /// Every table of codes and of fixed values that has an entry, in the order of the profile.
    fn map_of_codes(&self) -> Vec<(String, Vec<(String, String)>)> {
        let codes = |entries: &BTreeMap<String, String>| -> Vec<(String, String)> {
            entries
                .iter()
                .map(|(from, to)| (from.clone(), to.clone()))
                .collect()
        };
        let tables = &self.tables;
        let mut languages = codes(&tables.language_in.entries);
        languages.push(("other".to_owned(), tables.language_in.other.clone()));
        let sex = tables.sex.iter();
        let sex = sex.map(|(code, option)| (code.number().to_string(), option.clone()));
        let fixed = |values: &serde_json::Map<String, serde_json::Value>| {
            let values = values.iter();
            values
                .map(|(field, value)| (field.clone(), value.to_string()))
                .collect()
        };
        let mut all = vec![
            ("service_in".to_owned(), codes(&tables.service_in)),
            ("service_out".to_owned(), codes(&tables.service_out)),
            ("language_in".to_owned(), languages),
            ("sex".to_owned(), sex.collect()),
            ("needs_in".to_owned(), codes(&tables.needs_in)),
            ("needs_out".to_owned(), codes(&tables.needs_out)),
            (
                "primero.case_defaults".to_owned(),
                fixed(&self.primero.case_defaults),
            ),
            (
                "primero.service_defaults".to_owned(),
                fixed(&self.primero.service_defaults),
            ),
        ];
        let extra = &self.extra;
        for (part, fields) in [
            ("case", &extra.case),
            ("service", &extra.service),
            ("submission", &extra.submission),
        ] {
            let own = |(name, field): (&String, &ExtraField)| {
                (format!("extra.{part}.{name}"), codes(&field.codes))
            };
            all.extend(fields.iter().map(own));
        }
        all.retain(|(_, entries)| !entries.is_empty());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::testing::profile;

    #[test]
    fn the_page_says_what_the_tables_say() {
        let page = include_str!("../../../docs/MAPPING.md");
        let written = markdown(None);
        let differs = page
            .lines()
            .zip(written.lines())
            .find(|(page, written)| page != written);
        assert_eq!(
            differs, None,
            "docs/MAPPING.md: `bridge profile mapping` writes it anew"
        );
        assert_eq!(page, written);
    }

    #[test]
    fn a_countrys_sheet_has_its_codes_and_marks_what_leaves_by_its_profile() {
        let text = include_str!("../../../infra/profiles/gambella.toml");
        let own = "[extra.submission]\nprogres_poccamp = { from = \"camp_zone\" }\n[primero]";
        let profile = Profile::parse(&text.replace("[primero]", own)).expect("no faults");
        let page = markdown(Some(&profile));
        let expected = "| `camp_zone` | `progres_poccamp` | no | as it stands; **leaves Primero by this profile** |";
        assert!(page.contains(expected), "{page}");
        assert!(
            page.contains("| Alternative Care | alternative_care |"),
            "{page}"
        );
        assert!(page.contains("| 125080000 | female |"), "{page}");
        let sheet = csv(&profile);
        let line = "\"2.1\",\"submission\",\"camp_zone\",\"progres_poccamp\",\"no\",";
        assert!(sheet.contains(line), "{sheet}");
        assert!(sheet.contains(
            "\"\",\"service_in\",\"Alternative Care\",\"alternative_care\",\"\",\"code\""
        ));
    }

    #[test]
    fn a_country_without_consent_says_so() {
        let mut profile = profile();
        assert!(
            markdown(Some(&profile))
                .contains("`disclosure_other_orgs` and `consent_for_services` of the case")
        );
        profile.consent.required = false;
        assert!(markdown(Some(&profile)).contains("goes without consent"));
    }
}
