//! What holds after any sequence of acts.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::v1alpha1::{QuotaRequest, QuotaRequestStatus};

/// Everybody who might act, some of them in more roles than they should have.
fn people() -> Vec<Actor> {
    let reviewers = [Role::ApproverTech, Role::ApproverAdmin];
    vec![
        Actor::new("zhang", [Role::DepartmentUser, Role::ApproverTech, Role::ApproverAdmin]),
        Actor::new("li", [Role::DepartmentOwner]),
        Actor::new("wang", reviewers),
        Actor::new("chen", reviewers),
        Actor::new("sun", [Role::ApproverTech]),
        Actor::new("zhao", [Role::ApproverAdmin, Role::CloudAdmin]),
        Actor::new("qian", [Role::CloudAdmin, Role::Provider, Role::Auditor]),
        Actor::system(),
        Actor::operator(),
    ]
}

/// One thing somebody tries.
#[derive(Clone, Debug)]
struct Try {
    /// Only what the table has here, by somebody whose it is; else whatever it is, by whomever.
    guided: bool,
    /// If guided, also what ends or undoes the request.
    back: bool,
    who: usize,
    deed: usize,
    /// Seconds since the try before.
    after: i64,
    stale: bool,
    /// What a correction asks for.
    target: (u64, u64, u64),
    behind: bool,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (
        (prop::bool::weighted(0.8), prop::bool::weighted(0.1)),
        0..people().len(),
        0..DEEDS,
        prop_oneof![20 => 0..2_i64, 1 => 0..100_i64, 1 => Just(2000_i64)],
        prop::bool::weighted(0.03),
        (0..150_u64, 0..150_u64, 0..15_u64),
        prop::bool::weighted(0.03),
    );
    let one = one.prop_map(|((guided, back), who, deed, after, stale, target, behind)| Try {
        guided,
        back,
        who,
        deed,
        after,
        stale,
        target,
        behind,
    });
    prop::collection::vec(one, 1..60)
}

/// What ends or undoes a request.
const BACK: [Verdict; 5] = [Verdict::Return, Verdict::Reject, Verdict::Withdraw, Verdict::Reclaim, Verdict::Cancel];

/// Who does what, where the request stands.
fn chosen(one: &Try, standing: &Standing, people: &[Actor], at: Timestamp, rules: &Rules) -> (usize, Deed) {
    let all: Vec<(Deed, &[Role])> = (0..DEEDS)
        .filter_map(|index| {
            let deed = deed(index, standing, at);
            let row = table::find(standing, deed.action(), rules)?;
            let back = BACK.iter().any(|verdict| deed.action() == Action::Verdict(*verdict));
            (one.back || !back).then(|| (deed, row.roles(standing)))
        })
        .collect();
    if !one.guided || all.is_empty() {
        return (one.who, deed(one.deed, standing, at));
    }
    let (deed, roles) = all[one.deed % all.len()].clone();
    let able: Vec<usize> = (0..people.len()).filter(|index| people[*index].is_any_of(roles)).collect();
    (able[one.who % able.len()], deed)
}

/// Deeds that aren't verdicts, and all.
const OTHERS: usize = 13;
const DEEDS: usize = OTHERS + Verdict::ALL.len();

fn deed(index: usize, standing: &Standing, at: Timestamp) -> Deed {
    let others: [Deed; OTHERS] = [
        Deed::Submit,
        Deed::Resubmit { changes: vec![] },
        Deed::AutoApprove { failed: vec![] },
        Deed::OfferExpired,
        Deed::ReturnLapsed,
        Deed::ProvisionStarted,
        Deed::QuotaObserved,
        Deed::TestEnded,
        Deed::TermEnded,
        Deed::Renewed,
        Deed::ReclaimStarted,
        Deed::ShrinkDone,
        Deed::Freed,
    ];
    if let Some(deed) = others.get(index) {
        return deed.clone();
    }
    let verdict = Verdict::ALL[index - OTHERS];
    match full(standing, verdict) {
        Deed::Verdict(given) if verdict == Verdict::Offer => {
            let answer_by = Some(at + jiff::SignedDuration::from_secs(1000));
            Deed::Verdict(Given { answer_by, ..given })
        }
        other => other,
    }
}

/// A request of this kind as an object.
fn object(kind: RequestType) -> QuotaRequest {
    let kind = format!("{kind:?}");
    let amounts = serde_json::json!({"cpu": "8", "memory": "16G", "storage": "1T"});
    serde_json::from_value(serde_json::json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest", "metadata": {"name": "qr-1"},
        "spec": {
            "requester": "zhang", "type": kind, "application": "a", "pool": "cec", "resources": amounts,
            "justification": "more couples register",
        },
    }))
    .unwrap()
}

fn draft(kind: RequestType) -> Standing {
    let mut standing = Standing { phase: None, ..large(Phase::Submitted) };
    standing.kind = kind;
    standing.facts.test_part = b(10, 10, 1);
    match kind {
        RequestType::New => {
            standing.facts.has = Bundle::ZERO;
            standing.facts.keeps = Bundle::ZERO;
        }
        RequestType::Release => {
            standing.facts.target = Bundle::ZERO;
            standing.facts.keeps = Bundle::ZERO;
        }
        RequestType::Change | RequestType::Renew => {}
    }
    standing
}

const CLOSED: [Phase; 4] = [Phase::Rejected, Phase::Withdrawn, Phase::Lapsed, Phase::Released];

/// One step that was taken, judged by what was before.
fn judge(before: &Standing, act: &Act, outcome: &Outcome, rules: &Rules) -> Result<(), TestCaseError> {
    let next = &outcome.next;
    let (old, new) = (before.account(), next.account());
    // No amount is taken from where there isn't as much, and what is kept agrees with what moved.
    prop_assert_eq!(old.after(&outcome.moves), Some(new), "{:?}", outcome.moves);
    // What is out changes by what is newly held, let go or freed, and by nothing else.
    let (mut more, mut less) = (Bundle::ZERO, Bundle::ZERO);
    for one in &outcome.moves {
        match *one {
            Move::Hold(amount) => more = more.plus(amount),
            Move::Unhold(amount) | Move::Free(amount) => less = less.plus(amount),
            _ => {}
        }
    }
    prop_assert_eq!(old.out().plus(more), new.out().plus(less));
    let more_held = outcome.moves.iter().any(|one| matches!(one, Move::Hold(_)));
    prop_assert_eq!(more_held, matches!(outcome.row, 3 | 6 | 7));
    prop_assert!(more.fits_within(before.growth()), "more is held than was asked for");
    // Nobody loses anything by a request that comes to nothing.
    let to = next.phase.unwrap();
    if matches!(to, Phase::Rejected | Phase::Withdrawn | Phase::Lapsed) {
        prop_assert_eq!((new.granted, new.draining), (old.granted, old.draining));
    }
    if !holds(to) {
        prop_assert_eq!(new.held, Bundle::ZERO);
    }
    if CLOSED.contains(&to) || matches!(to, Phase::Active | Phase::Expired | Phase::Returned) {
        prop_assert_eq!(new.requested, Bundle::ZERO);
    }
    if let Some(phase) = before.phase {
        prop_assert!(!matches!(phase, Phase::Rejected | Phase::Lapsed | Phase::Released), "{phase:?} is left");
        if phase == Phase::Withdrawn {
            let undone = outcome.row == 16 && act.at <= before.withdrawn.as_ref().unwrap().at + rules.undo;
            prop_assert!(undone, "a withdrawal is undone late");
        }
    }
    prop_assert!(act.seen.revision == before.revision, "a stale act counts");
    prop_assert_eq!(next.revision, before.revision + i64::from(act.deed.action() == Action::Resubmit));
    prop_assert!(next.offers <= rules.offer_rounds);
    prop_assert!(!(act.deed.action().decides() && act.by.name == "zhang"), "the requester decides");
    Ok(())
}

fn run(kind: RequestType, tries: &[Try], rules: &Rules) -> Result<Vec<u8>, TestCaseError> {
    let people = people();
    let mut request = object(kind);
    request.status = Some(QuotaRequestStatus::default());
    let mut standing = draft(kind);
    let mut at = now();
    let mut reviewed: BTreeSet<(&str, ReviewStage)> = BTreeSet::new();
    let mut rows = Vec::new();
    for one in tries {
        at += jiff::SignedDuration::from_secs(one.after);
        standing.facts.due = Some(at - jiff::SignedDuration::from_secs(1));
        standing.facts.reminded = true;
        standing.facts.behind = one.behind.then(|| "qr-0".to_owned());
        let (who, deed) = chosen(one, &standing, &people, at, rules);
        if deed.action() == Action::Resubmit && standing.phase == Some(Phase::Returned) && kind == RequestType::Change {
            let (cores, memory, storage) = one.target;
            standing.facts.target = b(cores, memory, storage);
        }
        let by = people[who].clone();
        let mut act = Act { at, ..act(&standing, by, deed) };
        act.seen.revision -= i64::from(one.stale);
        let stage = standing.review;
        let in_review = matches!(standing.phase, Some(Phase::Accepted | Phase::TechReview));
        let Ok(outcome) = transition(&standing, &act, rules) else { continue };
        judge(&standing, &act, &outcome, rules)?;
        let words = [Verdict::Approve, Verdict::Offer, Verdict::Return, Verdict::Reject];
        if in_review && words.iter().any(|verdict| act.deed.action() == Action::Verdict(*verdict)) {
            reviewed.insert((people[who].name.as_str(), stage));
        }
        rows.push(outcome.row);
        // The status keeps all that the next step has to know.
        let status = outcome.status(request.status.as_ref().unwrap());
        prop_assert!(status.history.len() <= HISTORY_MAX);
        request.status = Some(status);
        standing = Standing::of(&request, outcome.next.facts.clone());
        prop_assert_eq!(&standing, &outcome.next);
    }
    let offers = rows.iter().filter(|row| **row == 7).count();
    prop_assert!(offers <= 2, "{offers} offers were made");
    for person in &people {
        let name = person.name.as_str();
        let both = [ReviewStage::TechReview, ReviewStage::AdminApproval].map(|stage| reviewed.contains(&(name, stage)));
        prop_assert!(both != [true, true], "{name} decided at both review stages");
    }
    Ok(rows)
}

fn kinds() -> impl Strategy<Value = RequestType> {
    prop::sample::select(vec![RequestType::New, RequestType::Change, RequestType::Renew, RequestType::Release])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]

    #[test]
    fn no_sequence_of_acts_breaks_a_law(kind in kinds(), tries in tries()) {
        run(kind, &tries, &Rules::default())?;
    }
}

/// The laws are worth something only if the sequences get far.
#[test]
fn the_sequences_reach_every_line_of_the_table() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..300 {
        let (kind, tries) = (kinds(), tries()).new_tree(&mut runner).unwrap().current();
        reached.extend(run(kind, &tries, &Rules::default()).unwrap());
    }
    assert_eq!(reached, (0..=27).collect());
}
