//! Writing to proGres.

use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::domain::ids::CaseRecordId;

fn status(id: InterventionId, comments: &[&str]) -> Submission {
    Submission {
        external_id: "case-1".to_owned(),
        fields: vec![
            field("progres_lpinterventionid", &id.to_string()),
            field("progres_primerotransferstatus", "125080003"),
            field("progres_primerotransferstatusdate", "2026-11-23"),
            ("progres_primerocaseworker", None),
        ],
        own: Vec::new(),
        comments: comments
            .iter()
            .map(|text| Pii::new((*text).to_owned()))
            .collect(),
    }
}

fn referral() -> Submission {
    Submission {
        external_id: "case-1".to_owned(),
        fields: vec![
            field("progres_offlineid", "case-1"),
            field(
                "progres_businessunit",
                "577ccdf6-86de-e811-80d8-001dd8b71fe3",
            ),
            field(
                "progres_organizationfrom",
                "c00582a6-d8f6-f011-8406-6045bd8ea5fb",
            ),
            field(
                "progres_orgreferralid",
                "5c2d4f6c-7a78-43b5-ac40-eb097be51d89",
            ),
            field(
                "progres_requestedservice",
                "f98e1516-0406-e611-80d9-00155d34051a",
            ),
            ("progres_pocmiddlename", None),
        ],
        own: Vec::new(),
        comments: Vec::new(),
    }
}

fn mark(id: Uuid) -> Submission {
    Submission {
        external_id: "referral-1".to_owned(),
        fields: vec![
            field("progres_interoperabilityreferralid", &id.to_string()),
            field("progres_interoperabilityreferralstatus", "125080003"),
            ("progres_comments", None),
        ],
        own: Vec::new(),
        comments: Vec::new(),
    }
}

fn case() -> CaseRecordId {
    CaseRecordId::new(Uuid::from_u128(7))
}

fn fault(bridge: &Bridge, process: &str, fault: Fault) {
    let rule = Rule::once(Target::Containing(process.to_owned()), fault);
    bridge.sandbox.faults(journal::System::Ping).add(rule);
}

#[tokio::test]
async fn statuses_are_written_in_batches_and_one_bad_record_fails_alone() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(30);
    bridge.sandbox.ping.poison(&ids[3].to_string());

    let all: Vec<_> = ids.iter().map(|id| status(*id, &[])).collect();
    let answers = bridge.client.write_intervention_status(&all).await.unwrap();

    assert_eq!(answers.len(), 30);
    let failed: Vec<_> = (0..30).filter(|n| answers[*n].is_err()).collect();
    assert_eq!(failed, [3]);
    assert_eq!(bridge.sandbox.ping.transfer_statuses().len(), 29);
}

#[tokio::test]
async fn a_status_whose_answer_was_lost_is_written_again() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(1);
    fault(&bridge, "SHP-2748", Fault::DropAfterEffect);

    let answers = bridge
        .client
        .write_intervention_status(&[status(ids[0], &[])])
        .await;

    assert_eq!(answers.unwrap(), [Ok(())]);
    assert_eq!(bridge.requests("SHP-2748"), 2);
}

#[tokio::test]
async fn a_decision_carries_its_comment_and_brings_a_receipt() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(1);

    let decision = status(ids[0], &["Referral acknowledged by PRIMERO"]);
    let answers = bridge.client.write_decisions(&[decision]).await.unwrap();

    let [Ok(Some(receipt))] = &answers[..] else {
        panic!("{answers:?}");
    };
    let written = &bridge
        .sandbox
        .ping
        .transfer_statuses_of(&ids[0].to_string())[0];
    assert_eq!(written.attachments, ["Referral acknowledged by PRIMERO"]);
    assert_eq!(written.transaction.to_string(), receipt.to_string());
    assert_eq!(written.field("progres_primerocaseworker"), None);
    assert!(written.fields.contains_key("progres_primerocaseworker"));
}

#[tokio::test]
async fn a_decision_of_unknown_fate_is_ambiguous_and_sent_once() {
    for lost in [
        Fault::DropAfterEffect,
        Fault::MalformedBody,
        Fault::TruncatedBody,
    ] {
        let bridge = Bridge::start().await;
        let ids = bridge.refer(2);
        fault(&bridge, "SHP-2748", lost.clone());

        let decisions = [status(ids[0], &["a"]), status(ids[1], &["b"])];
        let answers = bridge.client.write_decisions(&decisions).await.unwrap();

        let ambiguous = Err(GateError::Ambiguous(System::Ping));
        assert_eq!(answers, [ambiguous.clone(), ambiguous], "{lost:?}");
        assert_eq!(bridge.requests("SHP-2748"), 1, "{lost:?}");
    }
}

#[tokio::test]
async fn decisions_answered_with_an_error_message_are_not_sent_again_in_halves() {
    let bridge = Bridge::start().await;
    let ids = bridge.refer(3);
    let message = "a passing trouble".to_owned();
    let in_part = Fault::TakenInPart {
        records: 2,
        message,
    };
    fault(&bridge, "SHP-2748", in_part.clone());

    let decisions = ids.iter().map(|id| status(*id, &["a comment"]));
    let decisions: Vec<_> = decisions.collect();
    let answers = bridge.client.write_decisions(&decisions).await.unwrap();

    let unknown = |answer: &Result<Receipt, GateError>| {
        matches!(answer, Err(GateError::ReportedOfMany(Some(_))))
    };
    assert!(answers.iter().all(unknown), "{answers:?}");
    assert_eq!(bridge.requests("SHP-2748"), 1);

    // A decision that went alone was refused, and transfer statuses may be repeated.
    let nothing = Fault::ErrorInside {
        message: "x".to_owned(),
    };
    fault(&bridge, "SHP-2748", nothing);
    let alone = bridge.client.write_decisions(&decisions[..1]).await;
    assert_eq!(alone.unwrap(), [Err(GateError::Reported(None))]);
    fault(&bridge, "SHP-2748", in_part);
    let answers = bridge.client.write_intervention_status(&decisions).await;
    assert_eq!(answers.unwrap(), [Ok(()), Ok(()), Ok(())]);
}

#[tokio::test]
async fn a_write_answered_503_after_its_effect_is_ambiguous_and_sent_once() {
    let after_effect = Fault::Status {
        status: 503,
        retry_after: None,
        after_effect: true,
    };
    let bridge = Bridge::start().await;
    let ids = bridge.refer(1);

    fault(&bridge, "SHP-2731", after_effect.clone());
    let submitted = bridge.client.submit_referral(case(), &referral()).await;
    fault(&bridge, "SHP-2748", after_effect);
    let decision = [status(ids[0], &["a comment"])];
    let told = bridge.client.write_decisions(&decision).await.unwrap();

    assert_eq!(submitted, Err(GateError::Ambiguous(System::Ping)));
    assert_eq!(told, [Err(GateError::Ambiguous(System::Ping))]);
    assert_eq!(bridge.sandbox.ping.submissions().len(), 1);
    let told = bridge.sandbox.ping.transfer_statuses();
    assert_eq!(told[&ids[0].to_string()].len(), 1);
}

#[tokio::test]
async fn an_accepted_write_may_have_an_empty_or_a_bare_body() {
    for body in ["", " ", "Accepted", "\"Accepted\"", "null"] {
        let answer = ResponseTemplate::new(202).set_body_string(body);
        let (client, _server) = answering(answer).await;
        let id = InterventionId::new(Uuid::from_u128(1));
        let writes = [status(id, &[]), status(id, &[])];

        let told = client.write_intervention_status(&writes).await;
        assert_eq!(told.unwrap(), [Ok(()), Ok(())], "{body}");
        let decided = client.write_decisions(&writes).await.unwrap();
        assert_eq!(decided, [Ok(None), Ok(None)], "{body}");
        let submitted = client.submit_referral(case(), &referral()).await;
        assert_eq!(submitted, Ok(Submitted::Unconfirmed), "{body}");
    }
}

#[tokio::test]
async fn a_write_is_accepted_only_by_an_answer_that_is_understood() {
    for body in [
        "{}",
        r#"{"status":"ok"}"#,
        r#"{"errorMessage":"Invalid field value","data":null,"sphTransactionId":null}"#,
        r#"{"ERRORMESSAGE":"x"}"#,
        r#"{"error_message":"x","SPHTransactionId":"T-1"}"#,
        r#"{"Errors":["Invalid field value"]}"#,
        "<html><title>Maintenance</title></html>",
        "Error: invalid field value",
        r#"{"Data":"#,
    ] {
        let answer = ResponseTemplate::new(200).set_body_string(body);
        let (client, _server) = answering(answer).await;
        let id = InterventionId::new(Uuid::from_u128(1));
        let write = [status(id, &[])];

        let told = client.write_intervention_status(&write).await;
        assert!(told.map_or(true, |told| told[0].is_err()), "{body}");
        let marked = client.mark_referrals(&write).await;
        assert!(marked.map_or(true, |marked| marked[0].is_err()), "{body}");
        let decided = client.write_decisions(&write).await.unwrap();
        assert!(decided[0].is_err(), "{body}");
        let submitted = client.submit_referral(case(), &referral()).await;
        assert!(submitted.is_err(), "{body}");
    }
}

#[tokio::test]
async fn marks_are_written_and_may_be_repeated() {
    let bridge = Bridge::start().await;
    let id = Uuid::from_u128(5);
    let row = json!({
        "progres_interoperabilityreferralid": id,
        "progres_interoperabilityreferralstatus": 125_080_001,
    });
    bridge.sandbox.ping.add_decision(row).unwrap();
    fault(&bridge, "SHP-2284", Fault::DropAfterEffect);

    let answers = bridge.client.mark_referrals(&[mark(id)]).await.unwrap();

    assert!(matches!(&answers[..], [Ok(Some(_))]), "{answers:?}");
    assert_eq!(bridge.sandbox.ping.marks()[&id].len(), 2);
}

#[tokio::test]
async fn a_referral_is_submitted_and_its_receipt_kept() {
    let bridge = Bridge::start().await;

    let submitted = bridge.client.submit_referral(case(), &referral()).await;

    let Ok(Submitted::Accepted(receipt)) = submitted else {
        panic!("{submitted:?}");
    };
    let received = &bridge.sandbox.ping.submissions()[0];
    assert_eq!(received.transaction.to_string(), receipt.to_string());
    assert_eq!(received.external_guid, Some(case().to_string()));
    assert_eq!(received.external_id, "case-1");
    assert!(received.referral.is_some());
}

#[tokio::test]
async fn an_answer_without_a_receipt_is_unconfirmed() {
    for answer in [
        json!({ "Data": null, "ErrorMessage": null }),
        json!({ "SPHTransactionId": " " }),
        json!({ "SPHTransactionId": null }),
    ] {
        let (client, _server) = answering(ok(&answer)).await;
        let submitted = client.submit_referral(case(), &referral()).await;
        assert_eq!(submitted, Ok(Submitted::Unconfirmed), "{answer}");
    }
}

#[tokio::test]
async fn a_referral_of_unknown_fate_is_ambiguous_and_sent_once() {
    for lost in [
        Fault::DropAfterEffect,
        Fault::MalformedBody,
        Fault::TruncatedBody,
        Fault::Redirect,
        Fault::OverLongBody {
            bytes: settings().max_body_bytes,
        },
        Fault::Status {
            status: 504,
            retry_after: None,
            after_effect: true,
        },
    ] {
        let bridge = Bridge::start().await;
        fault(&bridge, "SHP-2731", lost.clone());

        let submitted = bridge.client.submit_referral(case(), &referral()).await;

        assert_eq!(
            submitted,
            Err(GateError::Ambiguous(System::Ping)),
            "{lost:?}"
        );
        assert_eq!(bridge.requests("SHP-2731"), 1, "{lost:?}");
        assert_eq!(bridge.sandbox.ping.submissions().len(), 1, "{lost:?}");
    }
}

#[tokio::test]
async fn a_referral_that_times_out_is_ambiguous_and_not_repeated() {
    let server = granting().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_delay(Duration::from_mins(1)))
        .with_priority(9)
        .mount(&server)
        .await;
    let mut settings = settings();
    settings.timeout = Duration::from_millis(300);
    let client = client_with(forged_secret(&server), settings);

    let submitted = client.submit_referral(case(), &referral()).await;

    assert_eq!(submitted, Err(GateError::Ambiguous(System::Ping)));
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_referral_under_an_expired_token_is_sent_again_with_a_new_one() {
    let bridge = Bridge::start().await;
    pending(&bridge.client).await.unwrap();
    bridge.sandbox.ping.expire_tokens();

    let submitted = bridge.client.submit_referral(case(), &referral()).await;

    assert!(
        matches!(submitted, Ok(Submitted::Accepted(_))),
        "{submitted:?}"
    );
    assert_eq!(bridge.sandbox.ping.submissions().len(), 1);
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_has_sent_no_referral() {
    let bridge = Bridge::start().await;
    pending(&bridge.client).await.unwrap();
    bridge.sandbox.ping.expire_tokens();
    let lost = Fault::Status {
        status: 504,
        retry_after: None,
        after_effect: true,
    };
    fault(&bridge, "/token", lost);

    for _ in 0..2 {
        let submitted = bridge.client.submit_referral(case(), &referral()).await;

        assert_eq!(submitted, Err(GateError::Unavailable(System::Ping)));
    }

    assert_eq!(bridge.requests("/token"), 2);
    assert_eq!(bridge.requests("SHP-2731"), 1);
    assert!(bridge.sandbox.ping.submissions().is_empty());
}
