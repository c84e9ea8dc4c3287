//! What is left when nothing is under way any more.

use serde_json::{Value, json};

use super::{Story, and, entry, ledger};
use crate::decode::samples;

fn allocation(cpu: &str, generation: i64, granted: &str) -> Value {
    let amounts = |cpu: &str| json!({"cpu": cpu, "memory": "0", "storage": "0"});
    json!({
        "metadata": {"uid": "x-uid", "generation": generation},
        "spec": {"application": "x", "pool": "cec", "resources": amounts(cpu)},
        "status": {"granted": amounts(granted)},
    })
}

const OBJECT: &str = "yunheng.io/allocations/dept-a/x";

fn begin(entry: Value, object: Option<Value>) -> Story {
    let mut story = Story::begin();
    story.ledger(&ledger(1, &[entry]));
    if let Some(object) = object {
        story.put(OBJECT, &object);
    }
    story
}

#[test]
fn a_grant_is_somebody_s() {
    let eight = || entry("x", 1, 8_000, 0, 0);
    begin(eight(), Some(allocation("8", 1, "8"))).expect_quiet_end(&[]);
    // Nobody's; another's; and at the same generation another amount than it asks for.
    begin(eight(), None).expect_quiet_end(&["granted to nobody"]);
    let other = and(allocation("8", 1, "0"), &json!({"metadata": {"uid": "other", "generation": 1}}));
    begin(eight(), Some(other)).expect_quiet_end(&["granted to nobody"]);
    begin(eight(), Some(allocation("9", 1, "8"))).expect_quiet_end(&["asks for cpu 9"]);
    // One that asks for more and waits keeps what it has.
    begin(eight(), Some(allocation("9", 2, "8"))).expect_quiet_end(&[]);
    // A grant that its object knows of and no ledger.
    let mut lost = Story::begin();
    lost.ledger(&ledger(1, &[])).put(OBJECT, &allocation("8", 1, "8")).expect_quiet_end(&["no ledger's entry"]);
}

#[test]
fn what_drains_is_in_use() {
    let draining = || begin(entry("x", 1, 8_000, 0, 2_000), Some(allocation("8", 1, "8")));
    draining().expect_quiet_end(&["cpu 2"]);
    draining().pod("app-x", "p", "9").expect_quiet_end(&["cpu 1"]);
    draining().pod("app-x", "p", "10").expect_quiet_end(&[]);
    let spent = json!({"leaving": true, "namespaces": [{"name": "app-x", "dropped": true}]});
    begin(and(entry("x", 1, 0, 0, 0), &spent), None).expect_quiet_end(&["although it has nothing"]);
}

#[test]
fn what_is_held_is_for_a_request_on_its_way() {
    let hold = json!({"hold": {"request": "qr-1", "uid": "qr-uid", "decision": "qd-1"}});
    let held = || begin(and(entry("x", 1, 8_000, 1_000, 0), &hold), Some(allocation("8", 1, "8")));
    let request = |phase: &str| {
        json!({"metadata": {"uid": "qr-uid"}, "status": {"phase": phase}, "spec": {"application": "x", "pool": "cec",
            "resources": {"cpu": "9", "memory": "0", "storage": "0"}}})
    };
    held().expect_quiet_end(&["held for no request"]);
    held().put("yunheng.io/quotarequests/dept-a/qr-1", &request("Active")).expect_quiet_end(&["held for no request"]);
    held().put("yunheng.io/quotarequests/dept-a/qr-1", &request("Approved")).expect_quiet_end(&[]);
    // While something is under way nobody asks.
    held().pod("app-x", "p", "1").expect(&[]);
}

#[test]
fn an_object_that_can_t_be_read_stops_everything() {
    let mut story = Story::begin();
    let key = "/registry/resourcequotas/app-x/yunheng".to_owned();
    for bytes in [b"k8s:enc:aescbc:v1:".to_vec(), b"{}".to_vec(), b"k8s\0\xff\xff".to_vec()] {
        let event = crate::Event { key: key.clone(), change: crate::Change::Updated(bytes) };
        assert!(story.world.apply(1, event).is_err());
    }
    // What isn't looked at needn't be read.
    story.create("secrets/app-x/s", b"k8s:enc:".to_vec()).create("events/app-x/e", samples::claim("1G")).expect(&[]);
}
