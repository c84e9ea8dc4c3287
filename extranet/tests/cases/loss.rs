//! Loss that is no breakage: 1, 3, 4, 5 and 6.

use extranet::model::{LinkIx, Span};
use extranet::state::{Effect, State};

use crate::city::{City, city, ten_thousand, township, village};
use crate::cuts::small;

#[test]
fn case_1_a_healthy_baseline() {
    let mut city = City::new(city());
    city.run(Span::minutes(10));
    assert_eq!((city.count(State::Up), city.opened().len()), (2_402, 0));
    let judged: u64 = (0..2_402).map(|n| city.core.view(LinkIx(n), city.now).unwrap().counters.judged()).sum();
    let (lost, anchors) = (0, 2 * 600);
    let outstanding = city.sent - judged - anchors;
    assert!(outstanding < 60, "sent = ok + lost + tainted + outstanding: {outstanding}, {lost} lost");
    let rate = city.sent as f64 / 600.0;
    assert!((520.0..536.0).contains(&rate), "{rate} probes a second");
}

#[test]
fn case_1_a_healthy_baseline_of_ten_thousand() {
    let mut city = City::new(ten_thousand());
    city.run(Span::minutes(2));
    let links = city.core.tree().len() as u32;
    assert_eq!((city.count(State::Up), city.opened().len()), (links as usize, 0));
    let lost: u64 = (0..links).map(|n| city.core.view(LinkIx(n), city.now).unwrap().counters.lost).sum();
    assert_eq!(lost, 0);
}

#[test]
fn case_3_one_lost_packet() {
    for links in [small(), ten_thousand()] {
        let mut city = City::new(links);
        city.run(Span::secs(60));
        let before = city.effects.len();
        for name in [village("420902", 1), township("420902", 1), "county-420902".to_owned()] {
            city.line(&name).drop_next = 1;
            city.run(Span::secs(30));
            let view = city.view(&name);
            assert_eq!((view.state, view.counters.lost, view.suspect), (State::Up, 1, false), "{name}");
        }
        assert_eq!(city.effects.len(), before, "{:?}", &city.effects[before..]);
    }
}

#[test]
fn case_4_one_percent_everywhere() {
    let mut city = City::new(city());
    city.lines.iter_mut().for_each(|line| line.loss = 0.01);
    city.run(Span::minutes(30));
    let told = |wanted: State| {
        let of = |(_, effect): &&(_, Effect)| matches!(effect, Effect::SetState { state, .. } if *state == wanted);
        city.effects.iter().filter(of).count()
    };
    assert_eq!((told(State::Down), told(State::Unreachable), city.opened().len()), (0, 0, 0));
    let villages = (0..2_402).filter(|n| city.core.tree().name(LinkIx(*n)).starts_with("village"));
    let degraded = villages.filter(|n| {
        let is = |(_, effect): &&(_, Effect)| matches!(effect, Effect::SetState { link, state: State::Degraded, .. } if link.0 == *n);
        city.effects.iter().any(|one| is(&one))
    });
    assert_eq!(degraded.count(), 0, "no village is called degraded at 1 %");
    let (lost, ok) = (0..2_402).fold((0, 0), |(lost, ok), n| {
        let counters = city.core.view(LinkIx(n), city.now).unwrap().counters;
        (lost + counters.lost, ok + counters.ok)
    });
    let loss = lost as f64 / (lost + ok) as f64;
    assert!((0.007..0.013).contains(&loss), "{loss}");
}

#[test]
fn case_5_every_tenth_lost() {
    for links in [small(), ten_thousand()] {
        let mut city = City::new(links);
        let name = township("420902", 2);
        city.run(Span::secs(120));
        let (from, before) = (city.now, city.states(&name).len());
        city.line(&name).every = Some(10);
        city.run(Span::minutes(10));
        let to = city.now;
        city.line(&name).every = None;
        city.run(Span::minutes(4));
        let states = city.states(&name).split_off(before);
        let [(entered, State::Degraded, _), (left, State::Up, _)] = states[..] else { panic!("{states:?}") };
        assert!((entered - from).as_secs_f64() <= 90.0 && (left - to).as_secs_f64() <= 180.0, "{states:?}");
        assert_eq!(city.opened().len(), 0);
    }
}

#[test]
fn case_5_a_tenth_lost_at_random() {
    let (mut in_time, mut busy) = (0, 0);
    for seed in 0..200 {
        let mut links = small();
        links.retain(|link| link.name == "county-420902" || link.name == township("420902", 2));
        let mut city = City::with(links, 1, seed);
        let name = township("420902", 2);
        city.run(Span::secs(120));
        let (from, before) = (city.now, city.states(&name).len());
        city.line(&name).loss = 0.1;
        city.run(Span::minutes(10));
        city.line(&name).loss = 0.0;
        city.run(Span::minutes(10));
        let states = city.states(&name).split_off(before);
        let first = states.first().unwrap_or_else(|| panic!("seed {seed}: never degraded"));
        assert_eq!(first.1, State::Degraded, "seed {seed}: {states:?}");
        let after = (first.0 - from).as_secs_f64();
        assert!(after <= 480.0, "seed {seed}: degraded after {after} s");
        in_time += usize::from(after <= 90.0);
        busy += usize::from(states.len() > 2);
        assert_eq!(states.last().unwrap().1, State::Up, "seed {seed}");
    }
    println!("degraded within 90 s in {in_time} of 200, more than two changes in {busy}");
    assert!(in_time >= 140 && busy <= 6, "{in_time} in time, {busy} with more than two changes");
}

#[test]
fn case_6_hovering() {
    for seed in 0..10 {
        let mut city = City::with(small(), 2, seed);
        let name = village("420902", 2);
        city.run(Span::minutes(4));
        let before = city.states(&name).len();
        for minute in 0..20 {
            city.line(&name).loss = if minute % 2 == 0 { 0.04 } else { 0.06 };
            city.run(Span::minutes(1));
        }
        let changes = city.states(&name).len() - before;
        assert!(changes <= 2, "seed {seed}: {changes} changes");
    }
}
