//! What is bounded stays so, and what comes to nothing changes nothing.

use kube::Api;
use kube::api::{Patch, PatchParams};
use resources::v1alpha1::{Phase, QuotaRequest};
use serde_json::{Value, json};
use tests::people::Person::{ApproverAdmin, ApproverTech, Operator, Zhang};
use tests::town::amounts;

use crate::Desk;

#[tokio::test]
async fn acceptance_17_parent_ceiling() {
    let desk = Desk::open("ceiling").await;
    let ceilings = json!([{"pool": "ceiling", "cpu": "100", "memory": "400G", "storage": "20T"}]);
    desk.town.change("Department", "", "ceiling", json!({"spec": {"ceilings": ceilings}})).await;
    desk.town.await_department("ceiling", "Ready", "Serving").await;
    desk.granted("ceiling-a", "60").await;
    desk.granted("ceiling-b", "40").await;
    let before = desk.town.settles().await;

    let mut third = desk.body("ceiling-c", "1");
    third["type"] = json!("New");
    third["newApplication"] = json!({"displayName": "a third", "tier": "County", "securityGrade": 2});
    for (what, body, stages) in [("a third", third, 2), ("one more", desk.body("ceiling-a", "61"), 1)] {
        let request = desk.ask(Zhang, body).await;
        desk.to_review(&request).await;
        let mut by = ApproverTech;
        if stages == 2 {
            // A new application is four people's eyes: refused is the grant, not the opinion.
            desk.decided(ApproverTech, &request, json!({"verdict": "Approve"})).await;
            by = ApproverAdmin;
        }
        let problem = desk.decide(desk.token(by), &request, json!({"verdict": "Approve"})).await.of(409);
        let told = ["code", "resource", "department", "limit", "asked", "free"].map(|field| problem[field].clone());
        assert_eq!(json!(told), json!(["CeilingExceeded", "cpu", "ceiling", "100", "1", "0"]), "{what}: {problem:#}");
        let words = problem["detail"].as_str().unwrap();
        assert!(words.contains("100") && words.contains('1') && words.contains('0'), "{what}: {words}");
        desk.decided(Zhang, &request, json!({"verdict": "Withdraw"})).await;
    }
    desk.town.settles().await.is_as_it_was(&before);
}

/// A change that comes to nothing leaves the running application alone, three ways.
#[tokio::test]
async fn acceptance_18_a_pending_change_is_harmless() {
    let desk = Desk::open("harm").await;
    desk.granted("harm-a", "4").await;
    let before = desk.town.settles().await;
    let allocation = desk.town.allocation("harm-a").await;

    let ends: [(&str, Phase); 3] =
        [("reject", Phase::Rejected), ("lapse", Phase::Lapsed), ("withdraw", Phase::Withdrawn)];
    for (how, phase) in ends {
        let request = desk.ask(Zhang, desk.body("harm-a", "40")).await;
        desk.to_review(&request).await;
        match how {
            "reject" => {
                let said = json!({"verdict": "Reject", "reason": "the present size will do"});
                desk.decided(ApproverTech, &request, said).await;
            }
            "lapse" => {
                let offer = json!({"verdict": "Offer", "resources": amounts("20", "8G", "1T")});
                desk.decided(ApproverTech, &request, offer).await;
                time_passes(&desk, &request).await;
            }
            _ => {
                desk.decided(Zhang, &request, json!({"verdict": "Withdraw"})).await;
            }
        }
        let seen = desk.shown(Zhang, &request, phase).await;
        let last = seen["history"].as_array().unwrap().last().unwrap().clone();
        if how == "reject" {
            assert_eq!(last["reason"], "the present size will do");
        }
        // An offer is held for a time, which is in the journal; of what runs nothing was touched.
        let after = desk.town.settles().await;
        assert_eq!((&after.ledger.entries, &after.quotas), (&before.ledger.entries, &before.quotas), "{how}");
        let now = desk.town.allocation("harm-a").await;
        assert_eq!((&now.spec, now.metadata.generation), (&allocation.spec, allocation.metadata.generation), "{how}");
        desk.town.await_enforced("harm-a", "4", "8G", "1T").await;
    }
}

/// The operator has written into the status when an offer is over; now it is.
async fn time_passes(desk: &Desk, request: &str) {
    const LONG_AGO: &str = "2026-01-05T17:30:00+08:00";
    let client = desk.town.cluster.client(Operator).await;
    let requests: Api<QuotaRequest> = Api::namespaced(client, &desk.town.namespace());
    let over: Value = json!({"status": {"offer": {"expiresAt": LONG_AGO}, "stage": {"dueAt": LONG_AGO}}});
    requests.patch_status(request, &PatchParams::default(), &Patch::Merge(over)).await.unwrap();
}
