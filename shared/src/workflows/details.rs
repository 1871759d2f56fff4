//! The details of records that proGres lists: which row belongs to which record, and what of it cannot be read.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use crate::domain::reason::Reason;
use crate::engine::{BatchResult, CallError, Fault};
use crate::progres::{Details, Row};
use crate::transport::GateError;

/// How the detail rows of a workflow name their record.
pub struct Naming<'t, I> {
    /// The keys that may hold the record's id; the first is the one that mapping reads.
    pub keys: &'static [&'static str],
    /// The record that a row names by its id.
    pub id_of: fn(&Row) -> Option<I>,
    /// The number that a row gives its record, which may stand in for the id.
    pub number_of: fn(&Row) -> Option<String>,
    /// The keys that are mapped as text.
    pub texts: &'t [&'t str],
}

/// A record whose details are asked for.
#[derive(Clone, Debug)]
pub struct Wanted<I> {
    /// Its id; none for a key that is no id.
    pub id: Option<I>,
    /// The number that the list gave it.
    pub number: Option<String>,
}

/// What was found of one record.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    /// Names of fields that cannot be read.
    unreadable: BTreeSet<String>,
}

/// The detail rows of each record asked for, in the order asked.
///
/// A row without an id belongs to the record that has its number in the list, or, in a request for one record, to that one; so where
/// nothing tells whose a row is, the records of that request are asked for one by one. A record without rows is tried again later, one
/// with a row that cannot be read is held, and a row of a record that was not asked for is left out.
pub async fn read<I: Copy + Eq + Hash + ToString>(
    wanted: &[Wanted<I>],
    naming: &Naming<'_, I>,
    ask: impl AsyncFn(&[I]) -> Result<Details<'_, I>, GateError>,
) -> BatchResult<Vec<Row>> {
    let ids: Vec<I> = wanted.iter().filter_map(|one| one.id).collect();
    let mut answers: HashMap<I, Result<Found, Fault>> = HashMap::new();
    let mut unclear: Vec<I> = Vec::new();
    for (part, answer) in ask(&ids).await? {
        match answer.map_err(CallError::from) {
            Ok(rows) => match naming.sorted(rows, part, wanted) {
                Some(found) => answers.extend(found.into_iter().map(|(id, one)| (id, Ok(one)))),
                None => unclear.extend(part),
            },
            Err(CallError::Record(fault)) if part.len() == ids.len() => return Err(fault.into()),
            Err(CallError::Record(fault)) => {
                answers.extend(part.iter().map(|id| (*id, Err(fault.clone()))));
            }
            Err(stop @ CallError::Run(_)) => return Err(stop),
        }
    }
    for id in unclear {
        let answer = alone(id, wanted, naming, &ask).await?;
        answers.insert(id, answer);
    }
    let details = |one: &Wanted<I>| {
        let found = one.id.and_then(|id| answers.remove(&id));
        found.unwrap_or_else(|| Ok(Found::default()))?.finish()
    };
    Ok(wanted.iter().map(details).collect())
}

async fn alone<I: Copy + Eq + Hash + ToString>(
    id: I,
    wanted: &[Wanted<I>],
    naming: &Naming<'_, I>,
    ask: impl AsyncFn(&[I]) -> Result<Details<'_, I>, GateError>,
) -> Result<Result<Found, Fault>, CallError> {
    let mut all = Found::default();
    for (part, answer) in ask(&[id]).await? {
        match answer.map_err(CallError::from) {
            Ok(rows) => {
                let mut found = naming.sorted(rows, part, wanted).unwrap_or_default();
                let found = found.remove(&id).unwrap_or_default();
                all.rows.extend(found.rows);
                all.unreadable.extend(found.unreadable);
            }
            Err(CallError::Record(fault)) => return Ok(Err(fault)),
            Err(stop @ CallError::Run(_)) => return Err(stop),
        }
    }
    Ok(Ok(all))
}

impl Found {
    fn finish(self) -> Result<Vec<Row>, Fault> {
        if !self.unreadable.is_empty() {
            let fields = self.unreadable.into_iter().collect();
            return Err(Fault::hold(Reason::UnreadableRecord, fields));
        }
        if self.rows.is_empty() {
            return Err(Fault::retry(Reason::DetailsMissing));
        }
        Ok(self.rows)
    }
}

impl<I: Copy + Eq + Hash + ToString> Naming<'_, I> {
    /// The rows of a request by their record; none if nothing tells whose one of them is.
    fn sorted(
        &self,
        rows: Vec<Row>,
        part: &[I],
        wanted: &[Wanted<I>],
    ) -> Option<HashMap<I, Found>> {
        let mut sorted: HashMap<I, Found> = HashMap::new();
        for row in rows {
            let Owner { id, unreadable } = self.owner(&row, part, wanted);
            let id = match (id, part) {
                (Some(id), _) => id,
                (None, [one]) if self.may_be_of(&row, *one, wanted) => *one,
                (None, [_]) => {
                    tracing::warn!("a detail row of another record was left out");
                    continue;
                }
                (None, _) => return None,
            };
            let found = sorted.entry(id).or_default();
            found
                .unreadable
                .extend(unreadable.then(|| self.keys[0].to_owned()));
            found.unreadable.extend(row.unreadable().iter().cloned());
            let texts = self.texts.iter().filter(|key| !self.keys.contains(key));
            let odd = texts.filter(|key| row.is_of_another_type(key));
            found.unreadable.extend(odd.map(|key| (*key).to_owned()));
            found.rows.push(row.with(self.keys[0], id.to_string()));
        }
        Some(sorted)
    }

    fn owner(&self, row: &Row, part: &[I], wanted: &[Wanted<I>]) -> Owner<I> {
        if let Some(id) = (self.id_of)(row) {
            return Owner {
                id: Some(id),
                unreadable: false,
            };
        }
        let says_something = |key: &&str| row.id(key).is_some() || row.is_of_another_type(key);
        if self.keys.iter().any(says_something) {
            return Owner {
                id: None,
                unreadable: true,
            };
        }
        let number = (self.number_of)(row).map(|number| spelt_alike(&number));
        let has_it = |one: &&Wanted<I>| {
            let in_part = one.id.is_some_and(|id| part.contains(&id));
            in_part && number.is_some() && one.number.as_deref().map(spelt_alike) == number
        };
        let mut owners = wanted.iter().filter(has_it).filter_map(|one| one.id);
        let id = owners.next().filter(|_| owners.next().is_none());
        Owner {
            id,
            unreadable: false,
        }
    }

    /// Whether nothing says that a row is another record's.
    fn may_be_of(&self, row: &Row, id: I, wanted: &[Wanted<I>]) -> bool {
        let one = wanted.iter().find(|one| one.id == Some(id));
        let listed = one.and_then(|one| one.number.as_deref()).map(spelt_alike);
        let given = (self.number_of)(row).map(|number| spelt_alike(&number));
        listed.is_none() || given.is_none() || listed == given
    }
}

/// Whose a row is, by what it says itself.
struct Owner<I> {
    id: Option<I>,
    /// Whether it has an id that cannot be read.
    unreadable: bool,
}

fn spelt_alike(number: &str) -> String {
    number.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::ids::InterventionId;

    const ONE: &str = "68b20e2a-4879-ee11-8179-000d3a43f6eb";
    const OTHER: &str = "82698a1d-aa24-ee11-9cbc-0022488b6523";

    const NAMING: Naming<InterventionId> = Naming {
        keys: &["id"],
        id_of: |row| row.id("id")?.parse().ok(),
        number_of: |row| row.text("number"),
        texts: &["id", "name"],
    };

    fn id(text: &str) -> InterventionId {
        text.parse().expect("a GUID")
    }

    fn row(fields: Value) -> Row {
        match fields {
            Value::Object(fields) => Row::new(fields),
            other => panic!("{other} is no row"),
        }
    }

    /// Asks for both; `rows` are what PING has of the ids in a request. Answers the details and the requests made.
    async fn both(
        numbers: [Option<&str>; 2],
        rows: impl Fn(&[InterventionId]) -> Result<Vec<Row>, GateError>,
    ) -> (BatchResult<Vec<Row>>, Vec<usize>) {
        let wanted = [ONE, OTHER].into_iter().zip(numbers);
        let wanted: Vec<_> = wanted
            .map(|(one, number)| Wanted {
                id: Some(id(one)),
                number: number.map(str::to_owned),
            })
            .collect();
        let asked = RefCell::new(Vec::new());
        let details = read(&wanted, &NAMING, async |ids: &[InterventionId]| {
            asked.borrow_mut().push(ids.len());
            Ok(vec![(ids, rows(ids))])
        });
        (details.await, asked.take())
    }

    fn counts(details: &BatchResult<Vec<Row>>) -> Vec<Result<usize, Fault>> {
        let details = details.as_ref().expect("no trouble for all");
        let of_each = details.iter().cloned();
        of_each.map(|rows| rows.map(|rows| rows.len())).collect()
    }

    fn missing() -> Fault {
        Fault::retry(Reason::DetailsMissing)
    }

    fn held(field: &str) -> Fault {
        Fault::hold(Reason::UnreadableRecord, vec![field.to_owned()])
    }

    #[tokio::test]
    async fn rows_go_to_their_record_and_a_record_without_rows_is_tried_again() {
        let (details, asked) = both([None, None], |_| Ok(vec![row(json!({ "id": ONE }))])).await;

        assert_eq!(counts(&details), [Ok(1), Err(missing())]);
        assert_eq!(asked, [2]);
    }

    #[tokio::test]
    async fn a_row_without_an_id_belongs_to_the_record_that_has_its_number_in_the_list() {
        let rows = |_: &[InterventionId]| {
            let row = |number: &str| row(json!({ "number": number }));
            Ok(vec![row("N-2"), row("n-1 "), row("N-2")])
        };
        let (details, asked) = both([Some("N-1"), Some("N-2")], rows).await;

        assert_eq!(counts(&details), [Ok(1), Ok(2)]);
        assert_eq!(asked, [2]);
        let details = details.expect("no trouble for all");
        let first = details[0].as_ref().expect("it has rows");
        assert_eq!(first[0].text("id").as_deref(), Some(ONE));
    }

    #[tokio::test]
    async fn where_nothing_tells_whose_a_row_is_the_records_are_asked_for_one_by_one() {
        let nameless =
            |ids: &[InterventionId]| Ok(ids.iter().map(|_| row(json!({ "name": "x" }))).collect());
        for numbers in [[None, None], [Some("N-1"), Some("N-1")]] {
            let (details, asked) = both(numbers, nameless).await;
            assert_eq!(counts(&details), [Ok(1), Ok(1)], "{numbers:?}");
            assert_eq!(asked, [2, 1, 1]);
        }
    }

    #[tokio::test]
    async fn a_row_of_another_record_is_left_out_even_of_a_request_for_one() {
        let rows = |ids: &[InterventionId]| {
            Ok(match ids {
                [one] if *one == id(ONE) => {
                    vec![row(json!({ "number": "N-7" })), row(json!({ "id": OTHER }))]
                }
                _ => vec![row(json!({ "name": "x" }))],
            })
        };
        let (details, _) = both([Some("N-1"), Some("N-2")], rows).await;

        assert_eq!(counts(&details), [Err(missing()), Ok(1)]);
    }

    #[tokio::test]
    async fn what_cannot_be_read_holds_its_record_alone() {
        let rows = |ids: &[InterventionId]| {
            let odd = row(json!({ "id": "soon" }));
            let typed = row(json!({ "id": ONE, "name": ["x", "y"] }));
            Ok(match ids {
                [one] if *one == id(OTHER) => vec![odd],
                [_] => vec![typed],
                _ => vec![typed, odd],
            })
        };
        let (details, _) = both([None, None], rows).await;

        assert_eq!(counts(&details), [Err(held("name")), Err(held("id"))]);
    }

    #[tokio::test]
    async fn a_failed_part_is_its_own_records_fault_and_a_failed_whole_is_everybodys() {
        let wanted = [ONE, OTHER].map(|text| Wanted {
            id: Some(id(text)),
            number: None,
        });
        let halves = read(&wanted, &NAMING, async |ids: &[InterventionId]| {
            let (one, other) = ids.split_at(1);
            let rows = vec![row(json!({ "id": OTHER }))];
            Ok(vec![
                (one, Err(GateError::Reported(None))),
                (other, Ok(rows)),
            ])
        });
        let halves = counts(&halves.await);
        assert!(halves[0].is_err());
        assert_eq!(halves[1], Ok(1));

        let (whole, _) = both([None, None], |_| Err(GateError::Reported(None))).await;
        assert!(matches!(whole, Err(CallError::Record(_))));
    }
}
