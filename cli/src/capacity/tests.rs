use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::*;

fn pool(name: &str, capacity: [&str; 3], granted: [&str; 3], free: [&str; 3]) -> ResourcePool {
    let amounts = |[cpu, memory, storage]: [&str; 3]| json!({"cpu": cpu, "memory": memory, "storage": storage});
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": {"name": name},
        "spec": {
            "displayName": "中电长城网际资源池", "provider": {"name": "中电长城网际", "code": name}, "sample": true,
            "contract": {"id": "x", "start": "2020-01-01", "end": "2026-12-31", "capacity": amounts(capacity), "text": "14251核, 18812G, 1286T"}
        },
        "status": {
            "capacity": amounts(capacity), "granted": amounts(granted), "free": amounts(free),
            "held": amounts(["8", "0G", "0T"]), "draining": amounts(["16", "0G", "0T"]),
            "requested": amounts(["0", "0G", "0T"]), "used": amounts(["4021250m", "7012345678901", "311T"]),
            "stranded": amounts(["2189", "0G", "220T"]), "bindingResource": "memory",
            "physical": {"cpu": "14300", "memory": "18900G", "simulated": true},
            "conditions": [{"type": "Ready", "status": "True", "reason": "Serving", "message": "", "lastTransitionTime": "2026-11-23T06:10:00Z"}]
        }
    }))
    .unwrap()
}

fn city() -> Vec<ResourcePool> {
    vec![
        pool("cec", ["14251", "18812G", "1286T"], ["8550", "15048G", "708T"], ["5677", "3764G", "578T"]),
        pool("inspur", ["9500", "12541G", "857T"], ["5700", "10034G", "470T"], ["3776", "2507G", "387T"]),
    ]
}

#[test]
fn the_total_is_the_citys_contract() {
    let report = report(&city(), true, Timestamp::UNIX_EPOCH);
    let total = report.total.unwrap();
    let known = |cpu: &str, memory: &str, storage: &str| Known {
        cpu: Some(cpu.into()),
        memory: Some(memory.into()),
        storage: Some(storage.into()),
    };
    assert_eq!(total.capacity, known("23751", "31353G", "2143T"));
    assert_eq!(total.granted, known("14250", "25082G", "1178T"));
    assert_eq!(total.binding_resource.as_deref(), Some("memory"));
    // Granted 14250 and draining 32 of 23751.
    assert_eq!(total.allocation_rate.cpu.as_deref(), Some("60.1"));
    // Nobody declares physical storage here: unknown isn't zero.
    assert_eq!(total.physical.storage, None);
    assert_eq!(total.physical.cpu.as_deref(), Some("28600"));
}

#[test]
fn the_table_fits_and_names_what_binds() {
    let report = report(&city(), true, Timestamp::UNIX_EPOCH);
    let text = text(&report, Width::Narrow);
    assert!(text.lines().all(|line| line.width() <= table::COLUMNS), "{text}");
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{text}"));
    assert!(line("cec ").contains("8550+16"), "{text}");
    assert!(text.contains("memory *"), "{text}");
    assert_eq!(line("total: "), "total: memory binds. Free but not grantable in today's mix: cpu 4378, storage 440T");
    assert!(text.contains("~7012G") && text.contains("~4021") && text.contains('-'), "{text}");
}

#[test]
fn a_pool_nobody_has_looked_at_has_no_numbers() {
    let mut new = city().remove(0);
    new.status = None;
    let report = report(&[new], false, Timestamp::UNIX_EPOCH);
    assert!(text(&report, Width::Narrow).contains("not ready: the operator hasn't looked at it yet"));
    assert_eq!(report.pools[0].numbers.free, Known::default());
}

#[test]
fn an_unknown_pool_is_answered_with_those_there_are() {
    let error = chosen(city(), Some("nowhere")).unwrap_err();
    assert_eq!(error.to_string(), "there is no pool nowhere. Pools: cec, inspur");
    assert_eq!(chosen(city(), Some("cec")).unwrap().len(), 1);
}
