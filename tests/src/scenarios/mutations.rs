//! For each step of the protocol a story in which it is what keeps the promise. With all steps in
//! place nothing may be found in any of them; with its step taken out each must be found.

use std::time::{Duration, Instant};

use futures::future::LocalBoxFuture;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use ledger::Bundle;
use serde_json::{Value, json};

use super::acts::create;
use crate::eventually::{SOON, eventually};
use crate::faults::without::Step;
use crate::object::{self, Place};
use crate::people::Person;
use crate::stage::World;
use crate::town::{Town, amounts, bundle};

/// A step, and the story without which nobody would miss it.
pub struct Mutation {
    pub step: Step,
    /// What must not happen, in a line.
    pub story: &'static str,
    /// Both operators act as leaders; only the first does without the step.
    pub both_lead: bool,
    /// Flags for the operators, from a world's name.
    pub flags: fn(&str) -> Vec<String>,
    /// Answers with what it has seen itself; the oracle says the rest.
    pub play: for<'a> fn(&'a World<'a>) -> LocalBoxFuture<'a, Vec<String>>,
}

/// How long a thing is watched that must not happen.
const A_WHILE: Duration = Duration::from_secs(6);

pub const MUTATIONS: &[Mutation] = &[
    Mutation {
        step: Step::FenceTest,
        story: "a raise that strayed arrives after its share was taken back and given to another",
        both_lead: false,
        flags: |name| vec![capture(name, "raise", "patch:resourcequotas", &format!("/app-{name}-a/"))],
        play: |world| Box::pin(stray_raise(world)),
    },
    Mutation {
        step: Step::UidTest,
        story: "a raise that strayed meets a quota that was made again with the old fence",
        both_lead: false,
        flags: |name| {
            let mut flags = remade(name);
            flags.push(capture(name, "raise", "patch:resourcequotas", &format!("/app-{name}-a/")));
            flags
        },
        play: |world| Box::pin(made_again(world, true)),
    },
    Mutation {
        step: Step::ZeroCreate,
        story: "a namespace and its quota that strayed are created after their share has moved",
        both_lead: false,
        flags: remade,
        play: |world| Box::pin(made_again(world, false)),
    },
    Mutation {
        step: Step::CompareAndSwap,
        story: "a commit that strayed arrives after others",
        both_lead: false,
        flags: |name| vec![capture(name, "commit", "update:poolledgers", &format!("//{name}/"))],
        play: |world| Box::pin(stray_commit(world)),
    },
    Mutation {
        step: Step::Drain,
        story: "what shrinks while its pods run is claimed by another",
        both_lead: false,
        flags: |_| Vec::new(),
        play: |world| Box::pin(shrink_in_use(world)),
    },
    Mutation {
        step: Step::EnforcedEvidence,
        story: "the API server still enforces what the quota no longer asks for",
        both_lead: false,
        flags: |_| Vec::new(),
        play: |world| Box::pin(slow_enforcement(world)),
    },
    Mutation {
        step: Step::UseEvidence,
        story: "what shrinks while its pods run is claimed by another",
        both_lead: false,
        flags: |_| Vec::new(),
        play: |world| Box::pin(shrink_in_use(world)),
    },
    Mutation {
        step: Step::FenceWrite,
        story: "a raise that strayed arrives after the raise was taken back before it was written",
        both_lead: false,
        flags: |name| {
            let rule = format!("patch:resourcequotas:/app-{name}-a/");
            let block = vec!["--block".to_owned(), format!("{name}-hold={rule}")];
            [vec![format!("--capture={name}-raise={rule}")], block].concat()
        },
        play: |world| Box::pin(raise_taken_back(world)),
    },
    Mutation {
        step: Step::LedgerRead,
        story: "one that slept makes a namespace again whose share was taken back, and raises it",
        both_lead: true,
        flags: |_| Vec::new(),
        play: |world| Box::pin(old_ledger(world)),
    },
];

fn capture(name: &str, gate: &str, request: &str, part: &str) -> String {
    format!("--capture={name}-{gate}={request}:{part}")
}

fn remade(name: &str) -> Vec<String> {
    vec![
        capture(name, "namespace", "create:namespaces", &format!("//app-{name}-a/")),
        capture(name, "quota", "create:resourcequotas", &format!("/app-{name}-a/")),
    ]
}

fn cores(cpu: u32) -> Value {
    amounts(&cpu.to_string(), "10G", "0G")
}

async fn pool<'a>(world: &'a World<'_>) -> Town<'a> {
    world.found(amounts("10", "100G", "1T")).await
}

/// A share that moves is counted at both places for a while.
async fn pool_for_a_move<'a>(world: &'a World<'_>) -> Town<'a> {
    world.found(amounts("20", "100G", "1T")).await
}

/// 8 of 10 cores go from one to another; the raise of the first arrives last.
async fn stray_raise(world: &World<'_>) -> Vec<String> {
    let (stage, name) = (world.stage, &world.name);
    let raise = format!("{name}-raise");
    stage.arm(&raise);
    let town = pool(world).await;
    let (a, b) = (format!("{name}-a"), format!("{name}-b"));
    town.allocate(&a, cores(8)).await;
    stage.await_caught(&raise).await;
    town.await_enforced(&a, "8", "10G", "0G").await;
    world.resize(&town, &a, cores(0), 0).await;
    town.settles().await;
    town.allocate(&b, cores(8)).await;
    town.await_enforced(&b, "8", "10G", "0G").await;
    told(stage.let_go(&raise).await, 422)
}

/// A share moves from one namespace to another, and the first is deleted. Then what made it, and
/// what raised it, arrives once more.
async fn made_again(world: &World<'_>, with_raise: bool) -> Vec<String> {
    let (stage, name) = (world.stage, &world.name);
    let gates: Vec<String> = ["namespace", "quota", "raise"].map(|gate| format!("{name}-{gate}")).into();
    let gates = &gates[..if with_raise { 3 } else { 2 }];
    gates.iter().for_each(|gate| stage.arm(gate));
    let town = pool_for_a_move(world).await;
    let a = format!("{name}-a");
    town.allocate(&a, cores(8)).await;
    for gate in gates {
        stage.await_caught(gate).await;
    }
    town.await_enforced(&a, "8", "10G", "0G").await;
    move_and_delete(world, &town, &a).await;
    // Both are made again. Whether the quota has anything is what the step decides.
    let mut seen = Vec::new();
    for (gate, expected) in gates.iter().zip([201, 201, 422]) {
        seen.extend(told(stage.let_go(gate).await, expected));
    }
    seen
}

/// The share moves to another namespace; the one that it leaves is deleted, and nothing drains.
async fn move_and_delete(world: &World<'_>, town: &Town<'_>, application: &str) {
    let other = json!({"spec": {"namespaces": [{"name": format!("app-{application}-other")}]}});
    town.change("Allocation", &town.namespace(), application, other).await;
    let namespace = world.namespace_of(application);
    // Not while it has anything: whoever deletes it looks first.
    eventually(SOON, format!("{namespace} has nothing left"), async || {
        let quota = town.quota(&namespace).await;
        if quota.bound() == Some(Bundle::ZERO) { Ok(()) } else { Err(format!("{quota:?}")) }
    })
    .await;
    delete_namespace(world, &namespace).await;
    let other = format!("{namespace}-other");
    eventually(SOON, format!("{other} has it all"), async || {
        let quotas = town.standing().await.quotas;
        let asked = quotas.get(&other).and_then(|quota| quota.enforced);
        if asked == Some(bundle(&cores(8))) { Ok(()) } else { Err(format!("{quotas:?}")) }
    })
    .await;
}

/// Deletes a namespace and waits until it is gone. One of its name may be there again then.
async fn delete_namespace(world: &World<'_>, namespace: &str) {
    let namespaces: Api<Namespace> = Api::all(world.stage.admin(0).clone());
    let uid = namespaces.get(namespace).await.expect("the namespace is there").uid();
    let place = Place { kind: "Namespace", namespace: "", name: namespace };
    let gone = object::delete(world.stage.admin(0), &place).await;
    gone.unwrap_or_else(|error| panic!("{namespace} is deleted: {error}"));
    eventually(SOON, format!("{namespace} is gone"), async || match namespaces.get_opt(namespace).await {
        Ok(found) if found.as_ref().and_then(ResourceExt::uid) != uid => Ok(()),
        other => Err(format!("{:?}", other.map(|found| found.map(|one| one.status)))),
    })
    .await;
}

/// A commit is caught; what it says is committed by another, and taken back, before it arrives.
async fn stray_commit(world: &World<'_>) -> Vec<String> {
    let (stage, name) = (world.stage, &world.name);
    let commit = format!("{name}-commit");
    let town = pool(world).await;
    let [a, b, c] = ["a", "b", "c"].map(|one| format!("{name}-{one}"));
    town.allocate(&a, cores(8)).await;
    town.await_enforced(&a, "8", "10G", "0G").await;
    stage.arm(&commit);
    town.allocate(&b, cores(1)).await;
    stage.await_caught(&commit).await;
    town.await_enforced(&b, "1", "10G", "0G").await;
    world.resize(&town, &a, cores(0), 0).await;
    town.settles().await;
    town.allocate(&c, cores(8)).await;
    town.await_enforced(&c, "8", "10G", "0G").await;
    told(stage.let_go(&commit).await, 409)
}

/// 8 cores become 2 while pods use 6; another wants 8.
async fn shrink_in_use(world: &World<'_>) -> Vec<String> {
    let town = pool(world).await;
    let [a, b] = ["a", "b"].map(|one| format!("{}-{one}", world.name));
    town.allocate(&a, cores(8)).await;
    town.await_enforced(&a, "8", "10G", "0G").await;
    let namespace = world.namespace_of(&a);
    eventually(SOON, format!("a pod starts in {namespace}"), async || {
        if world.start_pod(&namespace, "holder", "6", 0).await { Ok(()) } else { Err("refused") }
    })
    .await;
    world.resize(&town, &a, cores(2), 1).await;
    town.allocate(&b, cores(8)).await;
    let mut seen = Vec::new();
    watch_for(A_WHILE, async || {
        seen = more_in_use_than_counted(world, &town).await;
        !seen.is_empty()
    })
    .await;
    world.end_pod(&namespace, "holder", 1).await;
    seen
}

/// The quota controller is stopped while a share shrinks: the old amounts stay in force.
async fn slow_enforcement(world: &World<'_>) -> Vec<String> {
    let town = pool(world).await;
    let [a, b] = ["a", "b"].map(|one| format!("{}-{one}", world.name));
    town.allocate(&a, cores(8)).await;
    town.await_enforced(&a, "8", "10G", "0G").await;
    town.application(&b).await;
    world.stage.cluster.signal("kube-controller-manager", "STOP");
    world.resize(&town, &a, cores(2), 0).await;
    create(world.stage.client(Person::CloudAdmin, 0), town.allocation_object(&b, cores(8))).await;
    watch_for(A_WHILE, async || town.standing().await.ledger.position() == settled(cores(2), cores(8))).await;
    world.stage.cluster.signal("kube-controller-manager", "CONT");
    town.await_enforced(&b, "8", "10G", "0G").await;
    Vec::new()
}

/// Both have what they asked for, and nothing drains.
fn settled(one: Value, other: Value) -> ledger::Position {
    ledger::Position { granted: bundle(&one).plus(bundle(&other)), ..ledger::Position::default() }
}

/// 2 cores become 8 and 2 again before any quota was written; another is given the 8.
async fn raise_taken_back(world: &World<'_>) -> Vec<String> {
    let (stage, name) = (world.stage, &world.name);
    let (raise, hold) = (format!("{name}-raise"), format!("{name}-hold"));
    let town = pool(world).await;
    let [a, b] = ["a", "b"].map(|one| format!("{name}-{one}"));
    town.allocate(&a, cores(2)).await;
    town.await_enforced(&a, "2", "10G", "0G").await;
    town.settles().await;
    stage.shut(&hold, true);
    stage.arm(&raise);
    world.resize(&town, &a, cores(8), 0).await;
    stage.await_caught(&raise).await;
    world.resize(&town, &a, cores(2), 1).await;
    eventually(SOON, "the ledger has taken it back", async || {
        let position = town.standing().await.ledger.position();
        if position.granted == bundle(&cores(2)) { Ok(()) } else { Err(format!("{position:?}")) }
    })
    .await;
    stage.shut(&hold, false);
    town.allocate(&b, cores(8)).await;
    town.await_enforced(&b, "8", "10G", "0G").await;
    told(stage.let_go(&raise).await, 422)
}

/// Both lead, and one of them reads the ledger and falls asleep. The other takes a share back, and its
/// namespace is deleted. With it goes every fence that is newer than the old ledger: of those the
/// one that wakes up would see that its ledger is behind, and touch nothing.
async fn old_ledger(world: &World<'_>) -> Vec<String> {
    let (stage, gate) = (world.stage, format!("{}-ledger-read", world.name));
    let [first, second] = [&stage.operators[0], &stage.operators[1]];
    let town = pool(world).await;
    let a = format!("{}-a", world.name);
    town.allocate(&a, cores(8)).await;
    town.await_enforced(&a, "8", "10G", "0G").await;
    town.settles().await;
    // Who begins anew reads first: this is the ledger that gets old.
    stage.arm(&gate);
    first.kill();
    stage.await_caught(&gate).await;
    first.freeze();
    world.resize(&town, &a, amounts("0", "0G", "0G"), 1).await;
    eventually(SOON, format!("{a} has nothing left, and nothing drains"), async || {
        let position = town.settles().await.ledger.position();
        if position.total().is_zero() { Ok(()) } else { Err(format!("{position:?}")) }
    })
    .await;
    second.freeze();
    let namespace = world.namespace_of(&a);
    delete_namespace(world, &namespace).await;
    first.thaw();
    watch_for(A_WHILE, async || {
        let quotas = town.standing().await.quotas;
        quotas.get(&namespace).is_some_and(|quota| quota.bound().is_none_or(|bound| !bound.is_zero()))
    })
    .await;
    second.thaw();
    Vec::new()
}

/// Looks until it is there or the time is over.
async fn watch_for(time: Duration, mut is_there: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while begun.elapsed() < time && !is_there().await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Entries whose pods use more than is counted for them: what they use could be granted to another.
async fn more_in_use_than_counted(world: &World<'_>, town: &Town<'_>) -> Vec<String> {
    // The pods don't change meanwhile.
    let ledger = town.standing().await.ledger;
    let mut found = Vec::new();
    for (key, entry) in &ledger.entries {
        let mut used_millis = 0;
        for (namespace, _) in entry.quotas() {
            let pods: Api<Pod> = Api::namespaced(world.stage.admin(0).clone(), namespace);
            let pods = pods.list(&ListParams::default()).await.map(|list| list.items).unwrap_or_default();
            used_millis += pods.iter().map(millis_of).sum::<u64>();
        }
        let counted = entry.granted().plus(entry.draining).cpu;
        if used_millis > counted.get() {
            found.push(format!("{key} uses {used_millis} thousandths of a core, {} are counted for it", counted.get()));
        }
    }
    found
}

/// Of pods that ask for whole cores.
fn millis_of(pod: &Pod) -> u64 {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let requests = containers.filter_map(|one| one.resources.as_ref()?.requests.as_ref()?.get("cpu"));
    requests.filter_map(|text| text.0.parse::<u64>().ok()).sum::<u64>() * 1_000
}

/// An answer that the API server should have given otherwise.
fn told(answer: u16, expected: u16) -> Vec<String> {
    if answer == expected {
        Vec::new()
    } else {
        vec![format!("what strayed was answered with {answer}, not {expected}")]
    }
}
