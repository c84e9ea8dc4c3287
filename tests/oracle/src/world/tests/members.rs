//! Quotas in one cluster, their ledger in another, and no order between the two.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Story, entry, ledger, with};
use crate::decode::samples;
use crate::report::Check::{B, Fence};
use crate::report::{Check, Report};
use crate::world::{Change, Event, Member};

/// The sample namespaces have this uid, kube-system among them.
const CLUSTER: &str = "n-uid";

fn hub(ledgers: &[Value]) -> Story {
    let mut story = Story::begin();
    for one in ledgers {
        story.ledger(&with(one.clone(), "clusterUid", json!(CLUSTER)));
    }
    story
}

/// What a member finds: its events are quotas of `app-x`, by fence, spec and status.
fn member(hub: &Story, quotas: &[(i64, &str, Option<&str>)], then: &[(&str, Change)]) -> Report {
    let mut member = Member::new(Arc::new(hub.world.promises()), true);
    let begin = [
        ("namespaces/kube-system", Change::Created(samples::namespace(false, false))),
        ("namespaces/app-x", Change::Created(samples::namespace(true, false))),
    ];
    let quotas = quotas.iter().map(|(fence, spec, status)| {
        let bytes = samples::quota(&format!("l-uid/{fence}"), spec, *status);
        ("resourcequotas/app-x/yunheng", Change::Updated(bytes))
    });
    for (revision, (key, change)) in (1..).zip(begin.into_iter().chain(quotas).chain(then.iter().cloned())) {
        member.apply(revision, Event { key: format!("/registry/{key}"), change }).expect("it can be read");
    }
    assert_eq!(member.cluster(), Some(CLUSTER));
    member.finish()
}

#[track_caller]
fn expect(report: &Report, expected: &[(Check, i64)]) {
    let found: Vec<_> = report.findings.iter().map(|one| (one.check, one.revision)).collect();
    assert_eq!(found, expected, "{report}");
}

fn shrink() -> [Value; 3] {
    [
        ledger(1, &[entry("x", 1, 10_000, 0, 0)]),
        ledger(2, &[entry("x", 2, 6_000, 0, 4_000)]),
        ledger(3, &[entry("x", 2, 6_000, 0, 0)]),
    ]
}

#[test]
fn the_hub_itself_leaves_them_alone() {
    let mut story = Story::begin();
    story.create("namespaces/kube-system", samples::namespace(false, false));
    story.ledger(&with(ledger(1, &[entry("x", 1, 10_000, 0, 0)]), "clusterUid", json!("other")));
    let report = story.quota("app-x", 1, "12", None).expect(&[]);
    assert_eq!(report.unread_pools, ["cec"]);
}

#[test]
fn a_quota_allows_at_most_the_share_of_its_fence() {
    let hub = hub(&shrink());
    let whole = [(1, "0", None), (1, "10", None), (1, "10", Some("10")), (2, "6", Some("10")), (2, "6", Some("6"))];
    expect(&member(&hub, &whole, &[]), &[]);
    let report = member(&hub, &[(1, "11", None), (2, "6", Some("6"))], &[]);
    expect(&report, &[(B, 3)]);
    assert_eq!(report.greatest[0].amount, 1_000);
    // Raised again after it had been lowered, under the lower fence.
    expect(&member(&hub, &[(2, "6", Some("6")), (2, "10", Some("6"))], &[]), &[(B, 4)]);
    // From the future, from nowhere, and back.
    expect(&member(&hub, &[(2, "6", Some("6")), (4, "6", Some("6"))], &[]), &[(Fence, 4)]);
    expect(&member(&hub, &[(2, "6", Some("6")), (1, "6", Some("6"))], &[]), &[(Fence, 4)]);
}

#[test]
fn a_release_is_borne_out_by_the_member() {
    let hub = hub(&shrink());
    // The spec was lowered and never enforced; the fence never came.
    for quotas in [[(1, "10", Some("10")), (2, "6", Some("10"))], [(1, "10", Some("10")), (1, "6", Some("6"))]] {
        let report = member(&hub, &quotas, &[]);
        expect(&report, &[(B, 4)]);
        assert!(report.findings[0].message.contains("ledger revision 3"), "{report}");
    }
    // A namespace that was gone needs no quota.
    let gone = [("resourcequotas/app-x/yunheng", Change::Deleted), ("namespaces/app-x", Change::Deleted)];
    expect(&member(&hub, &[(1, "10", Some("10"))], &gone), &[]);
}

/// What drains may be granted to the same allocation again: that gives nothing back.
#[test]
fn what_an_entry_takes_of_its_own_is_no_release() {
    let [first, second, _] = shrink();
    let hub = hub(&[first, second, ledger(3, &[entry("x", 3, 10_000, 0, 0)])]);
    expect(&member(&hub, &[(1, "10", Some("10")), (3, "10", Some("10"))], &[]), &[]);
}
