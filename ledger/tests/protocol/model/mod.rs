//! The protocol of grant and enforcement as a state machine that a model checker can walk through:
//! two or three operators that sleep, crash and wake at any point, an API server that follows late,
//! and the real [`ledger::decide`].

mod book;
mod cluster;
mod laws;
mod operator;
mod state;
mod story;
mod walk;
mod worlds;

use stateright::{Model, Property};

use self::cluster::Event;
use self::laws::Law;
use self::state::{Plan, State};
pub use self::walk::walk;
use self::worlds::Mutation;
pub use self::worlds::{CASES, Case, WORLDS, World};

/// A world, and the rule that is broken in it.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    pub world: World,
    pub mutation: Option<Mutation>,
    /// The only law to look at; all if there is none. With one the first violation ends the
    /// search, so that what is found is as short as can be.
    pub law: Option<Law>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// People write the next object of an allocation's script.
    Write(usize),
    /// A request is approved.
    Approve,
    Withdraw,
    In(usize, Event),
    By(usize, Step),
}

/// What an operator does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It begins to look at an allocation's quotas.
    Look(usize),
    /// It reads the ledger and decides. `behind`: an allocation whose object it knows only as it
    /// was one generation ago.
    Decide {
        pool: usize,
        behind: Option<usize>,
    },
    /// It sees in the ledger that the request's hold is there.
    SeeHold,
    /// The next thing of its plan.
    GoOn,
    /// The same, and the answer is lost: it doesn't know and still has its plan.
    GoOnUnanswered,
    Crash,
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.tidied(self.begin())]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend((0..self.world.lines.len()).map(Action::Write));
        actions.extend([Action::Approve, Action::Withdraw]);
        for space in 0..self.world.spaces() {
            actions.extend(Event::ALL.map(|event| Action::In(space, event)));
        }
        for operator in 0..self.world.operators {
            // Operators that have the same in mind do the same.
            if operator == 0 || state.operators[operator] != state.operators[operator - 1] {
                actions.extend(self.steps(state, operator).map(|step| Action::By(operator, step)));
            }
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.step(state, action).map(|after| self.tidied(after)).filter(|after| after != state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        match self.law {
            Some(law) => vec![law.property()],
            None => Law::ALL.into_iter().map(Law::property).collect(),
        }
    }
}

impl Protocol {
    pub fn keeping(world: World) -> Self {
        Self { world, mutation: None, law: None }
    }

    pub fn breaking(world: World, mutation: Mutation, law: Law) -> Self {
        Self { world, mutation: Some(mutation), law: Some(law) }
    }

    fn steps(&self, state: &State, operator: usize) -> impl Iterator<Item = Step> {
        let plan = state.operators[operator];
        let world = self.world;
        let (idle, proven) = (plan == Plan::Idle, matches!(plan, Plan::Proven(_)));
        let looks = (0..world.lines.len()).filter(move |_| idle).map(Step::Look);
        let pools = (0..world.pools()).filter(move |_| idle || proven);
        let decides = pools.flat_map(move |pool| {
            let stale = (0..world.lines.len()).filter(move |_| world.stale_objects).map(Some);
            std::iter::once(None).chain(stale).map(move |behind| Step::Decide { pool, behind })
        });
        let goes_on = (!idle && !proven).then_some(Step::GoOn);
        let writes = matches!(plan, Plan::Writing { .. } | Plan::Committing { .. });
        let unanswered = (world.answers_get_lost && writes).then_some(Step::GoOnUnanswered);
        let sees = idle.then_some(Step::SeeHold);
        let crash = (!idle).then_some(Step::Crash);
        looks.chain(decides).chain(sees).chain(goes_on).chain(unanswered).chain(crash)
    }

    /// What the action makes of the state; `None` if it can't be taken. Operators stay in their
    /// order.
    fn step(&self, state: &State, action: Action) -> Option<State> {
        let mut after = *state;
        let taken = match action {
            Action::Write(line) if self.may_write(state, line) => {
                after.written[line] += 1;
                true
            }
            Action::Write(_) => false,
            Action::Approve => self.approve(&mut after),
            Action::Withdraw => self.withdraw(&mut after),
            Action::In(space, event) => self.happen(&mut after, space, event),
            Action::By(operator, Step::Look(line)) => {
                self.look(&mut after, operator, line);
                true
            }
            Action::By(_, Step::Decide { behind: Some(line), .. }) if state.written[line] == 0 => false,
            Action::By(operator, Step::Decide { pool, behind }) => self.decide(&mut after, operator, pool, behind),
            Action::By(operator, Step::SeeHold) => {
                let sees = self.sees_hold(state);
                after.operators[operator] = if sees { Plan::Allocating } else { state.operators[operator] };
                sees
            }
            Action::By(operator, Step::GoOn) => {
                self.go_on(&mut after, operator, false);
                true
            }
            Action::By(operator, Step::GoOnUnanswered) => {
                self.go_on(&mut after, operator, true);
                true
            }
            Action::By(operator, Step::Crash) => {
                after.operators[operator] = Plan::Idle;
                true
            }
        };
        taken.then_some(after)
    }

    fn sees_hold(&self, state: &State) -> bool {
        self.world.request.is_some_and(|line| {
            let only_this_is_left = usize::from(state.written[line]) + 1 == self.world.lines[line].script.len();
            let held = state.ledgers[self.world.lines[line].pool].book.lines[line].and_then(|entry| entry.held);
            state.request == state::Phase::Approved && only_this_is_left && held.is_some()
        })
    }

    /// The one state that stands for all that differ only in which operator is which.
    fn tidied(&self, mut state: State) -> State {
        if self.mutation.is_none() && self.world.forgets_dead_plans {
            self.forget_dead_plans(&mut state);
        }
        state.operators[..self.world.operators].sort_unstable();
        state
    }
}
