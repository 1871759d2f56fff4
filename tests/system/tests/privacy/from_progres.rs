//! What UNHCR sends: referrals (1.1) and decisions (2.2) that go every way a record can go.

use serde_json::{Map, Value, json};

use crate::canaries::Canaries;
use crate::from_primero::Wish;
use crate::scene::{Scene, mapped};

const PERSONAL: &str = "progres_individual.individuals.";
const SERVICE: &str = "progres_interventiontype2.interventiontype.progres_description";

pub fn intervention(n: usize) -> String {
    format!("7d2e{n:04}-4879-4e11-8179-000d3a43f6eb")
}

/// The single detail row of the `n`-th referral.
fn row(canaries: &mut Canaries, n: usize) -> Value {
    let mut row = Map::new();
    let mut put = |key: &str, value: Value| row.insert(key.to_owned(), value);
    let number = format!("700-26-PRTITV-{n:07}");
    put("progres_interventionnumber", json!(number));
    put("progres_lpinterventionid", json!(intervention(n)));
    let unit = "577ccdf6-86de-e811-80d8-001dd8b71fe3";
    put("progres_businessunit", json!(unit));
    put(SERVICE, json!("Alternative Care"));
    let born = canaries.birth_date();
    put(&format!("{PERSONAL}progres_dateofbirth"), json!(born));
    put(&format!("{PERSONAL}progres_sex"), json!(125_080_000));
    for field in [
        "id",
        "givenname",
        "middlename",
        "familyname",
        "commonyusedname",
        "primaryphonenumber",
    ] {
        let value = json!(canaries.text(field));
        put(&format!("{PERSONAL}progres_{field}"), value);
    }
    for level in 1..=6 {
        let name = json!({ "Name": canaries.text("address") });
        put(&format!("{PERSONAL}progres_coalocationlevel{level}"), name);
    }
    for key in [
        "progres_individual.progres_registrationgroupidname",
        "progres_interventiondescription",
        "progres_reasonforreferral",
        "systemuser.title",
        "systemuser.su.mobilephone",
        "systemuser.su.internalemailaddress",
        "progres_language.progres_languagecodeidname",
        "progres_specificneed.progres_spncategory2name",
        "progres_campzone",
    ] {
        put(key, json!(canaries.text(key)));
    }
    for key in mapped("1.1", &IMPERSONAL) {
        let planted = row.contains_key(&key) || row.contains_key(&format!("{PERSONAL}{key}"));
        assert!(planted, "{key} is mapped, so it must be looked for");
    }
    Value::Object(row)
}

/// What 1.1 maps and what says nothing of a person: ids of codes, and days of the exchange.
const IMPERSONAL: [&str; 5] = [
    "progres_interventionstartdate",
    "progres_primerotransferstatusdate",
    "progres_primeroid",
    "progres_language.progres_languagecodeid",
    "progres_specificneed.specificneeds.progres_spncategory2",
];

impl Scene {
    fn refer(&mut self, n: usize, change: impl FnOnce(&mut Value, &mut Canaries)) -> Value {
        let mut row = row(&mut self.canaries, n);
        change(&mut row, &mut self.canaries);
        let taken = self.sandbox.ping.refer(vec![row.clone()]);
        taken.expect("proGres takes it");
        row
    }

    pub fn refer_one_of_each(&mut self) {
        self.refer(1, |_, _| {});
        // Appended to a case that is there.
        let appended = self.refer(2, |_, _| {});
        let case = json!({
            "unhcr_individual_no": appended[format!("{PERSONAL}progres_id")],
            "name_first": self.canaries.text("casename"),
            "module_id": "primeromodule-cp", "status": "open",
        });
        let primero = &self.sandbox.primero;
        primero.insert_case(case).expect("Primero takes it");
        // Held by us, with the bad value itself personal or unknown.
        self.refer(3, |row, canaries| {
            row[format!("{PERSONAL}progres_dateofbirth")] = json!(canaries.text("nodate"));
        });
        self.refer(4, |row, canaries| {
            row[SERVICE] = json!(canaries.text("noservice"));
        });
        self.refer(5, |row, canaries| {
            row[format!("{PERSONAL}progres_sex")] = json!(canaries.text("nosex"));
        });
        self.refer(6, |row, _| {
            row[format!("{PERSONAL}progres_givenname")] = json!(" ");
        });
        // Refused by Primero with 422: a text that looks like a date.
        self.refer(7, |row, canaries| {
            row[format!("{PERSONAL}progres_familyname")] = json!(canaries.birth_date());
        });
        // Refused by PING with an error message that repeats what was sent.
        self.refer(8, |_, _| {});
        self.sandbox.ping.poison(&intervention(8));
    }

    /// Decides about six wishes and one that nobody knows.
    pub fn decide_one_of_each(&mut self, wishes: &[Wish; 6]) {
        let canaries = &mut self.canaries;
        let mut rows: Vec<Value> = wishes.iter().enumerate().map(decision).collect();
        for row in &mut rows {
            let comment = "progres_interoperabilityreferralrejectionomment";
            row[comment] = json!(canaries.text("comment"));
            row["progres_comments"] = json!(canaries.text("remark"));
            row["progres_pocfirstname"] = json!(canaries.text("poc"));
        }
        rows[1]["progres_interoperabilityreferralstatus"] = json!(125_080_002);
        rows[2]["progres_interoperabilityreferralstatus"] = json!(canaries.text("nostatus"));
        rows[3]["progres_interoperabilityreferralstatus"] = json!(125_080_002);
        let reason = "progres_interoperabiltyreferralrejectionreason";
        rows[3][reason] = json!(canaries.text("noreason"));
        rows[4]["progres_reviewdate"] = json!(canaries.text("noreviewdate"));
        let withdrawn = self.sandbox.primero.revoke_referral(&wishes[5].referral);
        withdrawn.expect("it waits");
        let mut unknown = rows[0].clone();
        unknown["progres_interoperabilityreferralid"] =
            json!("d1930099-778e-405e-841d-b24f247662e3");
        unknown["progres_orgreferralid"] = json!("5efb0099-0606-4436-8f3d-c748867d913b");
        rows.push(unknown);
        for row in rows {
            let taken = self.sandbox.ping.add_decision(row);
            taken.expect("proGres takes it");
        }
    }
}

/// An acceptance, made today.
fn decision((n, wish): (usize, &Wish)) -> Value {
    json!({
        "progres_interoperabilityreferralid": format!("d193{n:04}-778e-405e-841d-b24f247662e3"),
        "progres_offlineid": wish.case_id,
        "progres_orgreferralid": wish.service,
        "progres_interoperabilityreferralstatus": 125_080_001,
        "progres_reviewdate": "2026-11-23T00:00:00Z",
    })
}
