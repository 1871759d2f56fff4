//! A case as a look-up shows it: as much as matching needs.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::pii::Pii;

/// The fields every look-up asks for.
pub const LOOK_UP_FIELDS: &str = "unhcr_individual_no,case_id,status,services_section";

/// The fields of a case that is followed by time of change: what every workflow rests on, and what one of them maps.
pub fn change_fields(mapped: &[&str]) -> String {
    [&["case_id", "services_section"], mapped]
        .concat()
        .join(",")
}

/// A Primero case.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// The id in URLs.
    pub id: CaseRecordId,
    /// The id that PING is told.
    pub case_id: Option<CaseId>,
    /// A disabled case is listed, but is no case to work on.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// `open`, `closed`, or what the installation adds.
    #[serde(default)]
    pub status: Option<String>,
    /// The child's number in proGres.
    #[serde(
        default,
        rename = "unhcr_individual_no",
        deserialize_with = "personal_text"
    )]
    pub individual_no: Option<Pii<String>>,
    /// The services of the case.
    #[serde(default, rename = "services_section", deserialize_with = "services")]
    pub services: Vec<Service>,
}

/// One row of a case's `services_section`, whole.
#[derive(Clone, Debug)]
pub struct Service(Pii<Value>);

/// What a field says that should hold one choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<'s> {
    /// Nothing, or a blank.
    Nothing,
    /// This word.
    One(&'s str),
    /// A list of different words.
    Several(Vec<&'s str>),
    /// Something else than words.
    Unreadable,
}

impl Choice<'_> {
    /// Whether it is a word that `is_meant` knows; none if that is one of several.
    #[must_use]
    pub fn is(&self, is_meant: impl Fn(&str) -> bool) -> Option<bool> {
        match self {
            Self::One(word) => Some(is_meant(word)),
            Self::Several(words) if words.iter().any(|word| is_meant(word)) => None,
            Self::Nothing | Self::Several(_) | Self::Unreadable => Some(false),
        }
    }
}

impl Case {
    /// Whether the case is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.status.as_deref() == Some("closed")
    }

    /// Whether the case carries this individual number.
    #[must_use]
    pub fn is_of(&self, individual_no: &Pii<String>) -> bool {
        self.individual_no.as_ref() == Some(individual_no)
    }

    /// The service with this id.
    #[must_use]
    pub fn service(&self, unique_id: &str) -> Option<&Service> {
        self.services
            .iter()
            .find(|service| service.unique_id() == Some(unique_id))
    }
}

impl AsRef<Case> for Case {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Service {
    /// The row's id.
    #[must_use]
    pub fn unique_id(&self) -> Option<&str> {
        self.text("unique_id")
    }

    /// `number,lpinterventionid,businessunit`; of older services the number alone. Blank is none.
    #[must_use]
    pub fn intervention_number(&self) -> Option<&str> {
        self.text("progres_interventionnumber")
            .map(str::trim)
            .filter(|number| !number.is_empty())
    }

    /// Whether the row has a value for this field.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.0
            .expose()
            .get(field)
            .is_some_and(|value| !value.is_null())
    }

    /// What a field says that holds one choice. A list of one is its element.
    #[must_use]
    pub fn choice(&self, field: &str) -> Choice<'_> {
        let value = self.0.expose().get(field).unwrap_or(&Value::Null);
        let elements = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        let mut said: Vec<&str> = Vec::new();
        for element in elements {
            match element {
                Value::Null => {}
                Value::String(word) if word.trim().is_empty() || said.contains(&word.trim()) => {}
                Value::String(word) => said.push(word.trim()),
                _ => return Choice::Unreadable,
            }
        }
        match said[..] {
            [] => Choice::Nothing,
            [word] => Choice::One(word),
            _ => Choice::Several(said),
        }
    }

    /// The text of a field.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.expose().get(field).and_then(Value::as_str)
    }
}

const fn enabled() -> bool {
    true
}

pub(super) fn personal_text<'de, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<Pii<String>>, D::Error> {
    Ok(Option::<String>::deserialize(reader)?.map(Pii::new))
}

fn services<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<Service>, D::Error> {
    let rows = Option::<Vec<Value>>::deserialize(reader)?.unwrap_or_default();
    Ok(rows.into_iter().map(|row| Service(Pii::new(row))).collect())
}
