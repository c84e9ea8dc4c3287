use serde_json::json;
use unicode_width::UnicodeWidthStr;

use super::*;

/// One pool with the city's whole contract, of which `cpu` and `memory` are granted.
fn observed(cpu: u64, memory: u64) -> Observed {
    const G: u64 = 1_000_000_000;
    let meta = |name: &str| json!({"name": name, "uid": format!("uid-{name}"), "generation": 1});
    let pool = json!({
        "metadata": meta("whole"),
        "spec": {
            "displayName": "whole", "provider": {"name": "x", "code": "x"},
            "contract": {
                "id": "X", "start": "2020-01-01", "end": "2026-12-31", "text": "",
                "capacity": {"cpu": "23751", "memory": "31353G", "storage": "2143T"}
            },
            "cluster": {"local": {}}
        }
    });
    let line = json!({
        "allocation": "dept-civil/app", "uid": "uid-app", "generation": 1, "revision": 7,
        "namespaces": [{"name": "app-app"}], "granted": [cpu * 1_000, memory * G, 0]
    });
    let ledger = json!({
        "metadata": meta("whole"),
        "spec": {
            "revision": 7, "count": 1, "clusterUid": "c", "poolGeneration": 1,
            "capacity": {"cpuMillis": 23_751_000, "memoryBytes": 31_353 * G, "storageBytes": 2_143_000 * G},
            "entries": [line.to_string()], "journal": [], "ceilings": []
        }
    });
    Observed {
        pools: vec![serde_json::from_value(pool).unwrap()],
        ledgers: vec![serde_json::from_value(ledger).unwrap()],
        allocations: vec![],
    }
}

#[test]
fn the_missing_memory_of_a_full_pool_is_named() {
    let changes = parse("资源池,CPU,内存\nwhole,8,16G\n".as_bytes()).unwrap();
    let report = reckon(&changes, &observed(15_676, 31_353)).unwrap();
    assert!(!report.fits);
    assert_eq!((report.rows[0].verdict, report.rows[0].reasons[0].missing.as_deref()), ("Refused", Some("16G")));
    assert_eq!(report.pools[0].now.binding_resource, Some("memory"));
    assert_eq!(report.pools[0].now.stranded.cpu, "8075");
    let told = text(&report, Width::Narrow);
    assert!(told.contains("Refused") && told.contains("16G"), "{told}");
    assert!(told.lines().all(|line| line.width() <= table::COLUMNS), "{told}");
}

#[test]
fn new_ones_are_counted_and_the_pool_is_shown_afterwards() {
    let changes = parse(b"pool,count,cpu,memory,storage\nwhole,3,8,16G,1T\n").unwrap();
    let report = reckon(&changes, &observed(100, 200)).unwrap();
    assert!(report.fits && report.rows[0].fitting == 3);
    let after = &report.pools[0].after;
    assert_eq!((after.granted.cpu.as_str(), after.granted.memory.as_str()), ("124", "248G"));
}

#[test]
fn a_plan_with_faults_is_refused_with_all_of_them() {
    for (plan, expected) in [
        ("a,b\n1,2\n", "no column pool"),
        ("pool,mode,count\nwhole,Grow,x\n", "row 1, mode is \"Grow\""),
        ("pool,cpu\nwhole,1.5\n", "row 1, cpu has a fraction"),
        ("pool,cpu\nmars,1\n", "no pool mars"),
    ] {
        let told = match parse(plan.as_bytes()).and_then(|changes| reckon(&changes, &observed(1, 1)).map(drop)) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(expected), "{plan}: {told}");
    }
}
