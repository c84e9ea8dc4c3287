//! Which writes bring the quotas to what the ledger says. No client, no clock.

use ledger::{Bundle, Entry};
use resources::{names, quota};

use super::observe::{Observed, Place, PlaceState};
use crate::member::Silence;
use crate::pool::verdicts::{Halt, Standing};

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create the namespace and in it a quota of zeros. Raising it is another plan.
    CreateNamespace { namespace: String },
    /// Take over a namespace whose allocation is gone and that has nothing left.
    Adopt { namespace: String, from: String },
    /// Create the quota with zeros and its fence. Raising it is another plan.
    CreateQuota { namespace: String, fence: String },
    /// Bring the quota to its share, provided that it is still the object that was read and carries
    /// the fence that was read. The fence alone isn't enough: a quota that was made again by
    /// somebody who slept may carry an old one.
    WriteQuota { namespace: String, uid: String, read_fence: String, fence: String, share: Bundle },
    /// The label for people: the quota is enforced now.
    SayReady { namespace: String },
}

/// Why a namespace can't be brought to what the ledger says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    NamespaceTaken {
        namespace: String,
        owner: String,
    },
    /// Its allocation is gone, and something of it may be out still.
    NamespaceLeft {
        namespace: String,
        owner: String,
    },
    NamespaceTerminating {
        namespace: String,
    },
    /// Nothing may be written for any allocation of the pool.
    PoolHalted {
        halt: Halt,
    },
    /// Nothing can be written, because the cluster doesn't answer.
    ClusterUnreachable {
        silence: Silence,
    },
    /// The quota's fence is from the ledger's future.
    LedgerBehindQuota {
        namespace: String,
        ledger: u64,
        fence: u64,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub blocked: Option<Blocked>,
    /// Every quota carries the entry's fence and enforces no more than its share, or its
    /// namespace is gone: what drains can be measured.
    pub lowered: bool,
}

#[must_use]
pub fn plan(observed: &Observed) -> Plan {
    let (Some(entry), Some(fence)) = (observed.entry(), observed.fence()) else { return Plan::default() };
    // What was read before the places is good enough to see that nothing is to do, not to write.
    if !observed.fresh {
        return Plan::default();
    }
    match &observed.standing {
        Standing::Open => {}
        // The pool's first pass says whether this ledger and this cluster belong together.
        Standing::Unknown => return Plan::default(),
        Standing::Halted(halt) => {
            return Plan { blocked: Some(Blocked::PoolHalted { halt: halt.clone() }), ..Plan::default() };
        }
    }
    if let Some(silence) = &observed.silence {
        return Plan { blocked: Some(Blocked::ClusterUnreachable { silence: silence.clone() }), ..Plan::default() };
    }
    // The pool's pass may not have seen yet that its cluster is another one.
    let known = observed.snapshot.as_ref().map(|snapshot| snapshot.cluster_uid.clone()).unwrap_or_default();
    if let Some(now) = observed.cluster_uid.clone().filter(|now| *now != known) {
        return Plan {
            blocked: Some(Blocked::PoolHalted { halt: Halt::ClusterChanged { known, now } }),
            ..Plan::default()
        };
    }
    let mut plan = Plan { lowered: true, ..Plan::default() };
    for (namespace, share) in entry.quotas() {
        let Some(place) = observed.places.get(namespace) else {
            // The ledger has got a namespace since the places were looked at: look again.
            plan.lowered = false;
            continue;
        };
        let look = Look { observed, entry, namespace, share, fence: &fence };
        look.at(place, &mut plan);
    }
    plan
}

/// One namespace of the entry.
struct Look<'a> {
    observed: &'a Observed,
    entry: &'a Entry,
    namespace: &'a str,
    share: Bundle,
    fence: &'a str,
}

impl Look<'_> {
    fn at(&self, place: &Place, plan: &mut Plan) {
        let namespace = self.namespace.to_owned();
        let wanted = !self.entry.dropped.contains(self.namespace);
        match &place.state {
            PlaceState::Absent if wanted => {
                plan.steps.push(Step::CreateNamespace { namespace });
                plan.lowered = false;
            }
            PlaceState::Absent => {}
            PlaceState::Abandoned { owner } if wanted => {
                plan.steps.push(Step::Adopt { namespace, from: owner.clone() });
                plan.lowered = false;
            }
            PlaceState::Left { owner } if wanted => {
                let owner = owner.clone();
                plan.blocked.get_or_insert(Blocked::NamespaceLeft { namespace, owner });
                plan.lowered = false;
            }
            PlaceState::Abandoned { owner } | PlaceState::Left { owner } | PlaceState::Taken { owner } => {
                let owner = owner.clone();
                plan.blocked.get_or_insert(Blocked::NamespaceTaken { namespace, owner });
                plan.lowered = false;
            }
            PlaceState::Terminating => {
                if wanted {
                    plan.blocked.get_or_insert(Blocked::NamespaceTerminating { namespace });
                }
                self.quota(place, plan);
            }
            PlaceState::Ours => self.quota(place, plan),
        }
    }

    fn quota(&self, place: &Place, plan: &mut Plan) {
        let namespace = self.namespace.to_owned();
        let Some(quota) = &place.quota else {
            // A new quota is refused in a namespace that is being deleted, and so are new pods.
            if place.state == PlaceState::Ours {
                plan.steps.push(Step::CreateQuota { namespace, fence: self.fence.to_owned() });
            }
            plan.lowered = false;
            return;
        };
        let read_fence = quota.fence.clone().unwrap_or_default();
        let ledger_uid = self.observed.snapshot.as_ref().map(|snapshot| snapshot.uid.as_str());
        if let Some((uid, revision)) = names::parse_fence(&read_fence)
            && Some(uid) == ledger_uid
            && revision > self.entry.revision
        {
            let (ledger, fence) = (self.entry.revision, revision);
            plan.blocked.get_or_insert(Blocked::LedgerBehindQuota { namespace, ledger, fence });
            plan.lowered = false;
            return;
        }
        let wanted = quota::hard(self.share, self.observed.limit_policy);
        let as_wanted = place.hard.as_ref().is_some_and(|hard| quota::same(hard, &wanted));
        if read_fence != self.fence || !as_wanted {
            let (uid, fence, share) = (quota.uid.clone(), self.fence.to_owned(), self.share);
            plan.steps.push(Step::WriteQuota { namespace, uid, read_fence, fence, share });
            plan.lowered = false;
            return;
        }
        if place.says_pending && quota.enforces(self.share, self.fence) && place.state == PlaceState::Ours {
            plan.steps.push(Step::SayReady { namespace });
        }
        plan.lowered &= quota.is_lowered_to(self.share, self.fence);
    }
}

#[cfg(test)]
mod tests;
