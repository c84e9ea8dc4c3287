//! What must hold in every state, and where a world begins.

use stateright::Property;

use super::state::{Life, Phase, Plan, Space, State};
use super::worlds::{Setup, Spec};
use super::{Action, Event, Protocol, Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Invariant A.
    Promised,
    /// Invariant B.
    Allowed,
    /// What B is for.
    Running,
    /// Nothing is lost: one operator that isn't disturbed brings everything to rest as wanted.
    ComesToRest,
    /// And this does come about: all scripts are written and enforced, and nothing drains.
    Done,
}

impl Law {
    pub const ALL: [Self; 5] = [Self::Promised, Self::Allowed, Self::Running, Self::ComesToRest, Self::Done];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Promised => "A: granted, held and draining fit the capacity",
            Self::Allowed => "B: quotas allow no more than is counted",
            Self::Running => "C: no more runs than is counted, nor than there is",
            Self::ComesToRest => "D: undisturbed, all comes to rest as wanted",
            Self::Done => "E: all is as wanted in the end",
        }
    }

    pub fn property(self) -> Property<Protocol> {
        let name = self.name();
        match self {
            Self::Promised => Property::always(name, |model, state| model.promised(state)),
            Self::Allowed => Property::always(name, |model, state| model.allowed(state)),
            Self::Running => Property::always(name, |model, state| model.running(state)),
            Self::ComesToRest => {
                Property::always(name, |model, state| !model.is_calm(state) || model.comes_to_rest(state))
            }
            Self::Done => Property::sometimes(name, |model, state| model.is_done(state)),
        }
    }
}

impl Protocol {
    fn promised(&self, state: &State) -> bool {
        let fits = |pool: usize| {
            let lines = state.ledgers[pool].book.lines.into_iter().flatten();
            lines.map(|line| line.counted() + line.held.unwrap_or(0)).sum::<u8>() <= self.world.capacity[pool]
        };
        !state.audit_failed && (0..self.world.pools()).all(fits)
    }

    fn counted(&self, state: &State, line: usize) -> u8 {
        state.ledgers[self.world.lines[line].pool].book.lines[line].map_or(0, |entry| entry.counted())
    }

    /// The namespaces of an allocation, as far as they are there.
    fn owned<'a>(&self, state: &'a State, line: usize) -> impl Iterator<Item = &'a Space> {
        let spaces = self.world.lines[line].spaces.iter().map(|space| &state.spaces[*space]);
        spaces.filter(move |space| usize::from(space.owner) == line)
    }

    fn allowed(&self, state: &State) -> bool {
        (0..self.world.lines.len()).all(|index| {
            let usable: u8 = self.owned(state, index).map(Space::usable).sum();
            usable <= self.counted(state, index)
        })
    }

    fn running(&self, state: &State) -> bool {
        let of_line = |line: usize| -> u8 { self.owned(state, line).map(Space::running).sum() };
        let of_pool = |pool: usize| -> u8 {
            (0..self.world.lines.len()).filter(|line| self.world.lines[*line].pool == pool).map(of_line).sum()
        };
        (0..self.world.lines.len()).all(|line| of_line(line) <= self.counted(state, line))
            && (0..self.world.pools()).all(|pool| of_pool(pool) <= self.world.capacity[pool])
    }

    /// Nobody is in the middle of anything. From any other state such a one is reached by crashes,
    /// ends of pods and the API server's own steps, so what can be put right from all of these can
    /// be put right from everywhere.
    fn is_calm(&self, state: &State) -> bool {
        let settled = |space: &Space| {
            space.running() == 0
                && space.life != Life::Terminating
                && space.quota.is_none_or(|quota| quota.status == quota.spec && quota.used == 0)
        };
        state.operators.iter().all(|plan| *plan == Plan::Idle) && state.spaces.iter().all(settled)
    }

    fn comes_to_rest(&self, state: &State) -> bool {
        let mut state = *state;
        self.rest(&mut state) && self.is_at_rest(&state)
    }

    fn is_at_rest(&self, state: &State) -> bool {
        let free = |pool: usize| {
            let lines = state.ledgers[pool].book.lines.into_iter().flatten();
            self.world.capacity[pool].saturating_sub(lines.map(|line| line.counted()).sum())
        };
        self.world.lines.iter().enumerate().all(|(index, line)| {
            let entry = state.ledgers[line.pool].book.lines[index];
            let last = usize::from(state.written[index]).checked_sub(1).map(|last| line.script[last]);
            let granted = entry.map_or(0, |entry| entry.granted());
            let quotas: u8 = self.owned(state, index).map(Space::usable).sum();
            let drained = entry.is_none_or(|entry| !entry.drains() && entry.held.is_none());
            // What waits does so for lack of capacity alone. A share that moves to another
            // namespace needs room in both, until the first has drained.
            let growth = last.map_or(0, |last| last.growth(entry.map(|entry| entry.shares)));
            let as_wanted = growth == 0 && granted == last.map_or(0, Spec::total);
            drained && quotas == granted && (as_wanted || growth > free(line.pool))
        })
    }

    fn is_done(&self, state: &State) -> bool {
        let written = |line: usize| usize::from(state.written[line]) == self.world.lines[line].script.len();
        let closed = self.world.request.is_none() || state.request == Phase::Allocated;
        let waits = |line: usize| {
            let entry = state.ledgers[self.world.lines[line].pool].book.lines[line];
            self.world.lines[line].script.last().is_some_and(|spec| spec.growth(entry.map(|entry| entry.shares)) > 0)
        };
        let all = || 0..self.world.lines.len();
        closed && all().all(written) && !all().any(waits) && self.is_calm(state) && self.is_at_rest(state)
    }

    /// The state that the world begins in.
    pub fn begin(&self) -> State {
        let mut state = State::default();
        for setup in self.world.begin {
            match setup {
                Setup::Write(line) => state.written[*line] += 1,
                Setup::Round => drop(self.round(&mut state)),
                Setup::Rest => drop(self.rest(&mut state)),
            }
        }
        state
    }

    /// One operator acts alone until nothing changes any more. `false`: it never ends.
    fn rest(&self, state: &mut State) -> bool {
        // A script has at most four entries, each of which takes a handful of rounds.
        for _ in 0..100 {
            for space in 0..self.world.spaces() {
                self.happen(state, space, Event::Settle);
            }
            if !self.round(state) {
                return true;
            }
        }
        false
    }

    /// The first plan of an undisturbed operator that changes anything, from its beginning to its
    /// end.
    fn round(&self, state: &mut State) -> bool {
        let pools = (0..self.world.pools()).map(|pool| Step::Decide { pool, behind: None });
        let looks = (0..self.world.lines.len()).map(Step::Look);
        pools.chain([Step::SeeHold]).chain(looks).any(|first| {
            let Some(after) = self.carry_out(state, first) else { return false };
            let changed = (after.written, after.request, after.ledgers, after.spaces)
                != (state.written, state.request, state.ledgers, state.spaces);
            *state = if changed { after } else { *state };
            changed
        })
    }

    fn carry_out(&self, state: &State, first: Step) -> Option<State> {
        let mut after = self.step(state, Action::By(0, first))?;
        // Two places, the ledger, two times two writes, or evidence in four reads and a commit.
        for _ in 0..16 {
            let step = match after.operators[0] {
                Plan::Idle => return Some(after),
                Plan::Proven(evidence) => {
                    let pool = self.world.lines[usize::from(evidence.line)].pool;
                    Step::Decide { pool, behind: None }
                }
                _ => Step::GoOn,
            };
            match self.step(&after, Action::By(0, step)) {
                Some(next) => after = next,
                // The evidence proves nothing new.
                None => after.operators[0] = Plan::Idle,
            }
        }
        None
    }
}
