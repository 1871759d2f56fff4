//! Lists and details.

use sandbox::ping::Nothing;
use wiremock::matchers::body_partial_json;

use super::*;
use crate::domain::ids::{InteropReferralId, InterventionId};

fn page(rows: &[Value], more: bool, number: u64) -> ResponseTemplate {
    ok(&json!({
        "Data": rows,
        "ErrorMessage": null,
        "SPHTransactionId": "T-1",
        "PagingSummary": { "PagingCookie": "c", "PageNumber": number, "IsMoreRecordsAvailable": more },
    }))
}

fn place(stop: &Stop) -> &str {
    match stop {
        Stop::UnreadableAnswer { place, .. } => place,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_has_four_spellings() {
    for nothing in [
        Nothing::Words,
        Nothing::Null,
        Nothing::EmptyList,
        Nothing::Absent,
    ] {
        let bridge = Bridge::to(PingOptions {
            nothing,
            ..PingOptions::default()
        })
        .await;
        assert_eq!(pending(&bridge.client).await, Ok(Vec::new()), "{nothing:?}");
    }
}

#[tokio::test]
async fn another_sentence_is_not_nothing() {
    let (client, _server) = answering(ok(&json!({ "Data": "Some Data Available" }))).await;

    assert_eq!(place(&stop(pending(&client).await)), "`Data`");
}

#[tokio::test]
async fn a_list_is_read_page_by_page_to_its_end() {
    let bridge = Bridge::to(PingOptions {
        list_page_rows: 4,
        ..PingOptions::default()
    })
    .await;
    let ids = bridge.refer(10);

    let rows = pending(&bridge.client).await.unwrap();

    let listed: Vec<InterventionId> = rows
        .iter()
        .map(|row| {
            row.text("progres_lpinterventionid")
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    assert_eq!(listed, ids);
    assert_eq!(bridge.requests("SHP-2747"), 3);
}

/// A forged PING that answers the first call for a list with one page, and every further one with another.
async fn two_pages(first: ResponseTemplate, second: ResponseTemplate) -> (PingClient, MockServer) {
    let (client, server) = answering(second).await;
    Mock::given(body_partial_json(
        json!({ "ShippingProcessId": "SHP-2747" }),
    ))
    .respond_with(first)
    .up_to_n_times(1)
    .with_priority(2)
    .mount(&server)
    .await;
    (client, server)
}

#[tokio::test]
async fn a_page_without_a_new_record_before_others_ends_the_list_in_an_error() {
    let rows = |seen_at: u64| [json!({ "progres_lpinterventionid": "a", "seen_at": seen_at })];
    let (client, server) = two_pages(page(&rows(1), true, 0), page(&rows(2), true, 1)).await;

    let stop = stop(pending(&client).await);

    assert_eq!(place(&stop), "page 1: it brought nothing new");
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn the_last_page_may_hold_the_last_rows_of_a_record_but_none_that_came_before() {
    let row = |language: &str| [json!({ "progres_lpinterventionid": "a", "language": language })];
    let first = || page(&row("Nuer"), true, 0);

    let (client, _server) = two_pages(first(), page(&row("Bari"), false, 1)).await;
    assert_eq!(pending(&client).await.unwrap().len(), 2);

    let (client, _server) = two_pages(first(), page(&row("Nuer"), false, 1)).await;
    let stop = stop(pending(&client).await);
    assert_eq!(place(&stop), "page 1: it brought nothing new");
}

#[tokio::test]
async fn pages_without_end_are_stopped_by_the_profile() {
    let server = granting().await;
    for number in 0..4 {
        let asked = match number {
            0 => json!({ "QueryParameters": [] }),
            _ => json!({ "PageNumber": number, "PagingCookie": "c" }),
        };
        Mock::given(body_partial_json(asked))
            .respond_with(page(&[json!({ "id": number })], true, number))
            .with_priority(if number == 0 { 5 } else { 2 })
            .mount(&server)
            .await;
    }
    let mut settings = settings();
    settings.paging.max_pages = 3;
    let client = client_with(forged_secret(&server), settings);

    let stop = stop(pending(&client).await);

    assert_eq!(place(&stop), "more than 3 pages");
}

#[tokio::test]
async fn details_come_in_batches_with_rows_split_by_pages() {
    let bridge = Bridge::to(PingOptions {
        details_page_rows: 3,
        ..PingOptions::default()
    })
    .await;
    let ids = bridge.refer(30);

    let details = bridge.client.intervention_details(&ids).await.unwrap();

    let sizes: Vec<usize> = details.iter().map(|(part, _)| part.len()).collect();
    assert_eq!(sizes, [25, 5]);
    let rows: usize = details
        .iter()
        .map(|(_, rows)| rows.as_ref().unwrap().len())
        .sum();
    assert_eq!(rows, 60);
}

#[tokio::test]
async fn one_bad_id_fails_alone_and_costs_about_ten_calls() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(25);
    bridge.sandbox.ping.poison(&ids[16].to_string());

    let details = bridge.client.intervention_details(&ids).await.unwrap();

    let failed: Vec<_> = details.iter().filter(|(_, rows)| rows.is_err()).collect();
    let [(part, Err(GateError::Reported(Some(_))))] = &failed[..] else {
        panic!("{failed:?}");
    };
    assert_eq!(part, &[ids[16]]);
    assert!(bridge.requests("SHP-2358") <= 11);
}

/// Every call for details that carries this text is answered with 500.
fn break_on(bridge: &Bridge, text: &str) {
    let broken = Fault::Status {
        status: 500,
        retry_after: None,
        after_effect: false,
    };
    let details = Target::Containing("SHP-2358".to_owned());
    let rule = Rule::always(details, broken).carrying(text);
    bridge.sandbox.faults(journal::System::Ping).add(rule);
}

#[tokio::test]
async fn an_id_on_which_ping_breaks_every_time_fails_alone() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(25);
    break_on(&bridge, &ids[16].to_string());

    let details = bridge.client.intervention_details(&ids).await.unwrap();

    let failed: Vec<_> = details.iter().filter(|(_, rows)| rows.is_err()).collect();
    let failure = (&ids[16..17], Err(GateError::Failed(System::Ping)));
    assert_eq!(failed, [&failure]);
    // Six parts with it, four times each, and five without.
    assert_eq!(bridge.requests("SHP-2358"), 29);
}

#[tokio::test]
async fn a_ping_that_breaks_on_every_id_is_soon_left_alone() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(50);
    break_on(&bridge, "");

    let details = bridge.client.intervention_details(&ids).await.unwrap();

    assert!(details.iter().all(|(_, rows)| rows.is_err()));
    // Six parts, four times each.
    assert_eq!(bridge.requests("SHP-2358"), 24);
}

#[tokio::test]
async fn a_detail_row_that_cannot_be_read_fails_no_other_and_costs_no_call() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(4);
    let after = "Nuer".to_owned();
    let half = Fault::OtherShape {
        shape: Shape::HalfCharacter { after },
    };
    let details = Target::Containing("SHP-2358".to_owned());
    bridge
        .sandbox
        .faults(journal::System::Ping)
        .add(Rule::always(details, half));

    let details = bridge.client.intervention_details(&ids).await.unwrap();

    let [(part, Ok(rows))] = &details[..] else {
        panic!("{details:?}");
    };
    assert_eq!((part.len(), rows.len()), (4, 8));
    let odd = rows.iter().filter(|row| !row.unreadable().is_empty());
    assert_eq!(odd.count(), 4);
    assert_eq!(bridge.requests("SHP-2358"), 1);
}

#[tokio::test]
async fn decisions_are_listed_and_detailed() {
    let bridge = Bridge::start().await;
    let id: InteropReferralId = "D19321EA-778E-405E-841D-B24F247662E3".parse().unwrap();
    let row = json!({
        "progres_interoperabilityreferralid": id.to_string(),
        "progres_offlineid": "f59e880e-d58f-4b68-ba6e-e0616a49aefd",
        "progres_interoperabilityreferralstatus": 125_080_002,
        "progres_interoperabilityreferralrejectionomment": "No such registration",
    });
    bridge.sandbox.ping.add_decision(row).unwrap();

    let mut listed = Vec::new();
    let mut pages = bridge.client.referral_decisions();
    while let Some(page) = pages.next(|row| row).await.unwrap() {
        listed.extend(page);
    }
    let asked = [id];
    let details = bridge.client.decision_details(&asked).await.unwrap();

    let key = "progres_interoperabilityreferralid";
    assert_eq!(listed[0].text(key), Some(id.to_string()));
    let [(part, Ok(rows))] = &details[..] else {
        panic!("{details:?}");
    };
    assert_eq!(part, &[id]);
    let comment = "progres_interoperabilityreferralrejectionomment";
    assert_eq!(
        rows[0].text(comment).as_deref(),
        Some("No such registration")
    );
    assert_eq!(
        (bridge.requests("SHP-2795"), bridge.requests("SHP-2796")),
        (1, 1)
    );
}
