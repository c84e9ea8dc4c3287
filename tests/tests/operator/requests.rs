//! A request's life, driven by the people of a department and by those who decide.

use kube::{Api, ResourceExt};
use resources::condition::{ENFORCED, READY};
use resources::v1alpha1::{Application, DecisionOutcome, Phase};
use serde_json::json;
use tests::object::{self, refusal};
use tests::people::Person;
use tests::town::{REASON, Town, amounts, bundle, department};

use crate::town;

/// A town in which application `<name>-a` has 4 cores, 8G, 1T of 16 cores, 32G, 4T.
async fn with_application(name: &str) -> (Town<'static>, String) {
    let town = town(name, amounts("16", "32G", "4T")).await;
    let application = format!("{name}-a");
    town.allocate(&application, amounts("4", "8G", "1T")).await;
    town.await_enforced(&application, "4", "8G", "1T").await;
    (town, application)
}

#[tokio::test]
async fn a_department_asks_an_approver_says_yes_and_the_journal_names_both() {
    let (town, application) = with_application("ask").await;
    let request = town.request("Change", &application, amounts("12", "8G", "1T")).await;
    let asked = town.asked(&request).await;
    assert_eq!(asked.status.as_ref().unwrap().phase, Some(Phase::Submitted));
    let number = asked.status.unwrap().number.unwrap();
    assert!(number.len() == 11 && number.as_bytes()[4] == b'-', "{number} is like 2026-000123");

    let object = town.decision_object(Person::ApproverAdmin, &request, "Approve").await;
    let (decision, status) = town.send_decision(Person::ApproverAdmin, object).await;
    assert_eq!(status.outcome, Some(DecisionOutcome::Applied), "{status:?}");
    town.await_phase(&request, Phase::Active).await;
    town.await_enforced(&application, "12", "8G", "1T").await;

    let standing = town.settles().await;
    let changes = standing.spec.journal.iter().flat_map(|record| &record.changes);
    let of_decision: Vec<_> = changes.filter(|change| change.cause.name == decision).collect();
    assert!(!of_decision.is_empty(), "the journal has the decision");
    for change in &of_decision {
        assert_eq!(
            (change.cause.by.as_str(), change.cause.reason.as_str()),
            (Person::ApproverAdmin.user().as_str(), REASON)
        );
    }
    let last = of_decision.last().unwrap();
    assert_eq!((last.before.granted.cpu_millis, last.after.granted.cpu_millis), (4_000, 12_000));
    let steps: Vec<_> =
        town.asked(&request).await.status.unwrap().history.into_iter().map(|step| (step.to, step.by)).collect();
    assert_eq!(steps[0], (Phase::Submitted, Person::Zhang.user()));
    assert_eq!(steps[1], (Phase::Approved, Person::ApproverAdmin.user()));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_at_approval_and_changes_nothing() {
    let (town, application) = with_application("over").await;
    let before = town.settles().await;
    let request = town.request("Change", &application, amounts("4", "40G", "1T")).await;
    let status = town.decide(Person::ApproverAdmin, &request, "Approve").await;
    assert_eq!(status.outcome, Some(DecisionOutcome::Refused));
    let told = [&status.code, &status.resource, &status.asked, &status.free, &status.limit]
        .map(|text| text.as_deref().unwrap_or_default());
    assert_eq!(told, ["InsufficientCapacity", "memory", "32G", "24G", "32G"]);
    assert!(status.message.as_ref().unwrap().contains("asked 32G more, free 24G"), "{status:?}");
    // It can still be decided: when there is room, or by a no.
    assert_eq!(town.asked(&request).await.status.unwrap().phase, Some(Phase::Submitted));
    let after = town.settles().await;
    after.is_as_it_was(&before);
    assert_eq!(town.allocation(&application).await.spec.resources.memory, "8G");
}

#[tokio::test]
async fn acceptance_15_nobody_approves_what_he_asked_for() {
    let (town, application) = with_application("self").await;
    // Zhang may not approve at all.
    let request = town.request("Change", &application, amounts("5", "8G", "1T")).await;
    let zhang = town.cluster.client(Person::Zhang).await;
    let own = town.decision_object(Person::Zhang, &request, "Approve").await;
    let message = refusal("zhang approves", object::create(&zhang, own).await);
    assert!(message.contains("may not approve"), "{message}");
    // Nor in the name of somebody who may.
    let forged = town.decision_object(Person::ApproverAdmin, &request, "Approve").await;
    let message = refusal("zhang signs for another", object::create(&zhang, forged).await);
    assert!(message.contains("but you are"), "{message}");
    town.decide(Person::Zhang, &request, "Withdraw").await;

    // Who may approve and is of the department can't approve his own either.
    let members = json!({"members": {"owners": [Person::Li.user()], "users": [Person::Zhang.user(), Person::ApproverAdmin.user()]}});
    town.change("Department", "", "self", json!({"spec": members})).await;
    let mut object = town.request_object("Change", &application, amounts("5", "8G", "1T"));
    object["spec"]["requester"] = json!(Person::ApproverAdmin.user());
    let request = town.send(Person::ApproverAdmin, object).await;
    let status = town.decide(Person::ApproverAdmin, &request, "Approve").await;
    assert_eq!((status.outcome, status.code.as_deref()), (Some(DecisionOutcome::Refused), Some("SelfApproval")));
    assert_eq!(town.quota(&format!("app-{application}")).await.enforced, Some(bundle(&amounts("4", "8G", "1T"))));
}

#[tokio::test]
async fn a_decision_on_an_older_revision_is_stale() {
    let (town, application) = with_application("stale").await;
    let request = town.request("Change", &application, amounts("5", "8G", "1T")).await;
    let mut object = town.decision_object(Person::ApproverAdmin, &request, "Approve").await;
    object["spec"]["requestRevision"] = json!(2);
    let (_, status) = town.send_decision(Person::ApproverAdmin, object).await;
    assert_eq!((status.outcome, status.code.as_deref()), (Some(DecisionOutcome::Refused), Some("Stale")));
    assert_eq!(town.asked(&request).await.status.unwrap().phase, Some(Phase::Submitted));
}

#[tokio::test]
async fn deciding_twice_changes_nothing() {
    let (town, application) = with_application("twice").await;
    let request = town.request("Change", &application, amounts("6", "8G", "1T")).await;
    town.approve(&request).await;
    let before = town.settles().await;
    for verdict in ["Approve", "Reject"] {
        let status = town.decide(Person::ApproverAdmin, &request, verdict).await;
        assert_eq!((status.outcome, status.code.as_deref()), (Some(DecisionOutcome::Refused), Some("WrongStage")));
    }
    let after = town.settles().await;
    after.is_as_it_was(&before);
    assert_eq!(town.asked(&request).await.status.unwrap().phase, Some(Phase::Active));
}

#[tokio::test]
async fn acceptance_18_a_request_is_withdrawn_or_rejected_and_nothing_changes() {
    let (town, application) = with_application("no").await;
    let before = town.settles().await;
    let request = town.request("Change", &application, amounts("6", "8G", "1T")).await;
    let status = town.decide(Person::Zhang, &request, "Withdraw").await;
    assert_eq!(status.outcome, Some(DecisionOutcome::Applied), "{status:?}");
    town.await_phase(&request, Phase::Withdrawn).await;

    let request = town.request("Change", &application, amounts("6", "8G", "1T")).await;
    let mut silent = town.decision_object(Person::ApproverAdmin, &request, "Reject").await;
    silent["spec"]["reason"] = json!("no");
    let approver = town.cluster.client(Person::ApproverAdmin).await;
    let message = refusal("a no without a reason", object::create(&approver, silent).await);
    assert!(message.contains("spec.reason is needed"), "{message}");
    town.decide(Person::ApproverAdmin, &request, "Reject").await;
    let rejected = town.await_phase(&request, Phase::Rejected).await;
    let last = rejected.status.unwrap().history.pop().unwrap();
    assert_eq!((last.by, last.reason.as_str()), (Person::ApproverAdmin.user(), REASON));
    let after = town.settles().await;
    after.is_as_it_was(&before);
}

#[tokio::test]
async fn the_second_request_for_one_application_waits_its_turn() {
    let (town, application) = with_application("turn").await;
    let first = town.request("Change", &application, amounts("6", "8G", "1T")).await;
    // Creation times are in whole seconds and the order is by them.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let second = town.request("Change", &application, amounts("9", "8G", "1T")).await;
    let waits = town.await_request(&second, "AnotherRequestOpen", "EarlierFirst").await;
    assert!(waits.status == "True" && waits.message.contains(&first), "{}", waits.message);
    let status = town.decide(Person::ApproverAdmin, &second, "Approve").await;
    assert_eq!((status.outcome, status.code.as_deref()), (Some(DecisionOutcome::Refused), Some("AnotherRequestOpen")));
    town.approve(&first).await;
    town.await_request(&second, "AnotherRequestOpen", "First").await;
    town.approve(&second).await;
    town.await_enforced(&application, "9", "8G", "1T").await;
    town.settles().await;
}

#[tokio::test]
async fn a_new_application_comes_with_its_request() {
    let town = town("new", amounts("16", "32G", "4T")).await;
    let mut object = town.request_object("New", "new-a", amounts("3", "6G", "1T"));
    object["spec"]["newApplication"] = json!({"displayName": "婚姻登记系统", "tier": "Municipal", "securityGrade": 3});
    object["spec"]["period"] = json!({"start": "2026-12-01", "end": "2029-11-30"});
    let request = town.send(Person::Zhang, object).await;
    town.approve(&request).await;
    town.await_enforced("new-a", "3", "6G", "1T").await;
    let applications: Api<Application> = Api::namespaced(town.admin.clone(), &town.namespace());
    let made = applications.get("new-a").await.unwrap();
    assert_eq!(
        (made.spec.display_name.as_str(), made.spec.security_grade, made.spec.sample),
        ("婚姻登记系统", 3, false)
    );
    let allocation = town.allocation("new-a").await;
    assert_eq!(allocation.spec.decision, town.asked(&request).await.status.unwrap().decision);
    // The last day is included.
    assert_eq!(allocation.spec.lease.unwrap().expires_at, "2029-12-01T00:00:00+08:00");
    town.settles().await;
}

#[tokio::test]
async fn what_a_request_names_must_exist() {
    let (town, application) = with_application("unknown").await;
    let ask = |type_: &str, application: &str| town.request_object(type_, application, amounts("1", "1G", "0G"));
    let mut elsewhere = ask("Change", &application);
    elsewhere["spec"]["pool"] = json!("no-such-pool");
    let cases = [
        (elsewhere, "UnknownPool", "no-such-pool"),
        (ask("New", "no-such-app"), "UnknownApplication", "no-such-app"),
        (ask("New", &application), "AlreadyAllocated", "Change"),
    ];
    for (object, code, word) in cases {
        let request = town.send(Person::Zhang, object).await;
        // It is said at once, and again to whoever approves it all the same.
        let said = town.await_request(&request, READY, code).await;
        assert!(said.message.contains(word), "{}", said.message);
        let status = town.decide(Person::ApproverAdmin, &request, "Approve").await;
        assert_eq!((status.outcome, status.code.as_deref()), (Some(DecisionOutcome::Refused), Some(code)));
        town.decide(Person::Zhang, &request, "Withdraw").await;
        town.await_phase(&request, Phase::Withdrawn).await;
    }
    town.settles().await;
}

#[tokio::test]
async fn a_stranger_neither_sees_nor_asks() {
    let (town, application) = with_application("stranger").await;
    town.create(Person::CloudAdmin, department("stranger-other", json!({"members": {"users": [Person::Chen.user()]}})))
        .await;
    town.await_department("stranger-other", READY, "Serving").await;
    let chen = town.cluster.client(Person::Chen).await;
    let mut object = town.request_object("Change", &application, amounts("5", "8G", "1T"));
    object["spec"]["requester"] = json!(Person::Chen.user());
    let message = refusal("chen asks for another department", object::create(&chen, object).await);
    assert!(message.contains("cannot create resource"), "{message}");
    let allocations: Api<resources::v1alpha1::Allocation> = Api::namespaced(chen, &town.namespace());
    refusal("chen looks at another department", allocations.get(&application).await);
}

#[tokio::test]
async fn an_application_gets_quota_in_a_second_pool() {
    let (town, application) = with_application("second").await;
    town.create(Person::CloudAdmin, tests::town::pool("second-pool", amounts("8", "8G", "1T"))).await;
    let mut object = town.request_object("New", &application, amounts("2", "2G", "0G"));
    object["spec"]["pool"] = json!("second-pool");
    let request = town.send(Person::Zhang, object).await;
    town.approve(&request).await;
    let further = format!("{application}-second-pool");
    town.await_allocation(&further, ENFORCED, "Enforced").await;
    let allocation = town.allocation(&further).await;
    assert_eq!(allocation.name_any(), further);
    assert_eq!(town.quota(&format!("app-{further}")).await.enforced, Some(bundle(&amounts("2", "2G", "0G"))));
    town.settles().await;
}
