//! Each check is seen to be silent where it should be, and to find its fault.

mod decisions;
mod ends;
mod limits;
mod members;
mod quotas;
mod returns;

use serde_json::{Value, json};

use super::{Change, Event, World};
use crate::decode::samples;
use crate::report::{Check, Report};

/// What happened, one revision after the other. Departments, pool and ledger have fixed names.
struct Story {
    world: World,
    revision: i64,
}

impl Story {
    /// A history from its first revision.
    fn begin() -> Self {
        Self { world: World::new(true), revision: 0 }
    }

    fn next(&mut self, key: &str, change: Change) -> &mut Self {
        self.revision += 1;
        let event = Event { key: format!("/registry/{key}"), change };
        self.world.apply(self.revision, event).expect("the object can be read");
        self
    }

    fn put(&mut self, key: &str, object: &Value) -> &mut Self {
        self.next(key, Change::Updated(object.to_string().into_bytes()))
    }

    fn create(&mut self, key: &str, bytes: Vec<u8>) -> &mut Self {
        self.next(key, Change::Created(bytes))
    }

    fn delete(&mut self, key: &str) -> &mut Self {
        self.next(key, Change::Deleted)
    }

    fn ledger(&mut self, ledger: &Value) -> &mut Self {
        self.put("yunheng.io/poolledgers/cec", ledger)
    }

    /// The managed quota of a namespace: its fence's revision, and cores of spec and status.
    fn quota(&mut self, namespace: &str, fence: i64, spec: &str, status: Option<&str>) -> &mut Self {
        let bytes = samples::quota(&format!("l-uid/{fence}"), spec, status);
        self.next(&format!("resourcequotas/{namespace}/yunheng"), Change::Updated(bytes))
    }

    fn managed(&mut self, namespace: &str) -> &mut Self {
        self.create(&format!("namespaces/{namespace}"), samples::namespace(true, false))
    }

    fn pod(&mut self, namespace: &str, name: &str, cpu: &str) -> &mut Self {
        self.create(&format!("pods/{namespace}/{name}"), samples::pod(cpu, "Pending"))
    }

    fn report(&mut self) -> Report {
        std::mem::replace(&mut self.world, World::new(true)).finish(false)
    }

    /// Which checks found something, and when.
    #[track_caller]
    fn expect(&mut self, expected: &[(Check, i64)]) -> Report {
        let report = self.report();
        let found: Vec<_> = report.findings.iter().map(|one| (one.check, one.revision)).collect();
        assert_eq!(found, expected, "{report}");
        report
    }

    #[track_caller]
    fn expect_quiet_end(&mut self, expected: &[&str]) {
        let report = std::mem::replace(&mut self.world, World::new(true)).finish(true);
        assert_eq!(report.findings.len(), expected.len(), "{report}");
        for (finding, part) in report.findings.iter().zip(expected) {
            assert_eq!(finding.check, Check::Leak, "{report}");
            assert!(finding.message.contains(part), "{report}");
        }
    }
}

/// A ledger of 100 cores with department `a` and these entries.
fn ledger(revision: i64, entries: &[Value]) -> Value {
    let lines: Vec<String> = entries.iter().map(ToString::to_string).collect();
    json!({
        "metadata": {"uid": "l-uid", "name": "cec"},
        "spec": {
            "revision": revision,
            "capacity": {"cpuMillis": 100_000, "memoryBytes": 0, "storageBytes": 0},
            "ceilings": [{"department": "a", "generation": 1}],
            "entries": lines,
        },
    })
}

/// The same with another part of the spec.
fn with(mut ledger: Value, field: &str, value: Value) -> Value {
    ledger["spec"][field] = value;
    ledger
}

/// An entry of `dept-a/<name>` with namespace `app-<name>`: its revision and thousandths of a core.
fn entry(name: &str, revision: i64, granted: i64, held: i64, draining: i64) -> Value {
    json!({
        "allocation": format!("dept-a/{name}"), "uid": format!("{name}-uid"), "generation": 1, "revision": revision,
        "granted": [granted, 0, 0], "held": [held, 0, 0], "draining": [draining, 0, 0],
        "namespaces": [format!("app-{name}")],
    })
}

/// An object with other fields beside those it has.
fn and(mut object: Value, fields: &Value) -> Value {
    for (key, value) in fields.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    object
}
