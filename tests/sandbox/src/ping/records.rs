//! The records of an ingestion call, read strictly.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::Ping;
use super::body::{Body, Refusal};
use super::state::Received;

/// The records of `Data`, each checked by itself.
pub(super) fn records(
    ping: &Ping,
    body: &Body<'_>,
    fields: &[&str],
    asynchronous: bool,
    transaction: Uuid,
) -> Result<Vec<Received>, Refusal> {
    let data = body.list("Data")?;
    if data.is_empty() {
        return Err(body.fault("Data", "holds no record"));
    }
    let mut known = vec!["ExternalId", "Attachments", "Fields"];
    if asynchronous {
        known.push("ExternalGUID");
    }
    data.iter()
        .enumerate()
        .map(|(place, value)| {
            let record = Body::of_value(value, format!("request.Data[{place}]"), &known)?;
            let external_guid = if asynchronous {
                Some(record.text("ExternalGUID")?.to_owned())
            } else {
                None
            };
            Ok(Received {
                transaction,
                external_id: record.text("ExternalId")?.to_owned(),
                external_guid,
                fields: read_fields(&record, place, fields)?,
                attachments: read_attachments(&record, place)?,
                received_at: ping.now(),
                applied: true,
                referral: None,
            })
        })
        .collect()
}

fn read_fields(
    record: &Body<'_>,
    place: usize,
    known: &[&str],
) -> Result<BTreeMap<String, Option<String>>, Refusal> {
    let mut fields = BTreeMap::new();
    for (index, value) in record.list("Fields")?.iter().enumerate() {
        let place = format!("request.Data[{place}].Fields[{index}]");
        let field = Body::of_value(value, place, &["Name", "Value"])?;
        let name = field.text("Name")?;
        if !known.contains(&name) {
            return Err(field.fault("Name", &format!("{name} is not a field of this process")));
        }
        let value = field.text_or_null("Value")?.map(str::to_owned);
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(field.fault("Name", &format!("{name} is given twice")));
        }
    }
    Ok(fields)
}

fn read_attachments(record: &Body<'_>, place: usize) -> Result<Vec<String>, Refusal> {
    record
        .list("Attachments")?
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let place = format!("request.Data[{place}].Attachments[{index}]");
            let attachment = Body::of_value(value, place, &["Comment"])?;
            Ok(attachment.text("Comment")?.to_owned())
        })
        .collect()
}
