//! Cases that changed in a window: none is missed, and none comes twice in the same version.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::*;

/// The first second of the window.
const FROM: &str = "2026-11-01T10:00:00Z";

fn at(seconds: i64, milliseconds: i64) -> Timestamp {
    let from: Timestamp = FROM.parse().unwrap();
    from + SignedDuration::from_secs(seconds) + SignedDuration::from_millis(milliseconds)
}

fn saved_at(bridge: &Bridge, moment: Timestamp) -> CaseRecordId {
    let time = moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let mut case = child("803-1");
    case["created_at"] = json!(time);
    case["last_updated_at"] = json!(time);
    bridge.insert(case)
}

/// Every page of the window, `per` rows each; how often each case came, and the last second of each page.
async fn walk(
    bridge: &Bridge,
    to: Timestamp,
    per: usize,
) -> (BTreeMap<CaseRecordId, usize>, Vec<Timestamp>) {
    let mut changes = bridge.client.changed_cases(at(0, 0), to, &[]);
    changes.per = per;
    let (mut seen, mut reached) = (BTreeMap::new(), Vec::new());
    while let Some(page) = changes.next().await.unwrap() {
        for row in page.cases {
            *seen.entry(row.case.id).or_default() += 1;
        }
        reached.extend(page.reached);
    }
    (seen, reached)
}

fn row(n: u8, changed_at: &str) -> Value {
    json!({
        "id": format!("aaaaaaaa-0000-4000-8000-0000000000{n:02}"),
        "case_id": format!("case-{n}"),
        "enabled": true,
        "last_updated_at": changed_at,
    })
}

#[tokio::test]
async fn every_case_of_the_window_comes_once_and_in_order() {
    let bridge = Bridge::start().await;
    let before = saved_at(&bridge, at(-1, 999));
    let inside: Vec<_> = (0..23)
        .map(|n| saved_at(&bridge, at(n / 2, 7 * n)))
        .collect();
    let after = saved_at(&bridge, at(12, 0));

    for per in [3, 4, 7, 23, 1000] {
        let (seen, reached) = walk(&bridge, at(11, 0), per).await;
        assert_eq!(seen.len(), inside.len(), "{per}");
        assert!(seen.values().all(|times| *times == 1), "{per}");
        assert!(!seen.contains_key(&before) && !seen.contains_key(&after));
        assert!(reached.is_sorted(), "{per}");
        assert_eq!(reached.last(), Some(&at(11, 0)), "{per}");
    }
}

#[tokio::test]
async fn both_ends_of_the_window_are_whole_seconds_and_included() {
    let bridge = Bridge::start().await;
    let first = saved_at(&bridge, at(0, 0));
    let last = saved_at(&bridge, at(5, 999));
    saved_at(&bridge, at(6, 0));

    let mut changes = bridge.client.changed_cases(at(0, 500), at(5, 100), &[]);
    let page = changes.next().await.unwrap().unwrap();

    let ids: Vec<_> = page.cases.iter().map(|row| row.case.id).collect();
    assert_eq!(ids, [first, last]);
    assert_eq!(page.reached, Some(at(5, 0)));
    assert!(changes.next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_second_that_fills_pages_by_itself_is_counted_through() {
    let bridge = Bridge::start().await;
    let early = saved_at(&bridge, at(0, 0));
    let crowd: Vec<_> = (0..10).map(|n| saved_at(&bridge, at(3, n))).collect();
    let late = saved_at(&bridge, at(4, 0));

    for per in [2, 3, 5, 9, 10, 11] {
        let (seen, _) = walk(&bridge, at(60, 0), per).await;
        let all = crowd.iter().chain([&early, &late]);
        assert!(
            all.clone().all(|id| seen.get(id) == Some(&1)),
            "{per}: {seen:?}"
        );
        assert_eq!(seen.len(), 12, "{per}");
    }
}

#[tokio::test]
async fn fifteen_hundred_cases_of_one_second_come_all() {
    let bridge = Bridge::start().await;
    for n in 0..1500 {
        saved_at(&bridge, at(2, n % 1000));
    }
    let late = saved_at(&bridge, at(9, 0));

    let (seen, _) = walk(&bridge, at(60, 0), super::super::listing::PAGE).await;

    assert_eq!(seen.len(), 1501);
    assert!(seen.contains_key(&late));
}

#[tokio::test]
async fn a_full_second_at_the_end_of_the_window_ends_it() {
    let bridge = Bridge::start().await;
    for n in 0..4 {
        saved_at(&bridge, at(3, n));
    }

    let (seen, reached) = walk(&bridge, at(3, 0), 2).await;

    assert_eq!(seen.len(), 4);
    assert_eq!(reached.last(), Some(&at(3, 0)));
}

#[tokio::test]
async fn a_case_that_moves_while_we_page_is_not_missed_and_skips_nobody() {
    let bridge = Bridge::start().await;
    let ids: Vec<_> = (0..9).map(|n| saved_at(&bridge, at(n, 0))).collect();
    let mut changes = bridge.client.changed_cases(at(0, 0), at(100, 0), &[]);
    changes.per = 3;
    let mut seen = Vec::new();
    while let Some(page) = changes.next().await.unwrap() {
        seen.extend(page.cases.iter().map(|row| row.case.id));
        if seen.len() == 3 {
            // With counted pages the fourth case would now be skipped.
            bridge.sandbox.primero.stop_clock_at(at(50, 0));
            let moved = ids[0].to_string();
            let change = json!({ "name_first": "Ayan" });
            bridge
                .sandbox
                .primero
                .worker_updates_case(&moved, change)
                .unwrap();
        }
    }

    assert!(ids.iter().all(|id| seen.contains(id)));
    assert_eq!(seen.iter().filter(|id| **id == ids[0]).count(), 2);
}

#[tokio::test]
async fn disabled_cases_are_left_out() {
    let bridge = Bridge::start().await;
    let id = saved_at(&bridge, at(1, 0));
    bridge.sandbox.primero.stop_clock_at(at(2, 0));
    bridge
        .sandbox
        .primero
        .disable_case(&id.to_string())
        .unwrap();

    let (seen, reached) = walk(&bridge, at(9, 0), 1000).await;

    assert!(seen.is_empty());
    assert_eq!(reached, [at(2, 0)]);
}

#[tokio::test]
async fn a_row_outside_the_window_stops_the_run() {
    for outside in ["2026-11-01T09:59:59.999Z", "2026-11-01T10:00:06.000Z"] {
        let rows = [row(1, "2026-11-01T10:00:05.999Z"), row(2, outside)];
        let (client, _server) = answering(page(&rows, 2)).await;

        let mut changes = client.changed_cases(at(0, 0), at(5, 0), &[]);

        let field = "last_updated_at";
        assert_eq!(stop(changes.next().await), Stop::FilterNotApplied { field });
    }
}

#[tokio::test]
async fn a_list_in_another_order_is_refused() {
    let rows = [
        row(1, "2026-11-01T10:00:05Z"),
        row(2, "2026-11-01T10:00:04Z"),
    ];
    let (client, _server) = answering(page(&rows, 2)).await;

    let mut changes = client.changed_cases(at(0, 0), at(9, 0), &[]);

    let Stop::UnreadableAnswer { place, .. } = stop(changes.next().await) else {
        panic!("out of order");
    };
    assert!(place.contains("order"), "{place}");
}

#[tokio::test]
async fn a_page_that_keeps_lacking_rows_is_an_error() {
    let rows = [row(1, "2026-11-01T10:00:01Z")];
    let (client, server) = answering(page(&rows, 2)).await;

    let mut changes = client.changed_cases(at(0, 0), at(9, 0), &[]);

    let Stop::UnreadableAnswer { place, .. } = stop(changes.next().await) else {
        panic!("a row is missing");
    };
    assert_eq!(place, "`metadata.total`: not as many rows as it says");
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_full_second_that_then_looks_empty_is_an_error_and_not_passed_over() {
    let rows = [
        row(1, "2026-11-01T10:00:00Z"),
        row(2, "2026-11-01T10:00:00Z"),
    ];
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::query_param(
        "order_by",
        "last_updated_at",
    ))
    .respond_with(page(&rows, 4))
    .mount(&server)
    .await;
    Mock::given(wiremock::matchers::query_param("order_by", "created_at"))
        .respond_with(page(&[], 0))
        .mount(&server)
        .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
    let mut changes = client.changed_cases(at(0, 0), at(9, 0), &[]);
    changes.per = 2;

    let mut pages = 0;
    let error = loop {
        match changes.next().await {
            Ok(Some(page)) => {
                pages += 1;
                assert_eq!(page.reached, Some(at(0, 0)));
                assert!(pages < 20, "it does not end");
            }
            Ok(None) => panic!("the window is not over"),
            Err(error) => break error,
        }
    };

    assert!(error.to_string().contains("never settles"), "{error}");
}

#[tokio::test]
async fn a_full_second_is_counted_until_a_whole_pass_brings_nothing_new() {
    let second = "2026-11-01T10:00:00Z";
    let [a, b, c, d] = [1, 2, 3, 4].map(|n| row(n, second));
    let server = MockServer::start().await;
    let counted = |page: &str| {
        Mock::given(wiremock::matchers::query_param("order_by", "created_at"))
            .and(wiremock::matchers::query_param("page", page))
    };
    let first = page(&[a, b], 3);
    counted("1")
        .respond_with(first.clone())
        .mount(&server)
        .await;
    // While the first pass ends, one case leaves the second and another enters it: the total stays.
    let mock = counted("2").respond_with(page(&[c], 3));
    mock.up_to_n_times(1).mount(&server).await;
    counted("2")
        .respond_with(page(&[d], 3))
        .mount(&server)
        .await;
    Mock::given(wiremock::matchers::query_param(
        "order_by",
        "last_updated_at",
    ))
    .respond_with(first)
    .mount(&server)
    .await;
    let client = client(&server.uri(), PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
    let mut changes = client.changed_cases(at(0, 0), at(0, 0), &[]);
    changes.per = 2;

    let mut seen = 0;
    while let Some(page) = changes.next().await.unwrap() {
        seen += page.cases.len();
    }

    assert_eq!(seen, 4);
    assert_eq!(server.received_requests().await.unwrap().len(), 7);
}

#[tokio::test]
async fn an_empty_window_costs_no_call() {
    let bridge = Bridge::start().await;
    let mut changes = bridge.client.changed_cases(at(1, 0), at(0, 0), &[]);

    assert!(changes.next().await.unwrap().is_none());
    assert_eq!(bridge.client.calls(), 0);
}

#[tokio::test]
async fn a_changed_case_carries_the_fields_that_were_asked_for() {
    let bridge = Bridge::start().await;
    let mut case = child("803-1");
    case["last_updated_at"] = json!("2026-11-01T10:00:01.500Z");
    case["owned_by"] = json!("worker1");
    case["consent_for_services"] = json!(true);
    case["services_section"] =
        json!([{ "unique_id": "bbbbbbbb-0000-4000-8000-000000000001", "service_type": "food" }]);
    bridge.insert(case);

    let fields = [
        "owned_by",
        "consent_for_services",
        "name_last",
        "unhcr_individual_no",
    ];
    let mut changes = bridge.client.changed_cases(at(0, 0), at(9, 0), &fields);
    let page = changes.next().await.unwrap().unwrap();

    let row = &page.cases[0];
    assert_eq!(row.changed_at, at(1, 500));
    assert_eq!(row.value("owned_by"), Some(&json!("worker1")));
    assert_eq!(row.value("consent_for_services"), Some(&json!(true)));
    assert_eq!(row.value("name_last"), None);
    assert_eq!(row.case.individual_no, Some(number("803-1")));
    assert_eq!(row.case.services[0].text("service_type"), Some("food"));
    assert!(!format!("{row:?}").contains("worker1"));
    let mut changes = bridge.client.changed_cases(at(0, 0), at(9, 0), &[]);
    let page = changes.next().await.unwrap().unwrap();
    assert_eq!(page.cases[0].case.individual_no, None);
}

#[tokio::test]
async fn the_signpost_is_primeros_own_time() {
    let bridge = Bridge::start().await;
    bridge.sandbox.primero.stop_clock_at(at(42, 900));

    assert_eq!(bridge.client.server_time().await, Ok(at(42, 0)));
}

#[tokio::test]
async fn without_a_date_header_our_own_clock_bounds_the_window() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (client, clock) = client_and_clock(&url, PrimeroAuth::Basic, API, DEFAULT_PASSWORD);
    let answer = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut socket, _) = listener.accept().await?;
        let mut request = [0; 4096];
        let _ = socket.read(&mut request).await?;
        let body = r#"{"data":[],"metadata":{"total":0}}"#;
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        socket.write_all((head + body).as_bytes()).await
    };

    let (time, answered) = futures::join!(client.server_time(), answer);

    answered.unwrap();
    assert_eq!(time, Ok(crate::clock::Clock::now(&*clock)));
}

#[tokio::test]
async fn a_role_that_sees_no_case_id_at_all_ends_the_run() {
    let mut rows = [
        row(1, "2026-11-01T10:00:01Z"),
        row(2, "2026-11-01T10:00:02Z"),
    ];
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("case_id");
        row["unhcr_individual_no"] = json!("803-1");
    }
    let (client, _server) = answering(page(&rows, 2)).await;

    let mut changes = client.changed_cases(at(0, 0), at(9, 0), &[]);
    let missing = Stop::FieldNotReadable("case_id");
    assert_eq!(stop(changes.next().await), missing);
    assert_eq!(stop(client.choose_control(true).await), missing);
}

#[tokio::test]
async fn one_case_without_its_case_id_stops_nobody() {
    let mut rows = [
        row(1, "2026-11-01T10:00:01Z"),
        row(2, "2026-11-01T10:00:02Z"),
    ];
    rows[0]["case_id"] = json!(null);
    let (client, _server) = answering(page(&rows, 2)).await;

    let mut changes = client.changed_cases(at(0, 0), at(9, 0), &[]);

    assert_eq!(changes.next().await.unwrap().unwrap().cases.len(), 2);
}
