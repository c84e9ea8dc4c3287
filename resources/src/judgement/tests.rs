use serde_json::{Value, json};

use super::*;

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn amounts(cpu: &str) -> Value {
    json!({"cpu": cpu, "memory": format!("{cpu}G"), "storage": "0"})
}

fn request(type_: &str, cpu: &str) -> QuotaRequestSpec {
    of(json!({
        "requester": "zhang", "type": type_, "application": "portal", "pool": "gov", "resources": amounts(cpu),
        "justification": "more people come than before"
    }))
}

/// What it has in `old` goes to `gov`.
fn moved(cpu: &str) -> QuotaRequestSpec {
    QuotaRequestSpec { move_from: Some("old".into()), ..request("Change", cpu) }
}

fn described(name: &str) -> QuotaRequestSpec {
    let new = json!({"displayName": name, "tier": "Municipal", "securityGrade": 2});
    QuotaRequestSpec { new_application: Some(of(new)), ..request("New", "8") }
}

fn allocation(name: &str, application: &str, pool: &str, cpu: &str) -> Allocation {
    of(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": {"namespace": "dept-a", "name": name},
        "spec": {"application": application, "pool": pool, "resources": amounts(cpu)}
    }))
}

fn deleted(mut allocation: Allocation) -> Allocation {
    allocation.metadata.deletion_timestamp = Some(of(json!("2026-11-23T06:00:00Z")));
    allocation
}

fn application() -> ApplicationSpec {
    of(json!({"displayName": "门户", "tier": "Municipal"}))
}

/// A department in which application `portal` exists and nothing is in the way.
struct World {
    pool_exists: bool,
    application: Option<ApplicationSpec>,
    allocations: Vec<Allocation>,
    /// Namespaces and whose they are.
    owners: Vec<(&'static str, Owner)>,
}

impl Default for World {
    fn default() -> Self {
        Self { pool_exists: true, application: Some(application()), allocations: Vec::new(), owners: Vec::new() }
    }
}

impl World {
    fn with(allocations: Vec<Allocation>) -> Self {
        Self { allocations, ..Self::default() }
    }

    /// The allocation's name and its namespaces, or the codes of what is in the way.
    fn says(&self, spec: &QuotaRequestSpec) -> Result<(String, Vec<String>), Vec<&'static str>> {
        let own: Vec<&Allocation> = self.allocations.iter().filter(|one| one.spec.application == "portal").collect();
        let named = |name: &str| self.allocations.iter().any(|one| one.metadata.name.as_deref() == Some(name));
        let owner = |wanted: &str| self.owners.iter().find(|(name, _)| *name == wanted).map(|(_, owner)| owner.clone());
        let beside = Beside {
            namespace: "dept-a",
            pool_exists: self.pool_exists,
            application: self.application.as_ref(),
            allocations: &own,
            named: &named,
            owner: &owner,
        };
        match judge(spec, &beside) {
            Ok(judged) => {
                Ok((judged.place.name, judged.namespaces.into_iter().map(|namespace| namespace.name).collect()))
            }
            Err(unfit) => Err(unfit.faults.iter().map(Fault::code).collect()),
        }
    }
}

fn owned_by(namespace: &str, name: &str) -> Owner {
    Owner::Allocation(AllocationKey::new(namespace, name))
}

#[test]
fn a_request_must_make_sense_beside_what_exists() {
    let has = || World::with(vec![allocation("portal", "portal", "gov", "8")]);
    let had = || World::with(vec![allocation("portal", "portal", "gov", "0")]);
    let leaves = || World::with(vec![deleted(allocation("portal", "portal", "gov", "8"))]);
    let unregistered = || World { application: None, ..World::default() };
    let no_pool = || World { pool_exists: false, ..has() };
    let fine = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(("portal".to_owned(), names))
    };
    let cases = [
        (request("New", "8"), World::default(), fine(&[])),
        (request("New", "8"), had(), fine(&[])),
        (request("New", "8"), has(), Err(vec!["AlreadyAllocated"])),
        (request("Change", "9"), has(), fine(&[])),
        (request("Change", "9"), World::default(), Err(vec!["NothingAllocated"])),
        (request("Change", "9"), had(), Err(vec!["NothingAllocated"])),
        (request("Change", "9"), leaves(), Err(vec!["NothingAllocated"])),
        (request("Renew", "8"), World::default(), Err(vec!["NothingAllocated"])),
        (request("Release", "0"), had(), Err(vec!["NothingAllocated"])),
        (request("Release", "0"), has(), fine(&[])),
        (request("Change", "9"), no_pool(), Err(vec!["UnknownPool"])),
        (request("New", "8"), unregistered(), Err(vec!["UnknownApplication"])),
        (request("Change", "8"), unregistered(), Err(vec!["UnknownApplication"])),
        (described("门户"), unregistered(), fine(&[])),
        // Another request has made it in the meantime.
        (described("门户"), World::default(), fine(&[])),
        (described("another"), World::default(), Err(vec!["ApplicationExists"])),
        (described("another"), has(), Err(vec!["ApplicationExists"])),
        // Everything at once, and nothing twice.
        (
            QuotaRequestSpec { justification: "short".into(), ..request("Change", "1.5") },
            World { pool_exists: false, application: None, ..World::default() },
            Err(vec!["Invalid", "Invalid", "Invalid", "UnknownPool", "UnknownApplication"]),
        ),
        (
            QuotaRequestSpec { pool: String::new(), application: "Portal".into(), ..request("Change", "8") },
            World { pool_exists: false, application: None, ..World::default() },
            Err(vec!["Invalid", "Invalid"]),
        ),
    ];
    for (spec, world, expected) in cases {
        assert_eq!(world.says(&spec), expected, "{spec:?}");
    }
}

#[test]
fn a_move_leaves_a_pool_for_another() {
    let has = |pools: &[(&str, &str, &str)]| {
        World::with(pools.iter().map(|(name, pool, cpu)| allocation(name, "portal", pool, cpu)).collect())
    };
    let fine = |name: &str, namespaces: &[&str]| {
        Ok((name.to_owned(), namespaces.iter().map(|name| (*name).to_owned()).collect()))
    };
    let mut in_gov = moved("8");
    in_gov.move_from = Some("gov".into());
    let cases = [
        (moved("8"), has(&[("portal", "old", "8")]), fine("portal-gov", &["app-portal-gov"])),
        // It was there before: the allocation that was left then is taken up again.
        (moved("8"), has(&[("portal", "gov", "0"), ("portal-old", "old", "8")]), fine("portal", &[])),
        (moved("8"), has(&[("portal", "old", "0")]), Err(vec!["NothingToMove"])),
        (moved("8"), has(&[("portal", "other", "8")]), Err(vec!["NothingToMove"])),
        (moved("8"), has(&[("portal", "old", "8"), ("portal-gov", "gov", "1")]), Err(vec!["AlreadyAllocated"])),
        (
            QuotaRequestSpec { type_: RequestType::New, ..moved("8") },
            has(&[("portal", "old", "8")]),
            Err(vec!["Invalid"]),
        ),
        (in_gov, has(&[("portal", "gov", "8")]), Err(vec!["Invalid", "AlreadyAllocated"])),
    ];
    for (spec, world, expected) in cases {
        assert_eq!(world.says(&spec), expected, "{spec:?}");
    }
}

#[test]
fn what_would_be_written_is_free_and_can_be_named() {
    let further = || World::with(vec![allocation("portal", "portal", "cec", "8")]);
    let owners = |owners| World { owners, ..World::default() };
    let new = || request("New", "8");
    let fine = |name: &str, namespace: &[&str]| {
        Ok((name.to_owned(), namespace.iter().map(|name| (*name).to_owned()).collect()))
    };
    let cases = [
        (new(), further(), fine("portal-gov", &["app-portal-gov"])),
        (
            new(),
            World::with(vec![
                allocation("portal", "portal", "cec", "8"),
                allocation("portal-gov", "portal-gov", "gov", "8"),
            ]),
            Err(vec!["NameTaken"]),
        ),
        (
            QuotaRequestSpec { pool: "p".repeat(52), ..new() },
            further(),
            fine(&format!("portal-{}", "p".repeat(52)), &[&format!("app-portal-{}", "p".repeat(52))]),
        ),
        (QuotaRequestSpec { pool: "p".repeat(58), ..new() }, further(), Err(vec!["NameTooLong"])),
        // Its own namespace, from an allocation that was there before.
        (new(), owners(vec![("app-portal", owned_by("dept-a", "portal"))]), fine("portal", &[])),
        (new(), owners(vec![("app-portal", owned_by("dept-b", "portal"))]), Err(vec!["NamespaceTaken"])),
        (new(), owners(vec![("app-portal", owned_by("dept-a", "other"))]), Err(vec!["NamespaceTaken"])),
        (new(), owners(vec![("app-portal", Owner::Stranger)]), Err(vec!["NamespaceTaken"])),
        (new(), owners(vec![("app-other", Owner::Stranger)]), fine("portal", &[])),
    ];
    for (spec, world, expected) in cases {
        assert_eq!(world.says(&spec), expected, "{spec:?}");
    }
    // What is taken from it must still be possible to give back.
    let taken = World {
        owners: vec![("app-portal", owned_by("dept-b", "portal"))],
        ..World::with(vec![allocation("portal", "portal", "gov", "8")])
    };
    assert_eq!(taken.says(&request("Change", "7")), fine("portal", &[]));
}

#[test]
fn a_new_total_is_shared_out() {
    let share = |name: &str, cpu: &str| json!({"name": name, "share": amounts(cpu)});
    let mut several = allocation("portal", "portal", "gov", "6");
    several.spec.namespaces = of(json!([share("app-x", "4"), share("app-y", "2")]));
    let own = [&several];
    let beside = Beside {
        namespace: "dept-a",
        pool_exists: true,
        application: Some(&application()),
        allocations: &own,
        named: &|_| true,
        owner: &|_| None,
    };
    let shares = |judged: Judged<'_>| -> Vec<String> {
        judged.namespaces.into_iter().map(|namespace| namespace.share.unwrap().cpu).collect()
    };
    assert_eq!(shares(judge(&request("Change", "9"), &beside).unwrap()), ["6", "3"]);
}

#[test]
fn an_allocation_is_found_by_what_it_is_for_never_by_its_name() {
    let found = |allocations: &[Allocation]| {
        let place = place("portal", "gov", allocations);
        (place.name, place.allocation.is_some(), place.is_further)
    };
    // An allocation of application `portal-gov`: its name is what a further one of portal would have.
    let other = || allocation("portal-gov", "portal-gov", "gov", "8");
    let odd = || allocation("by-hand", "portal", "gov", "8");
    let elsewhere = || allocation("portal", "portal", "cec", "8");
    let cases = [
        (vec![], ("portal", false, false)),
        (vec![other()], ("portal", false, false)),
        (vec![elsewhere(), other()], ("portal-gov", false, true)),
        (vec![elsewhere(), odd(), other()], ("by-hand", true, false)),
        (vec![allocation("a", "portal", "gov", "0"), odd()], ("by-hand", true, false)),
        (vec![deleted(allocation("a", "portal", "gov", "8")), odd()], ("by-hand", true, false)),
        (vec![odd(), allocation("a", "portal", "gov", "8")], ("a", true, false)),
    ];
    for (allocations, (name, exists, is_further)) in cases {
        assert_eq!(found(&allocations), (name.to_owned(), exists, is_further));
    }
}
