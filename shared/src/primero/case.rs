//! A case as a look-up shows it: as much as matching needs.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::PrimeroClient;
use super::rows::{Row, text_of};
use crate::domain::ids::{CaseId, CaseRecordId};
use crate::domain::pii::Pii;
use crate::domain::reason::Stop;
use crate::transport::GateError;

/// The fields every look-up asks for.
pub const LOOK_UP_FIELDS: &str = "unhcr_individual_no,case_id,status,module_id,services_section";

/// What decides whether a case is one to work on, and what stands on it.
const DECISIVE: [&str; 4] = ["enabled", "status", "module_id", "services_section"];

/// The fields of a case that is followed by time of change: what every workflow rests on, and what one of them maps.
pub fn change_fields(mapped: &[&str]) -> String {
    [&["case_id", "services_section"], mapped]
        .concat()
        .join(",")
}

/// A Primero case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The id in URLs.
    pub id: CaseRecordId,
    /// The id that PING is told.
    pub case_id: Option<CaseId>,
    /// A disabled case is listed, but is no case to work on.
    pub enabled: bool,
    /// `open`, `closed`, `transferred`, `duplicate`, or what the installation adds.
    pub status: Option<String>,
    /// The module it belongs to, such as `primeromodule-cp`.
    pub module: Option<String>,
    /// The child's number in proGres.
    pub individual_no: Option<Pii<String>>,
    /// The services of the case.
    pub services: Vec<Service>,
    /// Names of the fields that could not be read; they count as absent.
    pub odd: Vec<String>,
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
    /// Whether the case is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.has_status("open")
    }

    /// Whether the case is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.has_status("closed")
    }

    /// Whether the row has no `case_id` at all, as where the role may not read it.
    fn lacks_case_id(&self) -> bool {
        self.case_id.is_none() && !self.odd.iter().any(|field| field == "case_id")
    }

    fn has_status(&self, word: &str) -> bool {
        let status = self.status.as_deref();
        status.is_some_and(|status| status.trim().eq_ignore_ascii_case(word))
    }

    /// The fields that could not be read although it depends on them whether the case is one to work on, and what stands on it.
    #[must_use]
    pub fn undecided(&self) -> Vec<String> {
        let decisive = |field: &&String| DECISIVE.contains(&field.as_str());
        self.odd.iter().filter(decisive).cloned().collect()
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

/// What can be read from a row of a list of cases.
pub trait CaseRow: Sized + AsRef<Case> {
    /// Reads the row; the error names the field without which it is nothing.
    fn read(row: Row) -> Result<Self, &'static str>;
}

impl PrimeroClient {
    /// The rows of a list in which every row must be readable.
    pub(super) fn all_rows<C: CaseRow>(
        &self,
        route: &'static str,
        rows: Vec<Value>,
    ) -> Result<Vec<C>, GateError> {
        let read = |(at, row)| {
            let place = |field| format!("`data[{at}].{field}`");
            C::read(Row::new(row)).map_err(|field| self.transport.unreadable(route, place(field)))
        };
        rows.into_iter().enumerate().map(read).collect()
    }
}

impl CaseRow for Case {
    fn read(mut row: Row) -> Result<Self, &'static str> {
        let case = Self::of(&mut row)?;
        let (_, odd) = row.rest();
        Ok(Self { odd, ..case })
    }
}

impl Case {
    /// Takes what a case is out of a row. What could not be read is still to be asked of the row.
    pub(super) fn of(row: &mut Row) -> Result<Self, &'static str> {
        let id = row.take("id");
        let id = id.as_ref().and_then(Value::as_str);
        let services = row.subform("services_section");
        Ok(Self {
            id: id.and_then(|id| id.parse().ok()).ok_or("id")?,
            case_id: row.text("case_id").map(CaseId::new),
            enabled: row.truth("enabled").unwrap_or(true),
            status: row.text("status"),
            module: row.text("module_id"),
            individual_no: row.text("unhcr_individual_no").map(Pii::new),
            services: services
                .into_iter()
                .map(|row| Service(Pii::new(row)))
                .collect(),
            odd: Vec::new(),
        })
    }
}

/// A field that a role may not read is left out of every row: then nothing can be said of any of them.
pub(super) fn check_case_ids<C: AsRef<Case>>(rows: &[C]) -> Result<(), Stop> {
    if !rows.is_empty() && rows.iter().all(|row| row.as_ref().lacks_case_id()) {
        return Err(Stop::FieldNotReadable("case_id"));
    }
    Ok(())
}

/// A text or a whole number; anything else counts as absent.
pub(super) fn personal_text<'de, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<Pii<String>>, D::Error> {
    let value = Value::deserialize(reader)?;
    Ok(text_of(&value).map(Pii::new))
}

#[cfg(test)]
impl<'de> Deserialize<'de> for Case {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let row = Row::new(Value::deserialize(reader)?);
        Self::read(row).map_err(serde::de::Error::missing_field)
    }
}
