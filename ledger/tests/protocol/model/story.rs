//! A path through a world, in words.

use super::book::{Book, Line, Share};
use super::state::{Place, Plan, Proof, SPACES_OF_LINE, State, View, Write};
use super::worlds::{Spec, World};
use super::{Action, Event, Protocol, Step};

/// One sentence for each step. Operators keep the number that they begin with, although the model
/// sorts them.
pub fn tell(model: &Protocol, path: Vec<(State, Option<Action>)>) -> Vec<String> {
    let mut names: Vec<usize> = (1..=model.world.operators).collect();
    let mut sentences = Vec::new();
    for (before, action) in path {
        let Some(action) = action else { break };
        let after = model.step(&before, action).expect("the path was walked");
        sentences.push(sentence(model, &before, action, &after, &names));
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by_key(|&operator| after.operators[operator]);
        names = order.into_iter().map(|operator| names[operator]).collect();
    }
    sentences
}

fn sentence(model: &Protocol, before: &State, action: Action, after: &State, names: &[usize]) -> String {
    let world = &model.world;
    match action {
        Action::Write(line) => wish(world, line, usize::from(before.written[line])),
        Action::Approve => "the request is approved".to_owned(),
        Action::Withdraw => "the request is withdrawn".to_owned(),
        Action::In(space, event) => happened(space, event, after),
        Action::By(operator, step) => {
            let did = did(model, before, after, operator, step);
            format!("operator {} {did}", names[operator])
        }
    }
}

fn wish(world: &World, line: usize, written: usize) -> String {
    let name = world.lines[line].name;
    let Spec::Wants(shares) = world.lines[line].script[written] else { return format!("{name} is deleted") };
    let wanted = world.lines[line].spaces.iter().zip(shares);
    let wanted: Vec<String> = wanted.filter_map(|(space, share)| Some(format!("{} in n{space}", share?))).collect();
    format!("{name} shall have {}", wanted.join(" and "))
}

fn happened(space: usize, event: Event, after: &State) -> String {
    let quota = after.spaces[space].quota.unwrap_or_default();
    match event {
        Event::Settle => format!("the API server enforces {} in n{space}", quota.status),
        Event::Come => format!("a pod is let into n{space}"),
        Event::Land => format!("the pod in n{space} is stored"),
        Event::End => format!("a pod in n{space} ends"),
        Event::Recount => format!("use in n{space} is counted: {}", quota.used),
        Event::Undercount => format!("use in n{space} is counted too low: {}", quota.used),
        Event::Delete => format!("n{space} is being deleted"),
        Event::QuotaGone => format!("the quota in n{space} is gone"),
        Event::Gone => format!("n{space} is gone"),
    }
}

fn did(model: &Protocol, before: &State, after: &State, operator: usize, step: Step) -> String {
    let world = &model.world;
    match (step, before.operators[operator], after.operators[operator]) {
        (Step::Crash, ..) => "crashes".to_owned(),
        (Step::SeeHold, ..) => "sees that the ledger holds for the request".to_owned(),
        (Step::Decide { behind, .. }, _, Plan::Committing { next, evidence, .. }) => {
            let stale =
                behind.map_or(String::new(), |line| format!(", with {}'s object from before", world.lines[line].name));
            let evidence = evidence.map_or("", |_| " on its evidence");
            format!("decides{evidence}{stale}: {}", ledger(world, &next))
        }
        (Step::Look(line), _, Plan::Looking { looked: 0, view: Some(view), .. }) => {
            format!("reads the ledger for {}: {}", world.lines[line].name, of_entry(world, view))
        }
        (Step::Look(line), ..) => {
            let space = world.lines[line].spaces[0];
            saw(space, model.place(before, line, space))
        }
        (Step::GoOn | Step::GoOnUnanswered, plan, after_plan) => {
            let lost = if step == Step::GoOnUnanswered { ", and gets no answer" } else { "" };
            format!("{}{lost}", went_on(model, before, after, plan, after_plan))
        }
        (Step::Decide { .. }, ..) => "finds nothing".to_owned(),
    }
}

fn went_on(model: &Protocol, before: &State, after: &State, plan: Plan, then: Plan) -> String {
    let world = &model.world;
    match plan {
        Plan::Idle | Plan::Proven(_) => "rests".to_owned(),
        Plan::Looking { line, looked, view, .. } => {
            let (line, looked) = (usize::from(line), usize::from(looked));
            let spaces = world.lines[line].spaces;
            let mut read = Vec::new();
            if let Some(space) = spaces.get(looked) {
                read.push(saw(*space, model.place(before, line, *space)));
            }
            // The last read is the ledger; where that rule is broken, a place.
            if looked + usize::from(view.is_some()) == spaces.len() {
                if view.is_none() {
                    let entry = before.ledgers[world.lines[line].pool].book.lines[line];
                    let says = entry.map(|entry| of_entry(world, View { line: small(line), entry }));
                    read.push(format!("reads the ledger: {}", says.unwrap_or_else(|| "no entry".to_owned())));
                }
                read.push(next(then).to_owned());
            }
            read.join(" and ")
        }
        Plan::Writing { line, revision, writes } => {
            let (index, write) = first(&writes);
            let space = world.lines[usize::from(line)].spaces[index];
            let took = if before.spaces == after.spaces { ", which changes nothing" } else { "" };
            match write {
                Write::Adopt { .. } => format!("takes n{space} over{took}"),
                Write::CreateSpace { .. } => format!("creates n{space}{took}"),
                Write::CreateQuota { .. } => {
                    let spec = after.spaces[space].quota.map_or(0, |quota| quota.spec);
                    format!("creates the quota in n{space} with {spec} and fence {revision}{took}")
                }
                Write::Patch { share, .. } => format!("writes {share} and fence {revision} into n{space}{took}"),
                Write::Nothing => "writes nothing".to_owned(),
            }
        }
        Plan::Gathering { view, looked, .. } => {
            let space = world.lines[usize::from(view.line)].spaces[usize::from(looked)];
            match then {
                Plan::Gathering { proof, .. } => format!("looks at n{space}: {}", proved(proof[usize::from(looked)])),
                Plan::Proven(evidence) => {
                    format!("looks at n{space}: {}, which is all", proved(evidence.proof[usize::from(looked)]))
                }
                _ => format!("looks at n{space}: nothing is proven yet"),
            }
        }
        Plan::Committing { next, .. } if before.ledgers != after.ledgers => {
            format!("stores the ledger: {}", ledger(world, &next))
        }
        Plan::Committing { .. } => "can't store the ledger: it has moved".to_owned(),
        Plan::Allocating => "writes the allocation for the request".to_owned(),
    }
}

fn small(line: usize) -> u8 {
    u8::try_from(line).expect("worlds are small")
}

fn first(writes: &[Write; SPACES_OF_LINE]) -> (usize, Write) {
    let found = writes.iter().copied().enumerate().find(|(_, write)| *write != Write::Nothing);
    found.unwrap_or_default()
}

fn next(plan: Plan) -> &'static str {
    match plan {
        Plan::Writing { .. } => "is about to write",
        Plan::Gathering { .. } => "begins to gather evidence",
        _ => "finds nothing to do",
    }
}

fn saw(space: usize, place: Place) -> String {
    match place {
        Place::Absent => format!("sees that there is no n{space}"),
        Place::Terminating => format!("sees that n{space} is being deleted"),
        Place::Abandoned { .. } => format!("sees that n{space} belongs to one that is gone"),
        Place::Taken => format!("sees that n{space} is another's"),
        Place::Bare => format!("sees that n{space} has no quota"),
        Place::Quota { uid, fence, spec } => {
            format!("reads the quota in n{space}: {spec}, fence {fence}, identity {uid}")
        }
    }
}

fn proved(proof: Proof) -> String {
    match proof {
        Proof::Unknown => "it isn't ours".to_owned(),
        Proof::Half(used) | Proof::Used(used) => format!("{used} used"),
        Proof::Gone => "gone".to_owned(),
    }
}

fn of_entry(world: &World, View { line, entry }: View) -> String {
    let shares = world.lines[usize::from(line)].spaces.iter().zip(entry.shares);
    let shares: Vec<String> = shares
        .filter_map(|(space, share)| match share {
            Share::NotOurs => None,
            Share::Wanted(share) => Some(format!("{share} in n{space}")),
            Share::Dropped => Some(format!("n{space} dropped")),
        })
        .collect();
    let Line { revision, draining, held, .. } = entry;
    let draining = if draining > 0 { format!(", {draining} draining") } else { String::new() };
    let held = held.map_or(String::new(), |held| format!(", {held} held"));
    format!("{}{draining}{held} at revision {revision}", shares.join(" and "))
}

fn ledger(world: &World, book: &Book) -> String {
    let line = |(index, line): (usize, &Option<Line>)| {
        let view = View { line: small(index), entry: (*line)? };
        Some(format!("{} {}", world.lines[index].name, of_entry(world, view)))
    };
    let lines: Vec<String> = book.lines.iter().enumerate().filter_map(line).collect();
    if lines.is_empty() { "nothing is out".to_owned() } else { lines.join("; ") }
}
