//! The protocol with all its steps, and then without each of them: nothing may be found at first,
//! and something each time after that.

use std::time::Instant;

use oracle::{Check, Report};
use tests::faults::without::Step;
use tests::scenarios::{MUTATIONS, Mutation};
use tests::stage::{Setting, Stage, World, play_all};

use crate::table::Table;

/// Plays the stories of these steps; `true` if each is missed and nothing is found with all steps.
pub async fn run(steps: &[Step], table: &mut Table) -> bool {
    let mut stage = Stage::start("safety-steps", &Setting::default()).await;
    let mut is_sound = true;
    for mutation in MUTATIONS.iter().filter(|mutation| steps.contains(&mutation.step)) {
        for without in [None, Some(mutation.step)] {
            is_sound &= story(&mut stage, mutation, without, table).await;
        }
    }
    is_sound
}

/// One story. With all steps it must go well, without one it must not.
async fn story(stage: &mut Stage, mutation: &Mutation, without: Option<Step>, table: &mut Table) -> bool {
    let begun = Instant::now();
    let step = mutation.step.name();
    let name = if without.is_some() { format!("without-{step}") } else { format!("with-{step}") };
    let setting = Setting {
        both_lead: mutation.both_lead,
        without,
        second_is_sound: mutation.both_lead,
        flags: (mutation.flags)(&name),
        ..Setting::default()
    };
    let from = stage.revision().await;
    stage.set(&setting).await;
    let seen = std::cell::RefCell::new(Vec::new());
    let worlds = [World::new(stage, name.clone(), 0)];
    let failures = play_all(&worlds, |world| {
        let seen = &seen;
        Box::pin(async move {
            let more = (mutation.play)(world).await;
            seen.borrow_mut().extend(more);
        })
    })
    .await;
    let report = stage.replay(from, false).await;
    let seen = seen.into_inner();
    let found = own(&report, &name);
    let told = found.first().map(String::as_str).or(seen.first().map(String::as_str));
    table.say(&format!("{name}: {} findings, seen {seen:?}, {:.0} s", found.len(), begun.elapsed().as_secs_f64()));
    match (without, told) {
        (None, None) if failures.is_empty() => true,
        (None, told) => {
            table.line(&format!("FAILED {name}: {:?} {failures:?}", told.unwrap_or_default()));
            false
        }
        (Some(_), Some(told)) => {
            table.line(&format!("caught  {step:<18} {}: {told}", mutation.story));
            true
        }
        (Some(_), None) => {
            table.line(&format!("MISSED  {step:<18} {}: nothing was found {failures:?}", mutation.story));
            false
        }
    }
}

/// What was found about this story: of the one before, something may be broken for good.
fn own(report: &Report, name: &str) -> Vec<String> {
    let about = |finding: &&oracle::Finding| {
        finding.object.contains(name) && matches!(finding.check, Check::A | Check::B | Check::Use | Check::Fence)
    };
    let text = |finding: &oracle::Finding| {
        format!("{:?} at revision {}, {}: {}", finding.check, finding.revision, finding.object, finding.message)
    };
    let mut found: Vec<_> = report.violations().filter(about).collect();
    // What was over-granted says more than a fence that went back.
    found.sort_by_key(|finding| (finding.check, finding.revision));
    found.into_iter().map(text).collect()
}
