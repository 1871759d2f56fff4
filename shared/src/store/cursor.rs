//! The cursor: how far a source that is followed by time of change has been read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Item, Store, StoreError, text};

/// How far the source has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The latest change that was seen and has a ledger row, with everything before it.
    pub position: Timestamp,
    /// Set while a window is not read to its end: where reading goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Timestamp>,
    /// The run that moved it.
    pub run_id: String,
    /// The fencing number of that run.
    pub fence: u64,
}

impl Store {
    /// The cursor, read consistently; none before the first window.
    pub async fn cursor(&self) -> Result<Option<Cursor>, StoreError> {
        let item = self.read("cursor", "read_cursor").await?;
        item.map(serde_dynamo::from_item)
            .transpose()
            .map_err(|_| StoreError::Unreadable("cursor"))
    }

    /// Moves the cursor. Refused as [`StoreError::Superseded`] when a run with a higher fence has moved it.
    pub async fn put_cursor(&self, cursor: &Cursor) -> Result<(), StoreError> {
        let mut item: Item =
            serde_dynamo::to_item(cursor).map_err(|_| StoreError::Unreadable("cursor"))?;
        item.insert("pk".to_owned(), self.pk());
        item.insert("sk".to_owned(), text("cursor"));
        self.put_fenced(item, cursor.fence, "put_cursor").await
    }
}
