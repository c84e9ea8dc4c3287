//! Invariant B as far as the ledger knows it: quotas follow the ledger late, and still no
//! allocation can use more than its granted and draining, at any moment.
//!
//! The cluster here is as unhelpful as the design allows: two operators act on what they read a
//! while ago, the API server enforces a new limit later than it was written, pods come whenever a
//! limit lets them, evidence is delivered late and more than once, namespaces vanish.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{AllocationKey, Ask, Bundle, Decision, Department, Ledger, Request, Sequence, Shares, decide};
use proptest::prelude::*;

const NAMESPACES: [&str; 3] = ["app-a", "app-b", "app-c"];
const OPERATORS: usize = 2;
const CAPACITY: u64 = 12;

/// A namespace's ResourceQuota, and what runs there.
#[derive(Clone, Debug)]
struct Quota {
    /// Identity of the object: a namespace that is made again gets another quota.
    uid: u32,
    /// Revision of the entry that the quota was last written for.
    fence: u64,
    spec: Bundle,
    /// What the API server enforces; follows `spec` later.
    status: Bundle,
    used: Bundle,
}

/// An operator between reading and writing, for one namespace.
#[derive(Clone, Debug)]
enum Plan {
    /// It has read the quota's identity and fence, or that there is none.
    Fence(Option<(u32, u64)>),
    /// It has then read the ledger: the share and the entry's revision.
    Share(Option<(u32, u64)>, Bundle, u64),
}

#[derive(Clone, Debug)]
enum Step {
    Target(Vec<(usize, Bundle)>),
    Hold(Bundle),
    Unhold,
    Remove,
    /// The next thing this operator does for this namespace: read, read, write.
    Act {
        operator: usize,
        namespace: usize,
    },
    /// The API server takes notice of the quota's spec.
    Settle(usize),
    /// Pods come or go, as far as the enforced limit allows.
    Run(usize, Bundle),
    Delete(usize),
    /// An operator gathers the proof that a release needs, if it is to be had.
    Gather,
    /// A proof gathered some time ago arrives at the ledger.
    Release(usize),
    /// A whole round of an operator that isn't disturbed.
    Follow,
}

#[derive(Clone, Debug)]
struct Cluster {
    ledger: Ledger,
    quotas: BTreeMap<&'static str, Quota>,
    plans: BTreeMap<(usize, &'static str), Plan>,
    proofs: Vec<Ask>,
    /// Objects made so far, allocations and quotas.
    objects: u32,
    /// Identity of the allocation's object.
    uid: u32,
}

fn allocation() -> AllocationKey {
    AllocationKey::new("dept-d", "a")
}

impl Cluster {
    fn new() -> Self {
        let department = ("d", Department { generation: 1, ..Department::default() });
        let ledger = Ledger {
            capacity: Bundle::new(CAPACITY, CAPACITY, CAPACITY),
            departments: std::iter::once(department).collect(),
            ..Ledger::default()
        };
        Self { ledger, quotas: BTreeMap::new(), plans: BTreeMap::new(), proofs: Vec::new(), objects: 1, uid: 0 }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Target(shares) => self.target(shares),
            Step::Hold(target) => self.ask(Ask::Hold {
                allocation: allocation(),
                request: "request".to_owned(),
                uid: "request-uid".to_owned(),
                decision: format!("decision-{}", self.ledger.revision),
                target: *target,
            }),
            Step::Unhold => self.ask(Ask::Unhold { allocation: allocation(), uid: "request-uid".to_owned() }),
            Step::Remove => self.ask(Ask::Remove { allocation: allocation(), uid: format!("uid-{}", self.uid) }),
            Step::Act { operator, namespace } => self.act(*operator, NAMESPACES[*namespace]),
            Step::Settle(namespace) => self.settle(NAMESPACES[*namespace]),
            Step::Run(namespace, pods) => self.run(NAMESPACES[*namespace], *pods),
            Step::Delete(namespace) => {
                self.quotas.remove(NAMESPACES[*namespace]);
            }
            Step::Gather => self.proofs.extend(self.proof()),
            Step::Release(index) => {
                if let Some(proof) = self.proofs.get(*index) {
                    self.ask(proof.clone());
                }
            }
            Step::Follow => self.follow(),
        }
    }

    fn ask(&mut self, ask: Ask) {
        self.ledger = decide(&self.ledger, &[Request { ask, at_ms: 0 }], Sequence::Unordered).ledger;
    }

    /// The allocation's object, written anew if the last one is gone; it names the decision whose
    /// hold there is.
    fn target(&mut self, shares: &[(usize, Bundle)]) {
        let entry = self.ledger.entries.get(&allocation());
        if entry.is_none() {
            (self.uid, self.objects) = (self.objects, self.objects + 1);
        }
        self.ask(Ask::Target {
            allocation: allocation(),
            uid: format!("uid-{}", self.uid),
            generation: entry_generation(&self.ledger) + 1,
            shares: shares.iter().map(|(index, share)| (NAMESPACES[*index].to_owned(), *share)).collect(),
            decision: self.ledger.entries.get(&allocation()).and_then(|e| Some(e.hold.as_ref()?.decision.clone())),
        });
    }

    fn act(&mut self, operator: usize, namespace: &'static str) {
        let entry = self.ledger.entries.get(&allocation());
        let share = || Some((entry?.quotas().find(|(name, _)| *name == namespace)?.1, entry?.revision));
        match self.plans.remove(&(operator, namespace)) {
            None => {
                let fence = self.quotas.get(namespace).map(|quota| (quota.uid, quota.fence));
                self.plans.insert((operator, namespace), Plan::Fence(fence));
            }
            Some(Plan::Fence(fence)) => {
                if let Some((share, revision)) = share() {
                    self.plans.insert((operator, namespace), Plan::Share(fence, share, revision));
                }
            }
            Some(Plan::Share(fence, share, revision)) => self.write(namespace, fence, share, revision),
        }
    }

    /// A write tests the identity and the fence that were read: the fence alone could be on a quota
    /// that an operator has made since from what it read long ago. A quota is created with nothing
    /// in it.
    fn write(&mut self, namespace: &'static str, read: Option<(u32, u64)>, share: Bundle, revision: u64) {
        match (self.quotas.get_mut(namespace), read) {
            (Some(quota), Some(read)) if (quota.uid, quota.fence) == read => {
                (quota.spec, quota.fence) = (share, revision);
            }
            (None, None) => {
                let (uid, nothing) = (self.objects, Bundle::ZERO);
                self.objects += 1;
                let quota = Quota { uid, fence: revision, spec: nothing, status: nothing, used: nothing };
                self.quotas.insert(namespace, quota);
            }
            _ => {}
        }
    }

    fn settle(&mut self, namespace: &str) {
        if let Some(quota) = self.quotas.get_mut(namespace) {
            quota.status = quota.spec;
        }
    }

    /// Use may go down freely, and up as far as the enforced limit.
    fn run(&mut self, namespace: &str, pods: Bundle) {
        if let Some(quota) = self.quotas.get_mut(namespace) {
            quota.used = pods.min(quota.status.max(quota.used));
        }
    }

    /// What each namespace uses, once every quota carries the entry's revision and is enforced.
    fn proof(&self) -> Option<Ask> {
        let entry = self.ledger.entries.get(&allocation())?;
        let (mut used, mut gone) = (Shares::new(), BTreeSet::new());
        for (namespace, share) in entry.quotas() {
            match self.quotas.get(namespace) {
                None => {
                    gone.insert(namespace.to_owned());
                }
                Some(quota) if quota.fence == entry.revision && quota.status.fits_within(share) => {
                    used.insert(namespace.to_owned(), quota.used);
                }
                Some(_) => return None,
            }
        }
        Some(Ask::Release { allocation: allocation(), revision: entry.revision, used, gone })
    }

    fn follow(&mut self) {
        self.plans.retain(|(operator, _), _| *operator != 0);
        for namespace in NAMESPACES {
            // A quota that isn't there is created first, and raised by a plan of its own.
            for _ in 0..6 {
                self.act(0, namespace);
            }
            self.plans.remove(&(0, namespace));
            self.settle(namespace);
        }
        if let Some(proof) = self.proof() {
            self.ask(proof);
        }
    }

    /// What the allocation could use at this moment, and what the ledger has counted for it.
    fn usable_and_counted(&self) -> (Bundle, Bundle) {
        let usable = |quota: &Quota| quota.spec.max(quota.status).max(quota.used);
        let position = self.ledger.entries.get(&allocation()).map(ledger::Entry::position).unwrap_or_default();
        (self.quotas.values().map(usable).sum(), position.granted.plus(position.draining))
    }
}

fn entry_generation(ledger: &Ledger) -> i64 {
    ledger.entries.get(&allocation()).map_or(0, |entry| entry.generation)
}

fn any_step() -> impl Strategy<Value = Step> {
    let bundle = || (0..7_u64, 0..7_u64).prop_map(|(cpu, memory)| Bundle::new(cpu, memory, 0));
    let namespace = || 0..NAMESPACES.len();
    let shares = proptest::collection::btree_map(namespace(), bundle(), 0..3);
    prop_oneof![
        6 => shares.prop_map(|shares| Step::Target(shares.into_iter().collect())),
        1 => bundle().prop_map(Step::Hold),
        1 => Just(Step::Unhold),
        1 => Just(Step::Remove),
        12 => (0..OPERATORS, namespace()).prop_map(|(operator, namespace)| Step::Act { operator, namespace }),
        4 => namespace().prop_map(Step::Settle),
        6 => (namespace(), bundle()).prop_map(|(namespace, pods)| Step::Run(namespace, pods)),
        1 => namespace().prop_map(Step::Delete),
        3 => Just(Step::Gather),
        3 => (0..6_usize).prop_map(Step::Release),
        4 => Just(Step::Follow),
    ]
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(any_step(), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_can_be_used_that_isn_t_counted(steps in history()) {
        let mut cluster = Cluster::new();
        for step in steps {
            cluster.take(&step);
            let (usable, counted) = cluster.usable_and_counted();
            prop_assert!(usable.fits_within(counted), "{step:?}: {usable:?} usable, {counted:?} counted\n{cluster:#?}");
            prop_assert!(cluster.ledger.audit().findings.is_empty());
        }
    }

    /// The other half: what is free of use does come back, from wherever things stand.
    #[test]
    fn everything_comes_back_in_the_end(steps in history()) {
        let mut cluster = Cluster::new();
        for step in steps {
            cluster.take(&step);
        }
        for namespace in NAMESPACES {
            cluster.run(namespace, Bundle::ZERO);
        }
        cluster.follow();
        if let Some(entry) = cluster.ledger.entries.get(&allocation()) {
            prop_assert_eq!((entry.draining, entry.dropped.len()), (Bundle::ZERO, 0), "{:#?}", cluster);
        }
        cluster.take(&Step::Remove);
        cluster.take(&Step::Unhold);
        cluster.follow();
        prop_assert!(cluster.ledger.entries.is_empty(), "{:#?}", cluster);
        prop_assert_eq!(cluster.ledger.free(), cluster.ledger.capacity);
    }
}

/// Two operators that slept through the end of a namespace: one makes its quota again from what it
/// read, the other raises it from what it read. Each fence fits; only the identity doesn't.
#[test]
fn a_quota_that_was_made_again_isn_t_raised_by_an_old_plan() {
    let mut cluster = Cluster::new();
    let act = |operator, namespace| Step::Act { operator, namespace };
    let five = Bundle::new(5, 5, 0);
    let mut take = |steps: &[Step]| steps.iter().for_each(|step| cluster.take(step));
    take(&[Step::Target(vec![(0, five)]), Step::Follow]);
    // One has read the quota and the share; the namespace goes; the other has read that it is gone.
    take(&[act(1, 0), act(1, 0), Step::Delete(0), act(0, 0), act(0, 0)]);
    // Meanwhile the share moves to another namespace, and it is proven that the first one is gone.
    let raise = [act(0, 1), act(0, 1), act(0, 1)];
    take(&[Step::Target(vec![(1, five)])]);
    take(&[raise.as_slice(), raise.as_slice(), &[Step::Settle(1), Step::Gather, Step::Release(0)]].concat());
    // Now both wake up.
    take(&[act(0, 0), act(1, 0), Step::Settle(0)]);
    assert!(cluster.quotas.contains_key("app-a"), "it was made again");
    assert_eq!(cluster.usable_and_counted(), (five, five));
}

/// The world above must be able to get anywhere at all.
#[test]
fn an_undisturbed_round_enforces_a_grant_and_returns_a_shrink() {
    let mut cluster = Cluster::new();
    let five = Bundle::new(5, 5, 0);
    cluster.take(&Step::Target(vec![(0, five)]));
    cluster.follow();
    cluster.run("app-a", five);
    assert_eq!(cluster.usable_and_counted(), (five, five));
    cluster.take(&Step::Target(vec![(0, Bundle::new(2, 2, 0))]));
    cluster.follow();
    assert_eq!(cluster.usable_and_counted(), (five, five), "three are still in use");
    cluster.run("app-a", Bundle::new(3, 3, 0));
    cluster.follow();
    assert_eq!(cluster.usable_and_counted(), (Bundle::new(3, 3, 0), Bundle::new(3, 3, 0)));
    let asked = Request {
        ask: Ask::Target {
            allocation: AllocationKey::new("dept-d", "b"),
            uid: "uid-b".to_owned(),
            generation: 1,
            shares: Shares::from([("app-b-of-another".to_owned(), Bundle::new(CAPACITY - 3, 0, 0))]),
            decision: None,
        },
        at_ms: 0,
    };
    let decided = decide(&cluster.ledger, &[asked], Sequence::Unordered);
    assert!(matches!(decided.decisions[0], Decision::Grant { .. }));
}
