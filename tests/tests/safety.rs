//! A handful of scenarios under fire, side by side, with the oracle's word at the end; and one step
//! of the protocol taken out, which the oracle must find. `make bench-safety` plays all of them
//! with many seeds.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

use std::time::Duration;

use tests::cluster::Way;
use tests::eventually::be_patient;
use tests::faults::dice::Profile;
use tests::faults::without::Step;
use tests::scenarios::{MUTATIONS, Mutation, SCENARIOS, Scenario};
use tests::stage::{Setting, Stage, World, play_all};

/// Each with its seed.
const PLAYED: [(&str, u64); 5] = [("shrink", 1), ("resize", 1), ("namespaces", 1), ("limits", 1), ("cut", 15)];

/// The line of `cut`, which breaks at once, is cut for twice as long as it takes until that is noticed.
const CUT_FOR: Duration = Duration::from_secs(28);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_over_granted_under_fire_and_a_missing_step_is_found() {
    be_patient(4);
    let setting = Setting { faults: Profile::Light, seed: 7, both_lead: true, members: 2, ..Setting::default() };
    let mut stage = Stage::start("safety-test", &setting).await;
    let worlds: Vec<World<'_>> = PLAYED
        .map(|(name, seed)| World { cut_for: CUT_FOR, ..World::new(&stage, format!("{name}{seed:03}"), seed) })
        .into();
    let failures = play_all(&worlds, |world| (scenario(&world.name).play)(world)).await;
    assert!(failures.is_empty(), "{failures:#?}");
    let report = stage.replay(1, false).await;
    assert!(report.is_clean(), "{report}");
    // What finds nothing must have looked at something.
    assert!(report.commits > 30 && report.quota_writes > 30, "{report}");

    // The way is the whole city's, so this one plays by itself.
    let from = stage.revision().await;
    stage.set(&Setting { way: Way::Staged, ..setting.clone() }).await;
    let worlds = [World::new(&stage, "staged001".to_owned(), 1)];
    let failures = play_all(&worlds, |world| (scenario(&world.name).play)(world)).await;
    assert!(failures.is_empty(), "{failures:#?}");
    let report = stage.replay(from, false).await;
    assert!(report.is_clean() && report.decisions > 30, "{report}");

    let mutation = MUTATIONS.iter().find(|mutation| mutation.step == Step::FenceTest).unwrap();
    let from = stage.revision().await;
    let seen = tell(&mut stage, mutation).await;
    let report = stage.replay(from, false).await;
    let found = report.violations().any(|finding| finding.object.contains("missed"));
    assert!(found, "without its test of the fence a stray raise must be found; {seen:?}; {report}");
}

fn scenario(world: &str) -> &'static Scenario {
    SCENARIOS.iter().find(|scenario| world.starts_with(scenario.name)).unwrap()
}

/// The story of a step that is taken out.
async fn tell(stage: &mut Stage, mutation: &Mutation) -> Vec<String> {
    let name = "missed".to_owned();
    let setting = Setting { without: Some(mutation.step), flags: (mutation.flags)(&name), ..Setting::default() };
    stage.set(&setting).await;
    (mutation.play)(&World::new(stage, name, 0)).await
}
