//! Our own faults are never an outage: 11, 12, blindness, and links that never answered.

use extranet::model::{LinkIx, Span};
use extranet::month::Month;
use extranet::sample::{IcmpMode, Taint};
use extranet::state::{Effect, Reason, State};
use extranet::vantage::{Blindness, Sight};

use crate::city::{City, START, ten_thousand, village};
use crate::cuts::small;

fn lost(city: &City) -> u64 {
    (0..city.core.tree().len() as u32).map(|n| city.core.view(LinkIx(n), city.now).unwrap().counters.lost).sum()
}

/// Nothing was ever called down or unreachable, and no incident opened.
fn nothing_claimed(city: &City) {
    let claims = city.effects.iter().filter(|(_, effect)| {
        matches!(effect, Effect::SetState { state: State::Down | State::Unreachable, .. } | Effect::Incident(_))
    });
    assert_eq!(claims.count(), 0);
}

#[test]
fn case_11_overflow_shows_as_taint() {
    for links in [small(), ten_thousand()] {
        let mut city = City::with(links, 0, 0);
        city.run(Span::secs(60));
        city.taint = Some(Taint::RxOverflow);
        city.lines.iter_mut().for_each(|line| line.loss = 0.6);
        city.run(Span::minutes(5));
        nothing_claimed(&city);
        assert_eq!(lost(&city), 0);
        let view = city.view("county-420902");
        assert!(view.counters.tainted[Taint::RxOverflow as usize] > 100);
    }
}

#[test]
fn case_11_a_prober_that_was_stopped() {
    // The last of them in a city of 10,000 links.
    for seed in 0..=10 {
        let links = if seed == 10 { ten_thousand() } else { small() };
        let mut city = City::with(links, 2, seed);
        city.run(Span::secs(30) + Span::millis(97 * seed as i64));
        city.pause(Span::secs(5));
        city.run(Span::minutes(2));
        nothing_claimed(&city);
        assert_eq!((lost(&city), city.count(State::Up)), (0, city.core.tree().len()));
        // The 1 s class was valid for 3 s of the 5: the rest is unknown, and nothing is missing.
        let spent = city.core.durations(city.link("county-420902"), Month::of(START), city.now).unwrap();
        let unknown = Span::micros(spent.unknown).as_secs_f64();
        assert!((0.9..4.2).contains(&unknown), "{unknown} s");
        assert_eq!(spent.down + spent.unreachable + spent.degraded, 0);
    }
}

#[test]
fn case_12_no_permission_from_the_start() {
    for links in [small(), ten_thousand()] {
        let mut city = City::new(links);
        city.icmp = IcmpMode::Forbidden;
        city.run(Span::secs(10));
        assert_eq!(city.count(State::Unknown), city.core.tree().len());
        assert_eq!(city.core.blind().map(|(_, why)| why), Some(Blindness::NoIcmpPermission));
        nothing_claimed(&city);
    }
}

#[test]
fn case_12_permission_that_is_taken_away() {
    for links in [small(), ten_thousand()] {
        let mut city = City::new(links);
        city.run(Span::secs(60));
        city.icmp = IcmpMode::Forbidden;
        city.run(Span::secs(20));
        let view = city.view(&village("420902", 1));
        assert_eq!((view.state, view.reason), (State::Unknown, Reason::NoIcmpPermission));
        assert_eq!(city.count(State::Unknown), city.core.tree().len());
        nothing_claimed(&city);
        city.icmp = IcmpMode::Raw;
        city.run(Span::secs(20));
        assert_eq!(city.count(State::Up), city.core.tree().len());
    }
}

#[test]
fn blindness_takes_back_what_looked_like_loss() {
    for seed in 0..30 {
        let mut city = City::with(small(), 2, seed);
        city.run(Span::secs(40) + Span::millis(61 * seed as i64));
        city.blind = true;
        let from = city.now;
        city.run(Span::secs(30));
        nothing_claimed(&city);
        let sight = city.effects.iter().find_map(|(at, effect)| match effect {
            Effect::Sight(Sight::Lost { since, .. }) => Some((*at, *since)),
            _ => None,
        });
        let (known, since) = sight.unwrap();
        let after = (known - from).as_secs_f64();
        assert!(after <= 3.3, "seed {seed}: known after {after} s");
        assert_eq!(city.view("county-420902").reason, Reason::VantageBlind);
        // What stays lost was sent before the first lost anchor sample: 24 probes a second, and a few at the fast pace.
        let before = (since - from).as_secs_f64();
        let may = (30.0 * before) as u64 + 8;
        assert!(before <= 1.2 && lost(&city) <= may, "seed {seed}: {} lost in {before} s", lost(&city));
        city.blind = false;
        city.run(Span::secs(30));
        assert_eq!(city.count(State::Up), city.core.tree().len(), "seed {seed}");
        nothing_claimed(&city);
    }
}

#[test]
fn a_link_that_never_answered_is_a_list_and_no_outage() {
    let mut city = City::new(small());
    let name = village("420902", 1);
    city.line(&name).cut = true;
    city.run(Span::minutes(5));
    let view = city.view(&name);
    assert_eq!((view.state, view.reason), (State::Unknown, Reason::NeverAnswered));
    assert_eq!(city.core.durations(city.link(&name), Month::of(START), city.now), None);
    nothing_claimed(&city);
    city.line(&name).cut = false;
    city.run(Span::minutes(1));
    let first = city.view(&name).first_answer.unwrap();
    let spent = city.core.durations(city.link(&name), Month::of(START), city.now).unwrap();
    assert_eq!(spent.total(), (city.now - first).as_micros(), "accounting begins with the first answer");
}

#[test]
fn silence_by_policy_is_learned_from_below() {
    let mut city = City::new(small());
    city.line("county-420902").mute = true;
    city.run(Span::minutes(3));
    let view = city.view("county-420902");
    assert_eq!((view.state, view.reason, view.silent), (State::Up, Reason::InferredFromChildren, true));
    nothing_claimed(&city);
}
