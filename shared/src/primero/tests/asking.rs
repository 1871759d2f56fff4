//! What is asked for together, what alone and what not at all; how long a request may be; who is blamed when one fails.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use wiremock::{Request, Respond};

use super::*;
use crate::domain::ids::CaseId;

/// A Primero with these cases that casts, cuts and fails as the real one does.
#[derive(Clone, Default)]
struct Book {
    cases: Vec<Value>,
    /// Requests that name this value get this status.
    fails_on: Option<(String, u16)>,
    /// Every look-up gets this status.
    fails: Arc<Mutex<Option<u16>>>,
    /// Looks up nothing.
    blind: bool,
}

impl Book {
    fn of(numbers: &[&str]) -> Self {
        let cases = (1..).zip(numbers).map(|(n, number)| {
            json!({
                "id": id(n),
                "case_id": id(1000 + n),
                "enabled": true,
                "status": "open",
                "unhcr_individual_no": number,
            })
        });
        Self {
            cases: cases.collect(),
            ..Self::default()
        }
    }

    /// Serves, with a client whose control entry is chosen.
    async fn open(self) -> (PrimeroClient, MockServer) {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(path("/api/v2/cases"))
            .respond_with(self)
            .mount(&server)
            .await;
        let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
        client.choose_control(false).await.unwrap();
        (client, server)
    }

    fn matches(case: &Value, name: &str, value: &str) -> bool {
        let field = name.rsplit('[').next().unwrap_or_default();
        let field = field.trim_end_matches(']');
        let text = case[field].as_str().unwrap_or_default();
        match name {
            "id" => value.split(',').any(|id| id == text),
            _ if value.contains(['"', '\\']) => false,
            _ if !name.starts_with("or[") => text == value,
            _ if value.bytes().all(|byte| byte.is_ascii_digit()) => false,
            _ => value.split(',').any(|part| part == text),
        }
    }
}

impl Respond for Book {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let status = |status: u16| ResponseTemplate::new(status);
        let pairs: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
        let is_filter = |name: &str| {
            name.starts_with("or[") || ["id", "case_id", "unhcr_individual_no"].contains(&name)
        };
        let filters: Vec<_> = pairs.iter().filter(|(name, _)| is_filter(name)).collect();
        if filters.is_empty() {
            return page(&self.cases, self.cases.len());
        }
        if line(request).len() >= 1024 {
            return status(414);
        }
        if filters.len() > 5 {
            return status(504);
        }
        if let Some(code) = *self.fails.lock().unwrap() {
            return status(code);
        }
        if let Some((bad, code)) = &self.fails_on
            && filters.iter().any(|(_, value)| value.contains(bad))
        {
            return status(*code);
        }
        let asked = |case: &&Value| {
            let mut filters = filters.iter();
            !self.blind && filters.any(|(name, value)| Self::matches(case, name, value))
        };
        let rows: Vec<Value> = self.cases.iter().filter(asked).cloned().collect();
        page(&rows, rows.len())
    }
}

fn id(n: usize) -> String {
    format!("aaaaaaaa-0000-4000-8000-{n:012}")
}

fn line(request: &Request) -> String {
    let query = request.url.query().unwrap_or_default();
    format!("GET {}?{query} HTTP/1.1", request.url.path())
}

fn entries(request: &Request) -> usize {
    let pairs = request.url.query_pairs();
    pairs.filter(|(name, _)| name.starts_with("or[")).count()
}

async fn found(client: &PrimeroClient, texts: &[&str]) -> Vec<Result<usize, GateError>> {
    let numbers: Vec<_> = texts.iter().map(|text| number(text)).collect();
    let asked: Vec<_> = numbers.iter().collect();
    let found = client.cases_by_individual_no(&asked).await.unwrap();
    let of = |number| found.of(number).map(<[_]>::len);
    numbers.iter().map(of).collect()
}

fn unreadable() -> GateError {
    GateError::UnreadableRecord {
        system: System::Primero,
        route: "look up cases",
        place: "`unhcr_individual_no`".to_owned(),
    }
}

#[tokio::test]
async fn no_request_is_longer_or_asks_for_more_than_primero_takes() {
    let numbers: Vec<String> = (0..120)
        .map(|n| format!("803-{n:04}-{}", "x".repeat(n * 2)))
        .collect();
    let texts: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let (mut client, server) = Book::of(&texts).open().await;
    // As an old profile may have it.
    client.settings.look_up_batch = 150;
    client.settings.verify_batch = 150;

    let by_number = found(&client, &texts).await;
    let ids: Vec<CaseRecordId> = (1..=120).map(|n| id(n).parse().unwrap()).collect();
    let by_id = client.cases_by_id(&ids).await.unwrap();
    let case_ids: Vec<CaseId> = (1..=120).map(|n| CaseId::new(id(1000 + n))).collect();
    let by_case_id = client.cases_by_case_id(&case_ids).await.unwrap();

    assert_eq!(by_number, vec![Ok(1); 120]);
    assert!(ids.iter().all(|id| by_id.one(id).unwrap().is_some()));
    assert!(
        case_ids
            .iter()
            .all(|id| by_case_id.one(id).unwrap().is_some())
    );
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| line(request).len() <= 900));
    assert!(requests.iter().all(|request| entries(request) <= 5));
    // Thirty calls by case id, seven by id, and by number as many as their lengths demand.
    assert!(requests.len() < 30 + 7 + 60, "{}", requests.len());
}

#[tokio::test]
async fn a_number_longer_than_any_request_is_the_fault_of_that_record() {
    let long = "9-".repeat(500);
    let (client, _server) = Book::of(&["803-1", "803-2"]).open().await;

    let answers = found(&client, &[&long, "803-2"]).await;

    assert_eq!(answers, [Err(unreadable()), Ok(1)]);
}

#[tokio::test]
async fn what_the_server_casts_is_asked_for_by_itself_and_found() {
    let (client, server) = Book::of(&["803-1", "200000907", "803-1..803-9", "803-1,803-2"])
        .open()
        .await;

    let asked = ["803-1", "200000907", "803-1..803-9", "803-1,803-2", "55"];
    let answers = found(&client, &asked).await;

    assert_eq!(answers, [Ok(1), Ok(1), Ok(1), Ok(1), Ok(0)]);
    let requests = server.received_requests().await.unwrap();
    let alone = requests.iter().filter(|request| {
        request
            .url
            .query_pairs()
            .any(|(name, _)| name == "unhcr_individual_no")
    });
    assert_eq!(alone.count(), 4);
}

#[tokio::test]
async fn a_number_that_no_filter_finds_is_unreadable_and_delays_nobody() {
    let (client, _server) = Book::of(&["803-1", "803-2"]).open().await;

    let asked = [
        "803-\"2",
        "803\\2",
        "803\u{0}",
        "2026-11-28",
        "803-2",
        "803-3",
    ];
    let answers = found(&client, &asked).await;

    let held = || Err(unreadable());
    assert_eq!(answers, [held(), held(), held(), held(), Ok(1), Ok(0)]);
}

#[tokio::test]
async fn the_control_entry_is_one_that_can_be_asked_for_beside_others() {
    let (client, _server) = Book::of(&["200000907", "803-\"1", "2026-11-28", "803-1,2", "803-7"])
        .open()
        .await;

    let control = client.control().await.unwrap();

    assert_eq!(control.individual_no, number("803-7"));
}

#[tokio::test]
async fn where_every_number_is_all_digits_the_control_entry_is_asked_for_by_itself() {
    let (client, _server) = Book::of(&["200000907", "200000908"]).open().await;
    let answers = found(&client, &["200000908", "803-1", "5"]).await;
    assert_eq!(answers, [Ok(1), Ok(0), Ok(0)]);

    let book = Book {
        blind: true,
        ..Book::of(&["200000907"])
    };
    let (client, _server) = book.open().await;
    for text in ["803-1", "5"] {
        let asked = number(text);
        let answer = client.cases_by_individual_no(&[&asked]).await;
        assert_eq!(stop(answer), Stop::ControlMissing, "{text}");
    }
}

#[tokio::test]
async fn the_record_on_which_a_look_up_fails_stands_alone() {
    let all = [
        "803-1", "803-2", "803-3", "803-4", "803-5", "803-6", "803-7",
    ];
    for (status, error) in [
        (400, None),
        (414, None),
        (500, Some(GateError::FailsOnRecord(System::Primero))),
        (502, Some(GateError::FailsOnRecord(System::Primero))),
        (504, Some(GateError::FailsOnRecord(System::Primero))),
    ] {
        let book = Book {
            fails_on: Some(("803-5".to_owned(), status)),
            ..Book::of(&all)
        };
        let (client, _server) = book.open().await;

        let answers = found(&client, &all).await;

        let refused = GateError::Refused {
            system: System::Primero,
            status,
            fields: Vec::new(),
        };
        let mut expected = vec![Ok(1); 7];
        expected[4] = Err(error.unwrap_or(refused));
        assert_eq!(answers, expected, "{status}");
    }
}

#[tokio::test]
async fn a_system_that_fails_on_the_control_entry_too_is_down_and_blames_nobody() {
    for (status, most_calls) in [(400, 40), (414, 40), (500, 8), (502, 8), (504, 8)] {
        let book = Book::of(&["803-1", "803-2", "803-3", "803-4", "803-5", "803-6"]);
        let fails = Arc::clone(&book.fails);
        let (client, server) = book.open().await;
        *fails.lock().unwrap() = Some(status);

        let answers = found(&client, &["803-2", "803-3", "803-4", "803-5", "803-6"]).await;

        let down = GateError::Unavailable(System::Primero);
        assert_eq!(answers, vec![Err(down); 5], "{status}");
        let calls = server.received_requests().await.unwrap().len();
        assert!(calls <= most_calls, "{status}: {calls} calls");
    }
}

#[tokio::test]
async fn a_busy_primero_is_asked_again_and_nobody_is_blamed() {
    let book = Book::of(&["803-1", "803-2"]);
    let fails = Arc::clone(&book.fails);
    let (client, server) = book.open().await;
    *fails.lock().unwrap() = Some(503);

    let answers = found(&client, &["803-2"]).await;

    assert_eq!(answers, [Err(GateError::Unavailable(System::Primero))]);
    assert_eq!(server.received_requests().await.unwrap().len(), 1 + 4);
}

#[tokio::test]
async fn a_case_id_that_several_cases_have_shows_them_all() {
    let mut book = Book::of(&["803-1", "803-2"]);
    let shared = book.cases[0]["case_id"].clone();
    book.cases[1]["case_id"] = shared.clone();
    let (client, _server) = book.open().await;

    let asked = CaseId::new(shared.as_str().unwrap());
    let found = client.cases_by_case_id(std::slice::from_ref(&asked)).await;

    let found = found.unwrap();
    let ids: HashSet<_> = found
        .of(&asked)
        .unwrap()
        .iter()
        .map(|case| case.id)
        .collect();
    assert_eq!(ids.len(), 2);
}
