//! What an operator does, one read or write at a time. Between any two of them it may sleep for as
//! long as it likes, or crash. It mirrors `operator/src/allocation` and `operator/src/pool`.

use super::Protocol;
use super::book::{self, Share};
use super::state::{
    Evidence, Life, Phase, Place, Plan, Proof, Quota, SPACES_OF_LINE, Space, State, Stored, View, Write,
};
use super::worlds::{Allocation, Mutation, Spec};

impl Protocol {
    /// Begins to bring the quotas of an allocation to what the ledger says.
    pub fn look(&self, state: &mut State, operator: usize, line: usize) {
        let line = small(line);
        state.operators[operator] = Plan::Looking { line, looked: 0, seen: Default::default(), view: None };
        self.go_on(state, operator, false);
    }

    /// A pass of the pool on the ledger as it is now. It is stored by a step of its own. `false`:
    /// there is nothing to decide.
    pub fn decide(&self, state: &mut State, operator: usize, pool: usize, behind: Option<usize>) -> bool {
        let evidence = match state.operators[operator] {
            Plan::Proven(evidence) => Some(evidence),
            _ => None,
        };
        let Stored { version, book } = state.ledgers[pool];
        let next = book::pass(&self.world, state, self.mutation, pool, evidence, behind);
        state.operators[operator] = Plan::Committing { pool: small(pool), version, next, evidence };
        next != book
    }

    /// The next read or write of the operator's plan. `lost`: the answer of a write doesn't
    /// arrive, so the operator doesn't know and has its plan still.
    pub fn go_on(&self, state: &mut State, operator: usize, lost: bool) {
        let plan = state.operators[operator];
        let after = match plan {
            Plan::Idle | Plan::Proven(_) => plan,
            Plan::Looking { line, looked, seen, view } => self.look_on(state, line, looked, seen, view),
            Plan::Writing { line, revision, writes } => self.write(state, line, revision, writes),
            Plan::Gathering { view, looked, proof } => self.gather(state, view, looked, proof),
            Plan::Committing { pool, version, next, evidence } => {
                let pool = usize::from(pool);
                let stored = &mut state.ledgers[pool];
                let may = stored.version == version || self.breaks(Mutation::NoCompareAndSwap);
                if may {
                    *stored = Stored { version: stored.version + 1, book: next };
                    state.audit_failed |= book::audit_fails(&self.world, pool, &next);
                }
                match evidence {
                    // Whoever asked for the release may ask again with the same evidence.
                    Some(evidence) if !may => Plan::Proven(evidence),
                    _ => Plan::Idle,
                }
            }
            Plan::Allocating => {
                if let (Phase::Approved, Some(index)) = (state.request, self.world.request) {
                    state.request = Phase::Allocated;
                    state.written[index] += 1;
                }
                Plan::Idle
            }
        };
        state.operators[operator] = if lost { plan } else { after };
    }

    /// Reads one place after the other, then the ledger, and plans.
    fn look_on(
        &self,
        state: &State,
        line: u8,
        looked: u8,
        mut seen: [Place; SPACES_OF_LINE],
        view: Option<View>,
    ) -> Plan {
        let ledger_first =
            self.breaks(Mutation::LedgerBeforeFence) || self.breaks(Mutation::LedgerBeforeFenceUnguarded);
        let spaces = self.world.lines[usize::from(line)].spaces;
        let read = || self.view(state, line);
        if ledger_first && view.is_none() {
            return read().map_or(Plan::Idle, |view| Plan::Looking { line, looked, seen, view: Some(view) });
        }
        if usize::from(looked) < spaces.len() {
            seen[usize::from(looked)] = self.place(state, usize::from(line), spaces[usize::from(looked)]);
            let looked = looked + 1;
            if !ledger_first || usize::from(looked) < spaces.len() {
                return Plan::Looking { line, looked, seen, view };
            }
        }
        view.or_else(read).map_or(Plan::Idle, |view| self.plan(view, seen))
    }

    /// How a namespace looks to those who act for an allocation.
    pub fn place(&self, state: &State, line: usize, index: usize) -> Place {
        let Space { life, owner, quota, .. } = state.spaces[index];
        let others = life == Life::Live && usize::from(owner) != line;
        match (life, quota) {
            (Life::Absent, _) => Place::Absent,
            _ if others && self.is_abandoned(state, &state.spaces[index]) => Place::Abandoned { owner },
            _ if others => Place::Taken,
            (_, Some(Quota { uid, fence, spec, .. })) => Place::Quota { uid, fence, spec },
            (Life::Terminating, None) => Place::Terminating,
            (Life::Live, None) => Place::Bare,
        }
    }

    fn is_abandoned(&self, state: &State, space: &Space) -> bool {
        let Allocation { pool, script, .. } = self.world.lines[usize::from(space.owner)];
        let last = usize::from(state.written[usize::from(space.owner)]).checked_sub(1);
        let lives = last.is_some_and(|last| matches!(script[last], Spec::Wants(_)));
        let counted = state.ledgers[pool].book.lines[usize::from(space.owner)].is_some();
        let empty = match space.quota {
            Some(quota) => quota.spec.max(quota.status) == 0,
            // Somebody who slept has made the namespace anew and nothing in it. No pod is let in.
            None => !self.breaks(Mutation::BareStaysTaken),
        };
        !lives && !counted && empty
    }

    fn view(&self, state: &State, line: u8) -> Option<View> {
        let pool = self.world.lines[usize::from(line)].pool;
        state.ledgers[pool].book.lines[usize::from(line)].map(|entry| View { line, entry })
    }

    /// Which writes bring the quotas to what the ledger says; if there are none, what drains can
    /// be measured.
    fn plan(&self, view: View, seen: [Place; SPACES_OF_LINE]) -> Plan {
        let View { line, entry } = view;
        let mut writes = [Write::Nothing; SPACES_OF_LINE];
        let mut lowered = true;
        for (index, share) in entry.shares.into_iter().enumerate() {
            let Some(amount) = share.of_quota() else { continue };
            let wanted = matches!(share, Share::Wanted(_));
            writes[index] = match seen[index] {
                Place::Absent if wanted => Write::CreateSpace { share: amount },
                Place::Absent => Write::Nothing,
                Place::Abandoned { owner } if wanted => Write::Adopt { from: owner },
                Place::Abandoned { .. } | Place::Taken => {
                    lowered = false;
                    Write::Nothing
                }
                Place::Bare => Write::CreateQuota { share: amount },
                Place::Terminating => {
                    lowered = self.breaks(Mutation::MissingQuotaIsZero) && lowered;
                    Write::Nothing
                }
                // A fence from the ledger's future: it was restored from a backup, or this is old.
                Place::Quota { fence, .. }
                    if fence > entry.revision && !self.breaks(Mutation::LedgerBeforeFenceUnguarded) =>
                {
                    lowered = false;
                    Write::Nothing
                }
                Place::Quota { uid, fence, spec } => {
                    let same_fence = fence == entry.revision || self.leaves_equal_amounts();
                    if same_fence && spec == amount {
                        Write::Nothing
                    } else {
                        Write::Patch { uid, read: fence, share: amount }
                    }
                }
            };
        }
        if writes != [Write::Nothing; SPACES_OF_LINE] {
            return Plan::Writing { line, revision: entry.revision, writes };
        }
        if lowered && entry.drains() {
            return Plan::Gathering { view, looked: 0, proof: [Proof::Unknown; SPACES_OF_LINE] };
        }
        Plan::Idle
    }

    /// The first write that is left. One that fails ends the plan.
    fn write(&self, state: &mut State, line: u8, revision: u8, mut writes: [Write; SPACES_OF_LINE]) -> Plan {
        let left = writes.iter().position(|write| *write != Write::Nothing);
        let Some(index) = left else { return Plan::Idle };
        let space = &mut state.spaces[self.world.lines[usize::from(line)].spaces[index]];
        let create = |space: &mut Space, share: u8| {
            // One that is there already is left alone; in a namespace that goes, none can be made.
            if (space.life, space.quota) != (Life::Live, None) {
                return space.life == Life::Live;
            }
            let spec = if self.breaks(Mutation::CreatedAtShare) { share } else { 0 };
            space.made += 1;
            space.quota = Some(Quota { uid: space.made, fence: revision, spec, status: 0, used: 0 });
            true
        };
        let done = match writes[index] {
            Write::Nothing => true,
            Write::CreateSpace { share } => {
                writes[index] = Write::CreateQuota { share };
                if space.life == Life::Absent {
                    (space.life, space.owner) = (Life::Live, line);
                }
                let ours = space.owner == line;
                return if ours { Plan::Writing { line, revision, writes } } else { Plan::Idle };
            }
            Write::Adopt { from } => {
                let may = (space.life, space.owner) == (Life::Live, from);
                space.owner = if may { line } else { space.owner };
                may
            }
            Write::CreateQuota { share } => create(space, share),
            Write::Patch { uid, read, share } => match &mut space.quota {
                Some(quota) if self.fits(quota, uid, read) => {
                    (quota.spec, quota.fence) = (share, revision);
                    true
                }
                _ => false,
            },
        };
        writes[index] = Write::Nothing;
        if done && writes != [Write::Nothing; SPACES_OF_LINE] {
            return Plan::Writing { line, revision, writes };
        }
        Plan::Idle
    }

    /// The two `test` operations of the patch.
    pub fn fits(&self, quota: &Quota, uid: u8, read: u8) -> bool {
        (quota.uid == uid || self.breaks(Mutation::UidNotTested))
            && (quota.fence == read || self.breaks(Mutation::FenceNotTested))
    }

    /// Looks at one namespace, through to the API server: in one read where pods are charged and
    /// stored at once, else in two.
    fn gather(&self, state: &State, view: View, looked: u8, mut proof: [Proof; SPACES_OF_LINE]) -> Plan {
        let index = usize::from(looked);
        let spaces = self.world.lines[usize::from(view.line)].spaces;
        let Some(share) = view.entry.shares[index].of_quota() else {
            return Self::gathered(view, looked + 1, proof, spaces.len());
        };
        let space = &state.spaces[spaces[index]];
        let two_reads = self.world.pods_land_later || self.breaks(Mutation::UseBeforeLimit);
        proof[index] = match (self.breaks(Mutation::UseBeforeLimit), proof[index]) {
            (false, Proof::Half(used)) => Proof::Used(self.measured(used, space.pods)),
            (true, Proof::Half(used)) => match self.quota_says(view, share, space) {
                Some(Proof::Used(_)) => Proof::Used(used),
                Some(other) => other,
                None => return Plan::Idle,
            },
            (true, _) if space.life != Life::Absent => Proof::Half(space.pods),
            _ => match self.quota_says(view, share, space) {
                Some(Proof::Used(used)) if two_reads => Proof::Half(used),
                Some(Proof::Used(used)) => Proof::Used(self.measured(used, space.pods)),
                Some(other) => other,
                None => return Plan::Idle,
            },
        };
        let looked = if matches!(proof[index], Proof::Half(_)) { looked } else { looked + 1 };
        Self::gathered(view, looked, proof, spaces.len())
    }

    fn gathered(view: View, looked: u8, proof: [Proof; SPACES_OF_LINE], spaces: usize) -> Plan {
        if usize::from(looked) < spaces {
            return Plan::Gathering { view, looked, proof };
        }
        Plan::Proven(Evidence { line: view.line, revision: view.entry.revision, proof })
    }

    /// What the quota proves. `None`: nothing yet.
    fn quota_says(&self, view: View, share: u8, space: &Space) -> Option<Proof> {
        let missing_is_zero = self.breaks(Mutation::MissingQuotaIsZero);
        match (space.life, space.quota) {
            (Life::Absent, _) => Some(Proof::Gone),
            (_, None) => missing_is_zero.then_some(Proof::Gone),
            (_, Some(quota)) => {
                let written = match self.breaks(Mutation::AmountsAreEnough) {
                    true => quota.spec <= share,
                    false => quota.fence == view.entry.revision,
                };
                let enforced = quota.status <= share || self.breaks(Mutation::LimitNotAwaited);
                (written && enforced).then_some(Proof::Used(quota.used))
            }
        }
    }

    fn measured(&self, charged: u8, listed: u8) -> u8 {
        match self.mutation {
            Some(Mutation::UseNotMeasured) => 0,
            Some(Mutation::UseByListAlone) => listed,
            Some(Mutation::UseByStatusAlone) => charged,
            _ => charged.max(listed),
        }
    }

    fn leaves_equal_amounts(&self) -> bool {
        self.breaks(Mutation::RevisionAloneNotWritten) || self.breaks(Mutation::AmountsAreEnough)
    }

    pub fn breaks(&self, rule: Mutation) -> bool {
        self.mutation == Some(rule)
    }

    /// A plan that can do nothing any more is as good as none: identities and fences never come
    /// back, and neither do versions and revisions. Fewer states to look at; not where the rule
    /// that makes it so is broken.
    pub fn forget_dead_plans(&self, state: &mut State) {
        for index in 0..self.world.operators {
            if self.is_dead(state, state.operators[index]) {
                state.operators[index] = match state.operators[index] {
                    Plan::Committing { evidence: Some(evidence), .. }
                        if !self.is_dead(state, Plan::Proven(evidence)) =>
                    {
                        Plan::Proven(evidence)
                    }
                    _ => Plan::Idle,
                };
            }
        }
    }

    fn is_dead(&self, state: &State, plan: Plan) -> bool {
        let revision = |line: u8| self.view(state, line).map(|view| view.entry.revision);
        match plan {
            Plan::Idle | Plan::Looking { .. } => false,
            Plan::Writing { line, writes, .. } => {
                let next = writes.iter().enumerate().find(|(_, write)| **write != Write::Nothing);
                let Some((index, Write::Patch { uid, read, .. })) = next else { return false };
                let space = &state.spaces[self.world.lines[usize::from(line)].spaces[index]];
                !space.quota.is_some_and(|quota| self.fits(&quota, *uid, *read))
            }
            Plan::Gathering { view, .. } => revision(view.line) != Some(view.entry.revision),
            Plan::Proven(evidence) => revision(evidence.line) != Some(evidence.revision),
            Plan::Committing { pool, version, .. } => state.ledgers[usize::from(pool)].version != version,
            Plan::Allocating => state.request != Phase::Approved,
        }
    }
}

fn small(index: usize) -> u8 {
    u8::try_from(index).expect("worlds are small")
}
