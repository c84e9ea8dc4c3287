//! Breakages: 2, 7, 8, 9, 10 and 14, and nodes that never answer.

use extranet::incident::{Cause, IncidentEffect, NoticeKind};
use extranet::model::{Level, LinkIx, Span, Stamp};
use extranet::month::Month;
use extranet::state::{Effect, Reason, State};
use extranet::tree::LinkSpec;
use extranet::{Core, Restored};

use crate::city::{City, START, city, ten_thousand, township, village};

#[test]
fn case_2_a_village_is_cut() {
    // The last of them in a city of 10,000 links.
    for seed in 0..=20 {
        let links = if seed == 20 { ten_thousand() } else { small() };
        let mut city = City::with(links, 2, seed);
        city.run(Span::secs(60) + Span::millis(317 * seed as i64));
        let name = village("420902", 3);
        let cut = city.now;
        city.line(&name).cut = true;
        city.run(Span::secs(7));
        assert!(city.view(&name).suspect, "seed {seed}: under suspicion within 7 s");
        city.run(Span::millis(7_600));
        let down = city.view(&name);
        assert_eq!((down.state, down.reason), (State::Down, Reason::ConfirmedLost), "seed {seed}");
        let onset = (down.since - cut).as_secs_f64();
        assert!((-0.01..5.51).contains(&onset), "seed {seed}: onset {onset} s after the cut");
        assert_eq!(city.opened().len(), 1);

        city.run(Span::minutes(5));
        city.line(&name).cut = false;
        let restored = city.now;
        city.run(Span::minutes(3));
        let up = city.view(&name);
        assert_eq!(up.state, State::Up, "seed {seed}");
        let told = (up.since - down.since).as_secs_f64();
        let truth = (restored - cut).as_secs_f64();
        assert!((told - truth).abs() <= 5.51, "seed {seed}: {told} s told, {truth} s true");
        assert_eq!((city.opened().len(), city.notices(NoticeKind::Resolved)), (1, 1), "seed {seed}");
    }
}

/// How long it takes from a cut to `Down`, over many phases: the mean and the worst.
fn detection(name: &str, seeds: u64) -> (f64, f64) {
    let mut found = Vec::new();
    for seed in 0..seeds {
        let mut city = City::with(small(), 2, seed);
        city.run(Span::secs(20) + Span::micros(1_234_567 * (seed as i64 % 17)));
        city.line(name).cut = true;
        let cut = city.now;
        city.run(Span::secs(20));
        let states = city.states(name);
        let down = states.iter().find(|(_, state, _)| *state == State::Down);
        found.push((down.unwrap_or_else(|| panic!("seed {seed}: {states:?}")).0 - cut).as_secs_f64());
    }
    (found.iter().sum::<f64>() / found.len() as f64, found.iter().copied().fold(0.0, f64::max))
}

#[test]
fn a_hard_cut_is_known_in_12_s_on_average_and_15_at_worst() {
    for (name, mean_max, worst_max) in [
        (village("420902", 5), 12.0, 15.0),
        (township("420902", 2), 10.7, 12.2),
        ("chutian-cloud".to_owned(), 10.0, 11.0),
    ] {
        let (mean, worst) = detection(&name, 60);
        println!("{name}: mean {mean:.2} s, worst {worst:.2} s");
        assert!(mean <= mean_max && worst <= worst_max, "{name}: mean {mean} s, worst {worst} s");
    }
}

#[test]
fn case_7_and_8_a_county_is_cut_and_comes_back() {
    for (links, expected) in [(city(), [0, 0, 1, 21, 317]), (ten_thousand(), [0, 0, 1, 80, 1_340])] {
        let mut city = City::new(links);
        city.run(Span::secs(30));
        city.line("county-420902").cut = true;
        let cut = city.now;
        city.run(Span::secs(40));
        assert_eq!(city.opened().len(), 1, "{:?}", city.opened());
        assert!(city.opened()[0].starts_with("county-420902-202611"), "{:?}", city.opened());
        assert_eq!(city.affected().values().next(), Some(&expected));
        let below = city.core.tree().below(city.link("county-420902"));
        assert_eq!(below.len() as u32, expected[3] + expected[4]);
        for link in &below {
            let view = city.core.view(*link, city.now).unwrap();
            assert_eq!((view.state, view.reason), (State::Unreachable, Reason::AncestorDown));
            assert_eq!(view.roots, [city.link("county-420902")]);
            assert!(view.since >= cut - Span::millis(10) && view.since - cut <= Span::millis(5_510));
        }
        assert_eq!(city.count(State::Down), 1);
        let downs = city.effects.iter().filter(|(_, one)| matches!(one, Effect::SetState { state: State::Down, .. }));
        assert_eq!(downs.count(), 1, "nothing else was ever called down");

        city.run(Span::minutes(2));
        city.line("county-420902").cut = false;
        city.run(Span::minutes(6));
        assert_eq!(city.count(State::Up), city.core.tree().len());
        assert_eq!((city.opened().len(), city.notices(NoticeKind::Opened)), (1, 1));
        assert_eq!(city.notices(NoticeKind::Resolved), 1, "one incident, one resolution");
    }
}

#[test]
fn case_8_what_stays_dead_is_one_incident_that_follows() {
    let mut city = City::new(city());
    city.run(Span::secs(30));
    city.line("county-420902").cut = true;
    city.run(Span::minutes(3));
    let dead: Vec<String> = [4, 90, 200].map(|n| village("420902", n)).to_vec();
    dead.iter().for_each(|name| city.line(name).cut = true);
    city.line("county-420902").cut = false;
    let recovered = city.now;
    city.run(Span::minutes(6));
    let opened = city.opened();
    assert_eq!(opened.len(), 2, "{opened:?}");
    let (at, root, after) = city
        .effects
        .iter()
        .find_map(|(at, effect)| match effect {
            Effect::Incident(IncidentEffect::Open { cause: Cause::FollowUp, root, after, .. }) => {
                Some((*at, *root, after.clone()))
            }
            _ => None,
        })
        .unwrap();
    let later = (at - recovered).as_secs_f64();
    assert!((60.0..90.0).contains(&later), "{later} s after the recovery");
    assert_eq!(after.as_deref(), Some(opened[0].as_str()));
    assert!(dead.iter().any(|name| city.link(name) == root));
    assert_eq!(city.affected()[&opened[1]], [0, 0, 0, 0, 3]);
    assert_eq!(city.count(State::Down), 3);
    // They count as down from the recovery on, not from the decision.
    let county = city.view("county-420902");
    dead.iter().for_each(|name| assert_eq!(city.view(name).since, county.since, "{name}"));
    dead.iter().for_each(|name| city.line(name).cut = false);
    city.run(Span::minutes(4));
    assert_eq!(city.notices(NoticeKind::Resolved), 2);
}

#[test]
fn case_9_two_uplinks() {
    let mut links = small();
    let township = township("420902", 0);
    links.iter_mut().find(|link| link.name == township).unwrap().uplinks =
        vec!["county-420902".into(), "county-420921".into()];
    let mut city = City::new(links);
    city.run(Span::secs(30));
    city.line("county-420921").cut = true;
    city.run(Span::secs(60));
    let subtree: Vec<LinkIx> =
        city.core.tree().below(city.link(&township)).into_iter().chain([city.link(&township)]).collect();
    assert!(subtree.len() > 3);
    for link in &subtree {
        assert_eq!(city.core.view(*link, city.now).unwrap().state, State::Up);
    }
    assert_eq!(city.view(&township).lost_uplink, Some(city.link("county-420921")));

    city.line("county-420902").cut = true;
    city.run(Span::secs(60));
    for link in &subtree {
        let view = city.core.view(*link, city.now).unwrap();
        assert_eq!(view.state, State::Unreachable, "{}", city.core.tree().name(*link));
        // The one that broke last comes first, and both are named.
        assert_eq!(view.roots, [city.link("county-420902"), city.link("county-420921")]);
    }
    assert_eq!(city.opened().len(), 2);

    city.line("county-420921").cut = false;
    city.run(Span::minutes(3));
    assert!(subtree.iter().all(|link| city.core.view(*link, city.now).unwrap().state == State::Up));
    assert_eq!(city.count(State::Down), 1);
}

#[test]
fn case_10_flapping() {
    let mut city = City::new(small());
    city.run(Span::secs(60));
    let name = village("420902", 1);
    for minute in 0..10 {
        city.line(&name).cut = minute % 2 == 0;
        city.run(Span::secs(60));
    }
    city.line(&name).cut = false;
    assert_eq!(city.notices(NoticeKind::FlappingStarted), 1);
    let told: usize = [NoticeKind::Opened, NoticeKind::Resolved, NoticeKind::FlappingStarted]
        .map(|kind| city.notices(kind))
        .iter()
        .sum();
    assert!(told <= 2 + 1, "Opened before it was known, then at most two: {told}");
    city.run(Span::secs(60));
    let spent = city.core.durations(city.link(&name), Month::of(START), city.now).unwrap();
    let down = spent.down as f64 / 1e6;
    assert!((down - 300.0).abs() <= 15.0, "{down} s down, 300 true");
    city.run(Span::minutes(59));
    assert_eq!(city.notices(NoticeKind::FlappingEnded), 1);
    assert_eq!(city.opened().len(), 1, "the same incident all along");
}

#[test]
fn case_10_a_village_below_a_flapping_county_does_not_flap() {
    let mut city = City::new(small());
    city.run(Span::secs(60));
    for minute in 0..10 {
        city.line("county-420902").cut = minute % 2 == 0;
        city.run(Span::secs(60));
    }
    assert!(city.view("county-420902").flapping);
    let flapping = city.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Flapping { .. }));
    assert_eq!(flapping.count(), 1);
}

#[test]
fn a_county_that_never_answers_is_inferred_and_a_vote_finds_it_down() {
    let mut links = small();
    links.iter_mut().find(|link| link.name == "county-420902").unwrap().silent = true;
    let mut city = City::new(links);
    city.line("county-420902").mute = true;
    city.run(Span::secs(60));
    let view = city.view("county-420902");
    assert_eq!((view.state, view.reason), (State::Up, Reason::InferredFromChildren));
    city.line("county-420902").cut = true;
    city.run(Span::secs(40));
    let view = city.view("county-420902");
    assert_eq!((view.state, view.reason), (State::Down, Reason::InferredFromChildren));
    assert_eq!(city.opened().len(), 1, "{:?}", city.opened());
    assert_eq!(city.count(State::Down), 1);
    city.line("county-420902").cut = false;
    city.run(Span::minutes(4));
    assert_eq!(city.count(State::Up), city.core.tree().len());
    assert_eq!(city.notices(NoticeKind::Resolved), 1);
}

#[test]
fn a_county_that_falls_silent_but_forwards_is_degraded() {
    let mut city = City::new(small());
    city.run(Span::secs(60));
    city.line("county-420902").mute = true;
    city.run(Span::minutes(2));
    let view = city.view("county-420902");
    assert_eq!((view.state, view.reason), (State::Degraded, Reason::TargetSilent));
    assert_eq!(city.opened(), Vec::<String>::new());
    // Cut while silent: now it is down, once.
    city.line("county-420902").cut = true;
    city.run(Span::secs(60));
    assert_eq!(city.view("county-420902").state, State::Down);
    assert_eq!(city.opened().len(), 1, "{:?}", city.opened());
    assert_eq!(city.count(State::Down), 1);
}

#[test]
fn all_first_level_links_at_once_are_the_city_core() {
    let mut city = City::with(city(), 0, 0);
    city.run(Span::secs(30));
    let first: Vec<LinkIx> = city.core.tree().children(city.core.tree().core()).to_vec();
    assert_eq!(first.len(), 11);
    first.iter().for_each(|link| city.lines[link.at()].cut = true);
    city.run(Span::secs(60));
    let opened = city.opened();
    assert_eq!(opened.len(), 1, "{opened:?}");
    assert!(opened[0].starts_with("city-core-"), "{opened:?}");
    assert_eq!(city.count(State::Unreachable), 2_402);
    first.iter().for_each(|link| city.lines[link.at()].cut = false);
    city.run(Span::minutes(4));
    assert_eq!((city.count(State::Up), city.notices(NoticeKind::Resolved)), (2_402, 1));
}

#[test]
fn two_siblings_below_a_silent_parent_share_an_incident() {
    let mut links = vec![
        LinkSpec::new("c", Level::County, &[]),
        LinkSpec::new("t", Level::Township, &["c"]),
        LinkSpec::new("v1", Level::Village, &["t"]),
        LinkSpec::new("v2", Level::Village, &["t"]),
    ];
    links[1].silent = true;
    let mut city = City::new(links);
    city.line("t").mute = true;
    city.run(Span::secs(60));
    city.line("t").cut = true;
    city.run(Span::secs(40));
    assert_eq!(city.opened().len(), 1, "{:?}", city.opened());
    assert_eq!(city.count(State::Down), 2);
    assert_eq!(city.affected().values().next(), Some(&[0, 0, 0, 0, 2]));
}

#[test]
fn case_14_a_restart_in_the_middle_of_a_cut() {
    let mut city = City::new(small());
    city.run(Span::secs(60));
    city.line("county-420902").cut = true;
    city.run(Span::secs(60));
    let flushed = city.now;
    let incident = city.core.book().incidents().next().unwrap().clone();
    let month = Month::of(START);
    let mut fresh = Core::new(city.core.tree().clone(), 2, flushed + Span::secs(20));
    for n in 0..city.core.tree().len() as u32 {
        let (link, view) = (LinkIx(n), city.core.view(LinkIx(n), flushed).unwrap());
        let restored = Restored {
            state: view.state,
            reason: view.reason,
            since: view.since,
            roots: view.roots,
            first_answer: view.first_answer,
            month,
            durations: city.core.durations(link, month, flushed).unwrap(),
            flushed_through: flushed,
        };
        fresh.restore(link, &restored, flushed + Span::secs(20));
    }
    fresh.restore_incident(incident.name.clone(), incident.root, incident.started_at);
    city.restart(fresh);
    // The process is away for 20 s.
    city.pause(Span::secs(20));
    city.run(Span::secs(60));
    assert_eq!(city.opened().len(), 1, "no new incident: {:?}", city.opened());
    assert_eq!(city.view("county-420902").state, State::Down);
    assert_eq!(city.core.book().incidents().next().unwrap().started_at, incident.started_at);
    let other = city.link("county-420921");
    let spent = city.core.durations(other, month, city.now).unwrap();
    let unknown = Span::micros(spent.unknown).as_secs_f64();
    assert!((20.0..22.0).contains(&unknown), "{unknown} s from the last write to the first sample");
    city.line("county-420902").cut = false;
    city.run(Span::minutes(4));
    assert_eq!(city.notices(NoticeKind::Resolved), 1);
    assert_eq!(city.count(State::Up), city.core.tree().len());
}

#[test]
fn case_14_a_longer_way_is_told_once() {
    let mut city = City::new(small());
    city.line("county-420902").ttl = Some(60);
    city.run(Span::secs(60));
    city.line("county-420902").ttl = Some(58);
    city.run(Span::secs(60));
    let changes = city.effects.iter().filter(|(_, effect)| matches!(effect, Effect::PathChanged { .. }));
    assert_eq!(changes.count(), 1);
    assert_eq!(city.view("county-420902").hops, Some(6));
}

/// Two counties with 6 townships of 5 villages each, and the four links beside them.
pub fn small() -> Vec<LinkSpec> {
    let keep = |link: &LinkSpec| {
        let number = |prefix: &str| link.name.strip_prefix(prefix).and_then(|rest| rest.parse::<usize>().ok());
        match link.level {
            Level::Interconnect | Level::Provider => true,
            Level::County => ["county-420902", "county-420921"].contains(&link.name.as_str()),
            Level::Township => {
                ["township-420902", "township-420921"].iter().any(|one| number(one).is_some_and(|n| n < 6))
            }
            Level::Village => {
                let near = [("village-420902-", 21), ("village-420921-", 15)];
                near.iter().any(|(one, townships)| number(one).is_some_and(|n| n % townships < 6 && n / townships < 5))
            }
        }
    };
    city().into_iter().filter(keep).collect()
}

/// For tests that look at one instant.
pub fn at(seconds: i64) -> Stamp {
    START + Span::secs(seconds)
}
