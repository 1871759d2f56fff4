use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use tempfile::TempDir;

use super::*;

/// A folder with the path of a state file in it.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.sqlite");
    (folder, path)
}

async fn make_table(client: Client) -> Result<(), StartError> {
    let hash = KeySchemaElement::builder().attribute_name("pk");
    let key = AttributeDefinition::builder().attribute_name("pk");
    let key = key.attribute_type(ScalarAttributeType::S).build();
    let made = client.create_table().table_name("rows");
    let made = made.billing_mode(BillingMode::PayPerRequest);
    let made = made.attribute_definitions(key.expect("named"));
    let made = made.key_schema(hash.key_type(KeyType::Hash).build().expect("named"));
    match made.send().await {
        Err(error) if error.code() == Some("ResourceInUseException") => return Ok(()),
        made => made.expect("it is made"),
    };
    let ttl = TimeToLiveSpecification::builder().enabled(true);
    let ttl = ttl.attribute_name("ttl").build().expect("named");
    let expires = client.update_time_to_live().table_name("rows");
    let expires = expires.time_to_live_specification(ttl).send().await;
    expires.expect("it is set");
    Ok(())
}

async fn opened(path: &Path) -> Result<EmbeddedDynamoDb, StartError> {
    StateFile::lock(path)?.open(make_table).await
}

async fn put(client: &Client, pk: &str) {
    let row = client.put_item().table_name("rows");
    let row = row.item("pk", AttributeValue::S(pk.to_owned()));
    row.send().await.expect("it is put");
}

async fn count(client: &Client) -> i32 {
    let rows = client.scan().table_name("rows").send().await;
    rows.expect("it answers").count()
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("it is there");
    metadata.permissions().mode() & 0o777
}

#[tokio::test]
async fn a_file_in_use_is_refused_and_free_again_afterwards() {
    let (_folder, path) = place();
    let first = EmbeddedDynamoDb::on_file(&path).await.expect("starts");
    let second = EmbeddedDynamoDb::on_file(&path).await;
    assert!(matches!(second, Err(StartError::InUse(_))), "{second:?}");
    drop(first);
    EmbeddedDynamoDb::on_file(&path)
        .await
        .expect("starts again");
}

#[tokio::test]
async fn rows_whose_time_is_over_are_gone_when_the_file_is_opened_again() {
    let (_folder, path) = place();
    let first = opened(&path).await.expect("starts");
    let client = first.client();
    for (pk, ttl) in [("over", "1000000000"), ("kept", "9000000000")] {
        let row = client.put_item().table_name("rows");
        let row = row.item("pk", AttributeValue::S(pk.to_owned()));
        let row = row.item("ttl", AttributeValue::N(ttl.to_owned()));
        row.send().await.expect("it is put");
    }
    drop(first);
    let again = opened(&path).await.expect("starts");
    let rows = again.client().scan().table_name("rows").send().await;
    let rows = rows.expect("it answers");
    assert_eq!(rows.count(), 1);
    assert_eq!(rows.items()[0]["pk"], AttributeValue::S("kept".to_owned()));
}

#[tokio::test]
async fn it_answers_the_sdk_until_it_is_dropped() {
    let database = EmbeddedDynamoDb::in_memory().await.expect("starts");
    let client = database.client();
    let tables = client.list_tables().send().await.expect("answers");
    assert!(tables.table_names().is_empty());
    drop(database);
    client.list_tables().send().await.expect_err("it has ended");
}

#[tokio::test]
async fn no_port_is_open() {
    let (_folder, path) = place();
    let database = opened(&path).await.expect("starts");
    put(&database.client(), "one").await;
    let links = fs::read_dir("/proc/self/fd").into_iter().flatten();
    let links = links
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok());
    let sockets: Vec<_> = links
        .filter_map(|link| {
            Some(
                link.to_str()?
                    .strip_prefix("socket:[")?
                    .trim_end_matches(']')
                    .to_owned(),
            )
        })
        .collect();
    let listening = fs::read_to_string("/proc/self/net/tcp").unwrap_or_default();
    for line in listening.lines().skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        let ours = sockets.iter().any(|inode| inode == words[9]);
        assert!(!(words[3] == "0A" && ours), "{line}");
    }
}

#[tokio::test]
async fn a_served_one_answers_only_who_knows_its_key_and_asks_no_web_page() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let database = EmbeddedDynamoDb::in_memory().await.expect("starts");
    let served = database.serve().await.expect("a port");
    let (endpoint, key) = (served.endpoint(), served.access_key().to_owned());
    Served::client(&endpoint, &key)
        .list_tables()
        .send()
        .await
        .expect("answers");
    Served::client(&endpoint, "local")
        .list_tables()
        .send()
        .await
        .expect_err("a wrong key");
    let host = endpoint.strip_prefix("http://").expect("plain").to_owned();
    let status = async |more: &str, named: &str| {
        let mut stream = tokio::net::TcpStream::connect(&host).await.expect("open");
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {named}\r\nx-amz-target: DynamoDB_20120810.ListTables\r\nauthorization: AWS4-HMAC-SHA256 \
             Credential={key}/x\r\n{more}connection: close\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        answer.split(' ').nth(1).map(str::to_owned)
    };
    assert_eq!(status("", &host).await.as_deref(), Some("200"));
    let page = status("origin: https://page.example\r\n", &host).await;
    assert_eq!(page.as_deref(), Some("403"));
    let renamed = status("", "page.example").await;
    assert_eq!(renamed.as_deref(), Some("403"));
}

#[tokio::test]
async fn only_its_owner_may_read_a_state_file_and_its_companions() {
    let (folder, path) = place();
    // One of an earlier release.
    drop(opened(&path).await.expect("starts"));
    for file in [&path, &folder.path().join("state.sqlite.lock")] {
        fs::set_permissions(file, Permissions::from_mode(0o644)).expect("ours");
    }
    let state = opened(&path).await.expect("starts");
    put(&state.client(), "one").await;
    let backup = folder.path().join("backup.sqlite");
    state.back_up(&backup).expect("a copy");
    let files = fs::read_dir(folder.path()).expect("a folder");
    let files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    assert!(files.iter().any(|file| file.ends_with("state.sqlite-wal")));
    for file in &files {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_lock_file_that_is_a_link_is_refused_and_what_it_shows_stays() {
    let (folder, path) = place();
    let target = folder.path().join("precious");
    fs::write(&target, "kept").expect("ours");
    symlink(&target, folder.path().join("state.sqlite.lock")).expect("ours");
    let refused = EmbeddedDynamoDb::on_file(&path).await;
    assert!(matches!(refused, Err(StartError::NoFile(_))), "{refused:?}");
    assert_eq!(fs::read_to_string(&target).expect("there"), "kept");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let path = PathBuf::from("/nowhere/state.sqlite");
    let error = EmbeddedDynamoDb::on_file(&path).await.expect_err("refused");
    assert!(
        error.to_string().contains("/nowhere/state.sqlite"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_gets_its_name_only_when_its_table_is_complete() {
    let (folder, path) = place();
    let killed = async |_: Client| Err(StartError::NoFile("killed".into()));
    let lock = StateFile::lock(&path).expect("free");
    lock.open(killed).await.expect_err("killed");
    assert!(!path.exists(), "no half of it is left");
    fs::write(
        folder.path().join("state.sqlite.new"),
        "what a killed process left",
    )
    .expect("ours");
    let state = opened(&path).await.expect("starts");
    put(&state.client(), "one").await;
    assert!(!folder.path().join("state.sqlite.new").exists());
}

/// Drops what makes a table whole, as a process leaves it that is killed while it makes one.
fn halve(path: &Path) {
    let file = rusqlite::Connection::open(path).expect("a database");
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%rows'";
    let name: String = file
        .query_row(names, [], |row| row.get(0))
        .expect("the table of the rows");
    file.execute_batch(&format!("DROP TABLE \"{name}\""))
        .expect("it is dropped");
}

#[tokio::test]
async fn a_half_made_file_without_rows_is_made_anew() {
    let (_folder, path) = place();
    drop(opened(&path).await.expect("starts"));
    halve(&path);
    let state = opened(&path).await.expect("it is made anew");
    put(&state.client(), "one").await;
    assert_eq!(count(&state.client()).await, 1);
}

#[tokio::test]
async fn a_file_with_rows_is_never_made_anew() {
    let (_folder, path) = place();
    let state = opened(&path).await.expect("starts");
    put(&state.client(), "one").await;
    drop(state);
    let state = opened(&path).await.expect("starts");
    assert_eq!(count(&state.client()).await, 1);
}

#[tokio::test]
async fn an_officer_reads_beside_a_process_that_works() {
    let (_folder, path) = place();
    let works = opened(&path).await.expect("starts");
    put(&works.client(), "one").await;
    let officer = EmbeddedDynamoDb::beside(&path).expect("opens");
    assert_eq!(count(&officer.client()).await, 1);
    put(&works.client(), "two").await;
    assert_eq!(count(&officer.client()).await, 2);
    drop(officer);
    put(&works.client(), "three").await;
    let missing = EmbeddedDynamoDb::beside(&path.with_extension("none"));
    assert!(matches!(missing, Err(StartError::Missing(_))));
}

#[tokio::test]
async fn a_backup_has_what_a_killed_process_left_in_its_log() {
    let (folder, path) = place();
    let works = opened(&path).await.expect("starts");
    put(&works.client(), "one").await;
    // As it stands on disk while the process lives: the rows are in the companion alone.
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("ours");
    for ending in ["", "-wal"] {
        let name = format!("state.sqlite{ending}");
        fs::copy(folder.path().join(&name), elsewhere.join(&name)).expect("copied");
    }
    let killed = EmbeddedDynamoDb::beside(&elsewhere.join("state.sqlite")).expect("opens");
    let backup = folder.path().join("backup.sqlite");
    killed.back_up(&backup).expect("a copy");
    let again = killed.back_up(&backup);
    assert!(matches!(again, Err(StartError::Exists(_))), "{again:?}");

    let (_other, restored) = place();
    let lock = StateFile::lock(&restored).expect("free");
    assert_eq!(lock.restore(&backup, false).expect("restored"), None);
    let state = opened(&restored).await.expect("starts");
    assert_eq!(count(&state.client()).await, 1);
}

#[tokio::test]
async fn a_ledger_with_rows_is_overwritten_only_on_request_and_is_kept_beside() {
    let (folder, path) = place();
    let state = opened(&path).await.expect("starts");
    let backup = folder.path().join("backup.sqlite");
    state.back_up(&backup).expect("a copy");
    put(&state.client(), "since").await;
    let in_use = StateFile::lock(&path);
    assert!(matches!(in_use, Err(StartError::InUse(_))));
    drop(state);

    let refused = StateFile::lock(&path)
        .expect("free")
        .restore(&backup, false);
    assert!(
        matches!(refused, Err(StartError::NotEmpty(_))),
        "{refused:?}"
    );
    let lock = StateFile::lock(&path).expect("free");
    let kept = lock.restore(&backup, true).expect("restored");
    let state = opened(&path).await.expect("starts");
    assert_eq!(count(&state.client()).await, 0);
    let kept = EmbeddedDynamoDb::beside(&kept.expect("it is kept")).expect("opens");
    assert_eq!(count(&kept.client()).await, 1);
}

#[tokio::test]
async fn what_is_no_backup_replaces_nothing() {
    let (folder, path) = place();
    drop(opened(&path).await.expect("starts"));
    let wrong = folder.path().join("wrong");
    fs::write(&wrong, "no database").expect("ours");
    for backup in [wrong.clone(), folder.path().join("none")] {
        let lock = StateFile::lock(&path).expect("free");
        lock.restore(&backup, true).expect_err("refused");
        drop(opened(&path).await.expect("as before"));
    }
}
