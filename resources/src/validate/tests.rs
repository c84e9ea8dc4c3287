use serde_json::{Value, json};

use super::*;
use crate::v1alpha1::{NamespaceShare, QuotaRequest};

fn good() -> Value {
    json!({
        "requester": "zhang@civil-affairs", "type": "Change", "application": "marriage-registry", "pool": "cec",
        "resources": {"cpu": "72", "memory": "128G", "storage": "10T"},
        "justification": "more couples register in May than before"
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut spec = good();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = if parent.is_empty() { &mut spec } else { spec.pointer_mut(parent).unwrap() };
    parent[key] = value;
    spec
}

/// Each bad input gets the same verdict from our sentences and from the rules in the CRD.
#[test]
fn a_bad_request_is_named_by_its_field_and_refused_by_the_rules_too() {
    let zero = json!({"cpu": "0", "memory": "0G", "storage": "0"});
    let new = |grade: i32| json!({"displayName": "x", "tier": "Municipal", "securityGrade": grade});
    let mut new_of_four = with("/type", json!("New"));
    new_of_four["newApplication"] = new(4);
    let mut release = with("/type", json!("Release"));
    release["resources"]["storage"] = json!("0");
    let cases = [
        (with("/resources/memory", json!("128")), "spec.resources.memory", "AmountWithoutUnit"),
        (with("/resources/memory", json!("128GB")), "spec.resources.memory", "AmountUnit"),
        (with("/resources/storage", json!("1.5T")), "spec.resources.storage", "AmountFraction"),
        (with("/resources/memory", json!("1e3")), "spec.resources.memory", "AmountExponent"),
        (with("/resources/cpu", json!("-8")), "spec.resources.cpu", "AmountNegative"),
        (with("/resources/cpu", json!("1e3")), "spec.resources.cpu", "AmountExponent"),
        (with("/resources/cpu", json!("100000000000")), "spec.resources.cpu", "AmountTooLarge"),
        (with("/resources/storage", json!("100000T")), "spec.resources.storage", "AmountTooLarge"),
        (with("/resources", zero), "spec.resources", "AllZero"),
        (release, "spec.resources", "NotZero"),
        (with("/newApplication", new(2)), "spec.newApplication", "OnlyWithNew"),
        (new_of_four, "spec.newApplication.securityGrade", "GradeTooHigh"),
        (with("/application", json!("Marriage_Registry")), "spec.application", "Name"),
        (with("/period", json!({"start": "2026-12-01", "end": "2026-11-30"})), "spec.period.end", "EndBeforeStart"),
        (with("/period", json!({"start": "1 Dec"})), "spec.period.start", "Date"),
    ];
    for (spec, field, code) in cases {
        let object: QuotaRequest = serde_json::from_value(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest", "metadata": {"name": "qr-1"}, "spec": spec
        }))
        .unwrap();
        let violations = request(&object.spec);
        let found: Vec<_> = violations.iter().map(|v| (v.field.as_str(), v.cause.code())).collect();
        assert_eq!(found, [(field, code)], "{spec}");
        assert!(object.validate_cel().is_err(), "the rules accept {spec}");
    }
}

#[test]
fn a_good_request_passes_both() {
    let object: QuotaRequest = serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest", "metadata": {"name": "qr-1"}, "spec": good()
    }))
    .unwrap();
    assert_eq!(request(&object.spec), []);
    object.validate_cel().unwrap();
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let mut spec = with("/resources/memory", json!("128"));
    spec["justification"] = json!("short");
    spec["pool"] = json!("");
    let spec: QuotaRequestSpec = serde_json::from_value(spec).unwrap();
    let violations = request(&spec);
    assert_eq!(fields(&violations), BTreeSet::from(["spec.justification", "spec.pool", "spec.resources.memory"]));
}

#[test]
fn the_shares_of_an_allocation_add_up() {
    let amounts = |cpu: &str| Resources { cpu: cpu.into(), memory: "8G".into(), storage: "0".into() };
    let share = |name: &str, cpu: &str| NamespaceShare { name: name.into(), share: Some(amounts(cpu)) };
    let spec = |namespaces| AllocationSpec {
        application: "a".into(),
        pool: "p".into(),
        resources: Resources { cpu: "6".into(), memory: "16G".into(), storage: "0".into() },
        namespaces,
        lease: None,
        decision: None,
    };
    assert_eq!(shares(&spec(vec![])).unwrap().keys().collect::<Vec<_>>(), ["app-a"]);
    assert_eq!(shares(&spec(vec![share("app-x", "4"), share("app-y", "2")])).unwrap().len(), 2);
    let cases = [
        (vec![share("app-x", "4"), share("app-y", "3")], "spec.namespaces"),
        (vec![share("app-x", "4"), share("app-x", "2")], "spec.namespaces[1].name"),
        (vec![share("app-x", "4"), share("app-y", "2.5")], "spec.namespaces[1].share.cpu"),
        (vec![share("app-x", "4"), NamespaceShare { name: "app-y".into(), share: None }], "spec.namespaces[1].share"),
    ];
    for (namespaces, field) in cases {
        let violations = shares(&spec(namespaces)).unwrap_err();
        assert_eq!(fields(&violations), BTreeSet::from([field]));
    }
}

/// The API server counts characters by the kind's schema: both bounds are the same.
#[test]
fn texts_are_as_long_as_the_kind_lets_them_be() {
    let crd = serde_json::to_value(<QuotaRequest as kube::CustomResourceExt>::crd()).unwrap();
    let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties").unwrap();
    let new = |field: &str, text: &str| {
        let mut spec = with("/type", json!("New"));
        spec["newApplication"] = json!({"displayName": "x", "tier": "Municipal", "securityGrade": 2});
        spec["newApplication"][field] = json!(text);
        spec
    };
    let contact = |field: &str, text: &str| {
        let mut spec = new("description", "");
        spec["newApplication"]["contact"] = json!({field: text});
        spec
    };
    type Write<'a> = Box<dyn Fn(&str) -> Value + 'a>;
    let mut cases: Vec<(String, String, Write)> = Vec::new();
    for field in ["users", "concurrency", "dataVolume", "approvalNumber", "funding"] {
        let write = move |text: &str| with("/basis", json!({field: text}));
        cases.push((format!("spec.basis.{field}"), format!("/basis/properties/{field}"), Box::new(write)));
    }
    for field in ["displayName", "description"] {
        let (path, at) = (format!("spec.newApplication.{field}"), format!("/newApplication/properties/{field}"));
        cases.push((path, at, Box::new(move |text: &str| new(field, text))));
    }
    for field in ["name", "phone", "email"] {
        let at = format!("/newApplication/properties/contact/properties/{field}");
        let write = move |text: &str| contact(field, text);
        cases.push((format!("spec.newApplication.contact.{field}"), at, Box::new(write)));
    }
    for field in ["label", "value"] {
        let (path, at) = (format!("spec.details[0].{field}"), format!("/details/items/properties/{field}"));
        let write = move |text: &str| {
            let mut line = json!({"label": "l", "value": "v"});
            line[field] = json!(text);
            with("/details", json!([line]))
        };
        cases.push((path, at, Box::new(write)));
    }
    let found = |spec: Value| {
        let spec: QuotaRequestSpec = serde_json::from_value(spec).unwrap();
        request(&spec).into_iter().map(|v| (v.field, v.cause.code())).collect::<Vec<_>>()
    };
    for (field, at, write) in cases {
        let max = schema.pointer(&at).and_then(|text| text["maxLength"].as_u64()).unwrap_or_else(|| panic!("{at}"));
        let max = usize::try_from(max).unwrap();
        assert_eq!(found(write(&"核".repeat(max))), [], "{field}");
        assert_eq!(found(write(&"核".repeat(max + 1))), [(field, "Length")]);
    }
    let lines = |count: usize| with("/details", json!(vec![json!({"label": "l", "value": ""}); count]));
    let most = usize::try_from(schema.pointer("/details/maxItems").unwrap().as_u64().unwrap()).unwrap();
    assert_eq!(found(lines(most)), []);
    assert_eq!(found(lines(most + 1)), [("spec.details".to_owned(), "TooMany")]);
    assert_eq!(
        found(with("/details", json!([{"label": "", "value": ""}]))),
        [("spec.details[0].label".to_owned(), "Missing")]
    );
}
