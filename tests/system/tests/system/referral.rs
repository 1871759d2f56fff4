//! Invented referrals, as PING sends them.

use serde_json::{Value, json};

const BUSINESS_UNIT: &str = "577ccdf6-86de-e811-80d8-001dd8b71fe3";

#[derive(Clone, Debug)]
pub struct Referral {
    /// The intervention's GUID.
    pub intervention: String,
    pub individual_no: String,
    number: String,
    changes: Vec<(&'static str, Value)>,
}

impl Referral {
    /// A complete referral of a child of its own.
    pub fn numbered(number: u32) -> Self {
        Self {
            intervention: format!("5a1e0000-0000-4000-8000-{number:012}"),
            individual_no: format!("606-3{number:08}"),
            number: format!("606-26-PRTITV-3{number:07}"),
            changes: Vec::new(),
        }
    }

    /// The same referral, of this child.
    pub fn of(mut self, individual_no: &str) -> Self {
        individual_no.clone_into(&mut self.individual_no);
        self
    }

    pub fn with(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.changes.push((field, value.into()));
        self
    }

    /// As it stands in a Primero service.
    pub fn intervention_number(&self) -> String {
        format!("{},{},{BUSINESS_UNIT}", self.number, self.intervention)
    }

    /// The one detail row.
    pub fn rows(&self) -> Vec<Value> {
        let mut row = json!({
            "progres_lpinterventionid": self.intervention,
            "progres_interventionnumber": self.number,
            "progres_businessunit": BUSINESS_UNIT,
            "progres_interventionstartdate": "2026-11-02T00:00:00Z",
            "progres_primerotransferstatusdate": "2026-11-03",
            "progres_interventiondescription": "<p>Needs follow-up.</p>",
            "progres_interventiontype2.interventiontype.progres_description": "Alternative Care",
            "progres_individual.individuals.progres_id": self.individual_no,
            "progres_individual.progres_registrationgroupidname": "606-26-3000001",
            "progres_individual.individuals.progres_givenname": "Nyakong",
            "progres_individual.individuals.progres_familyname": "Ochalla",
            "progres_individual.individuals.progres_dateofbirth": "2014-02-28T00:00:00Z",
            "progres_individual.individuals.progres_sex": 125_080_000,
            "systemuser.title": "Associate Protection Officer",
        });
        for (field, value) in &self.changes {
            row[*field] = value.clone();
        }
        vec![row]
    }
}
