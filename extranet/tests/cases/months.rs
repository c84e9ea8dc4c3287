//! Months on an injected clock: 13, and what a partition must hold whatever comes in.

use extranet::incident::NoticeKind;
use extranet::maintenance::{Covered, Stretch, Window};
use extranet::model::{Level, LinkIx, Span, Stamp};
use extranet::month::Month;
use extranet::partition::{Availability, Since, by_contract, partition};
use extranet::state::State;
use extranet::tree::LinkSpec;
use proptest::prelude::*;

use crate::city::{City, START};
use crate::cuts::at;

const HOUR: i64 = 3_600;

/// 1 h down, 2 h of maintenance with 30 min overrun, 3 h monitor off, 4 h an ancestor cut.
fn example(start: Stamp) -> (Vec<Since>, Window) {
    let mark = |seconds: i64, class| Since { start: start + Span::secs(seconds), class };
    let seen = vec![
        mark(0, Availability::Up),
        mark(10 * HOUR, Availability::Down),
        mark(11 * HOUR, Availability::Up),
        mark(50 * HOUR, Availability::Down),
        mark(52 * HOUR + 1_800, Availability::Up),
        mark(100 * HOUR, Availability::Unknown),
        mark(103 * HOUR, Availability::Up),
        mark(200 * HOUR, Availability::Unreachable),
        mark(204 * HOUR, Availability::Up),
    ];
    let window = Window {
        links: vec![LinkIx(0)],
        start: start + Span::secs(50 * HOUR),
        end: start + Span::secs(52 * HOUR),
        approved_at: Some(start + Span::secs(49 * HOUR)),
        finished_early_at: None,
    };
    (seen, window)
}

#[test]
fn case_13_the_worked_example() {
    for (year, month, seconds) in [(2026, 11, 2_592_000), (2026, 12, 2_678_400), (2028, 2, 2_505_600)] {
        let month = Month::new(year, month).unwrap();
        let (seen, window) = example(month.start());
        let spent = partition(&seen, &Covered::of(window.covers()), month.start(), month.end());
        assert_eq!(spent.total(), seconds * 1_000_000, "{month}");
        let whole = [spent.down, spent.maintenance, spent.unknown, spent.unreachable, spent.degraded]
            .map(|one| one / 1_000_000);
        assert_eq!(whole, [5_400, 7_200, 10_800, 14_400, 0], "{month}");
        assert_eq!(spent.up, (seconds - 37_800) * 1_000_000);
    }
}

#[test]
fn case_13_its_five_figures_to_ten_digits() {
    let month = Month::new(2026, 11).unwrap();
    let (seen, window) = example(month.start());
    let figures = partition(&seen, &Covered::of(window.covers()), month.start(), month.end()).figures();
    let ten = |ratio: Option<extranet::partition::Ratio>| format!("{:.10}", ratio.unwrap().as_f64());
    assert_eq!(ten(figures.end_to_end), "0.9923076923");
    assert_eq!(ten(figures.own), "0.9978902954");
    assert_eq!(ten(figures.coverage), "0.9958217270");
    assert_eq!(ten(figures.worst), "0.9881615599");
    assert_eq!(ten(figures.best), "0.9923398329");
    assert_eq!(figures.to_string(), "99.23 % (coverage 99.5 %, range 98.81–99.23 %)");
}

#[test]
fn case_13_a_window_approved_one_second_late_changes_nothing() {
    let month = Month::new(2026, 11).unwrap();
    let (seen, window) = example(month.start());
    let late = Window { approved_at: Some(window.start + Span::secs(1)), ..window };
    assert_eq!(late.covers(), None);
    let without = partition(&seen, &Covered::default(), month.start(), month.end());
    assert_eq!((without.maintenance, without.down / 1_000_000), (0, 12_600));
}

#[test]
fn acceptance_11_the_contract_counts_whole_minutes_and_lists_the_short() {
    let month = Month::new(2026, 11).unwrap();
    let mark = |seconds: i64, class| Since { start: month.start() + Span::secs(seconds), class };
    let seen = [
        mark(0, Availability::Up),
        mark(1_000, Availability::Down),
        mark(1_300, Availability::Up),
        mark(9_000, Availability::Down),
        mark(9_040, Availability::Up),
    ];
    let found = by_contract(&seen, &Covered::default(), month.start(), month.end());
    assert_eq!((found.outage_minutes, found.short_outages), (5, 1));
    assert_eq!(found.availability.unwrap().percent(3), "99.988");
    let exact = partition(&seen, &Covered::default(), month.start(), month.end()).figures();
    // 340 s of 2,592,000 are 99.98688 %: truncated, never rounded up.
    assert_eq!(exact.end_to_end.unwrap().percent(3), "99.986");
}

/// 楚天云 is down for five minutes, and another time for 40 seconds: from the samples to the contract's figure.
#[test]
fn acceptance_11_interconnect_outage() {
    let mut city = City::new(vec![LinkSpec::new("chutian-cloud", Level::Interconnect, &[])]);
    city.run(Span::minutes(10));
    // An outage is measured from the first lost sample to the first answer: to the sample that is a second.
    let cut = city.now;
    for (seconds, after) in [(302, Span::minutes(90)), (40, Span::minutes(10))] {
        city.line("chutian-cloud").cut = true;
        city.run(Span::secs(seconds));
        city.line("chutian-cloud").cut = false;
        city.run(after);
    }
    let opened = city.opened();
    assert_eq!((opened.len(), city.notices(NoticeKind::Resolved)), (2, 2), "each is told with its end: {opened:?}");
    let told = city.states("chutian-cloud").into_iter().find(|(_, state, _)| *state == State::Down).unwrap();
    assert!((told.0 - cut).as_secs_f64() <= 60.0 && (told.2 - cut).as_secs_f64() < 1.2, "{told:?} of a cut at {cut:?}");

    // The rest of the month it was up.
    let month = Month::new(2026, 11).unwrap();
    let first = Since { start: month.start(), class: Availability::Up };
    let states = city.states("chutian-cloud").into_iter().filter_map(|(_, state, since)| {
        let class = match state {
            State::Up | State::Degraded => Availability::Up,
            State::Down => Availability::Down,
            _ => return None,
        };
        Some(Since { start: month.start() + (since - START) + Span::minutes(1), class })
    });
    let seen: Vec<Since> = std::iter::once(first).chain(states).collect();
    let figure = by_contract(&seen, &Covered::default(), month.start(), month.end());
    assert_eq!((figure.outage_minutes, figure.short_outages), (5, 1), "{seen:?}");
    assert_eq!(figure.availability.unwrap().percent(3), "99.988");
}

#[test]
fn nothing_covered_is_not_applicable() {
    let (start, end) = (Stamp::from_secs(0), Stamp::from_secs(100));
    let all = Covered::of([Stretch { start, end }]);
    let figures = partition(&[], &all, start, end).figures();
    assert_eq!((figures.end_to_end, figures.coverage), (None, None));
    assert_eq!(figures.to_string(), "not applicable");
    let unseen = partition(&[], &Covered::default(), start, end).figures();
    assert_eq!(unseen.end_to_end, None);
    assert_eq!(unseen.worst.unwrap().percent(2), "0.00");
}

#[test]
fn an_overrun_opens_an_incident_at_the_end_of_the_window() {
    let mut city = City::new(vec![LinkSpec::new("c", Level::County, &[])]);
    let window = Window {
        links: vec![LinkIx(0)],
        start: at(60),
        end: at(360),
        approved_at: Some(at(0)),
        finished_early_at: None,
    };
    city.core.set_windows(&[window]);
    city.run(Span::secs(120));
    city.line("c").cut = true;
    city.run(Span::secs(200));
    assert_eq!(city.opened().len(), 0, "in its window a root opens no incident");
    assert!(city.view("c").maintenance.is_some());
    city.run(Span::secs(60));
    assert_eq!(city.opened().len(), 1);
    assert_eq!(city.core.book().incidents().next().unwrap().started_at, at(360));
    city.line("c").cut = false;
    city.run(Span::secs(120));
    let spent = city.core.durations(LinkIx(0), Month::of(at(0)), city.now).unwrap();
    assert_eq!(spent.maintenance, Span::secs(300).as_micros());
    assert!((spent.down - Span::secs(20).as_micros()).abs() < 2_000_000, "{spent:?}");
}

fn class() -> impl Strategy<Value = Availability> {
    use Availability::{Degraded, Down, Maintenance, Unknown, Unreachable, Up};
    prop::sample::select(vec![Up, Degraded, Down, Unreachable, Unknown, Maintenance])
}

proptest! {
    #[test]
    fn six_durations_add_up_to_the_microsecond(
        mut marks in prop::collection::vec((-1_000_i64..1_000, class()), 0..40),
        windows in prop::collection::vec((-1_000_i64..1_000, -100_i64..500), 0..8),
        from in -500_i64..500,
        length in 0_i64..1_000,
    ) {
        marks.sort_by_key(|(at, _)| *at);
        let seen: Vec<Since> =
            marks.into_iter().map(|(at, class)| Since { start: Stamp::from_micros(at), class }).collect();
        let stretch = |(start, span): &(i64, i64)| Stretch {
            start: Stamp::from_micros(*start),
            end: Stamp::from_micros(start + span),
        };
        let covered = Covered::of(windows.iter().map(stretch));
        let (from, to) = (Stamp::from_micros(from), Stamp::from_micros(from + length));
        let whole = partition(&seen, &covered, from, to);
        prop_assert_eq!(whole.total(), length);

        // Every instant by itself says the same.
        let mut slow = extranet::partition::Durations::default();
        for at in from.micros()..to.micros() {
            let at = Stamp::from_micros(at);
            let seen_at = seen.iter().rev().find(|one| one.start <= at).map_or(Availability::Unknown, |one| one.class);
            let in_window = windows.iter().map(stretch).any(|one| one.start <= at && at < one.end);
            slow.add(if in_window { Availability::Maintenance } else { seen_at }, Span::micros(1));
        }
        prop_assert_eq!(whole, slow);

        // Cut anywhere, the parts add up to the whole.
        let middle = from + Span::micros(length / 3);
        let mut parts = partition(&seen, &covered, from, middle);
        parts += partition(&seen, &covered, middle, to);
        prop_assert_eq!(parts, whole);
        let figures = whole.figures();
        if let (Some(worst), Some(best), Some(a)) = (figures.worst, figures.best, figures.end_to_end) {
            prop_assert!(worst.as_f64() <= a.as_f64() && a.as_f64() <= best.as_f64());
        }
    }
}
