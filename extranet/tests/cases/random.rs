//! Random trees, phases and histories: one incident a cut, no claim without evidence, and time that adds up.

use extranet::Core;
use extranet::incident::NoticeKind;
use extranet::model::{Level, LinkIx, Span, Stamp, VantageIx};
use extranet::month::Month;
use extranet::sample::{Batch, Sample, Target, Verdict};
use extranet::state::State;
use extranet::tree::{LinkSpec, Tree};
use proptest::prelude::*;

use crate::city::{City, START};

/// A tree of up to 40 links: each hangs on an earlier one, or on the core.
fn tree() -> impl Strategy<Value = Vec<LinkSpec>> {
    prop::collection::vec((0_usize..100, 0_usize..100), 4..40).prop_map(|parents| {
        let mut links: Vec<LinkSpec> = Vec::new();
        for (n, (parent, kind)) in parents.into_iter().enumerate() {
            let above =
                (n > 0 && parent >= 15).then(|| links[parent % n].clone()).filter(|one| one.level < Level::Village);
            let level = match &above {
                None => Level::County,
                Some(one) if one.level == Level::County && kind < 70 => Level::Township,
                Some(_) => Level::Village,
            };
            let uplinks: Vec<&str> = above.as_ref().map(|one| one.name.as_str()).into_iter().collect();
            links.push(LinkSpec::new(format!("l{n}"), level, &uplinks));
        }
        links
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn one_cut_is_one_incident_and_one_resolution(links in tree(), which in 0_usize..100, seed in 0_u64..1_000) {
        let root = LinkIx((which % links.len()) as u32);
        let mut city = City::with(links, 2, seed);
        city.run(Span::secs(20) + Span::millis(13 * (seed as i64 % 400)));
        city.lines[root.at()].cut = true;
        city.run(Span::secs(45));
        let first_level = city.core.tree().children(city.core.tree().core()).len();
        prop_assert_eq!(city.opened().len(), 1, "{:?}, {} first-level links", city.opened(), first_level);
        prop_assert_eq!(city.count(State::Down), 1);
        prop_assert_eq!(city.count(State::Unreachable), city.core.tree().below(root).len());
        city.lines[root.at()].cut = false;
        city.run(Span::minutes(4));
        prop_assert_eq!(city.count(State::Up), city.core.tree().len());
        prop_assert_eq!(city.opened().len(), 1, "{:?}", city.opened());
        prop_assert_eq!(city.notices(NoticeKind::Resolved), 1);
    }

    #[test]
    fn durations_add_up_and_an_end_never_outlives_its_cause(
        links in tree(),
        steps in prop::collection::vec((0_usize..100, 0_usize..4, 1_i64..90), 1..12),
        seed in 0_u64..1_000,
    ) {
        let mut city = City::with(links, 2, seed);
        city.run(Span::secs(15));
        for (which, what, seconds) in steps {
            let n = which % city.lines.len();
            match what {
                0 => city.lines[n].cut ^= true,
                1 => city.lines[n].loss = 0.2,
                2 => city.blind ^= true,
                _ => city.pause(Span::secs(4)),
            }
            city.run(Span::secs(seconds));
        }
        let month = Month::of(START);
        for n in 0..city.core.tree().len() as u32 {
            let view = city.core.view(LinkIx(n), city.now).unwrap();
            if let Some(spent) = city.core.durations(LinkIx(n), month, city.now) {
                prop_assert_eq!(spent.total(), (city.now - view.first_answer.unwrap()).as_micros());
                prop_assert!([spent.up, spent.degraded, spent.down, spent.unreachable, spent.unknown].iter().all(|one| *one >= 0));
            }
            if view.state == State::Unreachable && city.core.blind().is_none() {
                prop_assert!(!view.roots.is_empty(), "link {}: {:?}, told {:?}", n, view, city.states(city.core.tree().name(LinkIx(n))));
            }
        }
        // Once everything is well again, everything ends.
        city.blind = false;
        city.lines.iter_mut().for_each(|line| (line.cut, line.loss) = (false, 0.0));
        city.run(Span::minutes(40));
        prop_assert_eq!(city.count(State::Up) + city.count(State::Degraded), city.core.tree().len());
        prop_assert_eq!(city.count(State::Degraded), 0);
        prop_assert!(city.core.book().incidents().all(|one| one.ended_at.is_some()));
        let quiet = city.effects.len();
        city.run(Span::secs(30));
        prop_assert_eq!(city.effects.len(), quiet, "{:?}", &city.effects[quiet..]);
    }

    #[test]
    fn the_order_of_samples_within_a_batch_changes_nothing(
        verdicts in prop::collection::vec((0_u32..4, 0_i64..40, any::<bool>()), 1..80),
        turn in 0_usize..80,
    ) {
        let links = || vec![
            LinkSpec::new("c", Level::County, &[]),
            LinkSpec::new("t", Level::Township, &["c"]),
            LinkSpec::new("v", Level::Village, &["t"]),
            LinkSpec::new("w", Level::Village, &["t"]),
        ];
        let sample = |(link, at, ok): &(u32, i64, bool)| Sample {
            target: Target::Link(LinkIx(*link)),
            vantage: VantageIx(0),
            sent: START + Span::millis(500 * *at),
            verdict: if *ok { Verdict::Ok { rtt: None } } else { Verdict::Lost },
            ttl: None,
            evidence: None,
        };
        // No two samples of one link at one instant, as the prober sends none.
        let mut distinct: Vec<Sample> = Vec::new();
        for one in verdicts.iter().map(sample) {
            if !distinct.iter().any(|other| (other.target, other.sent) == (one.target, one.sent)) {
                distinct.push(one);
            }
        }
        let mut turned = distinct.clone();
        turned.rotate_left(turn % distinct.len());
        turned.reverse();
        let run = |samples: Vec<Sample>| {
            let mut core = Core::new(Tree::new(links()), 0, START);
            let mut effects = core.step(START + Span::secs(21), &Batch::new(samples));
            for tenth in 1..300 {
                effects.extend(core.step(START + Span::secs(21) + Span::millis(100 * tenth), &Batch::new(vec![])));
            }
            effects
        };
        prop_assert_eq!(run(distinct), run(turned));
    }

    #[test]
    fn no_down_without_enough_losses(
        pattern in prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2]), 10..60),
    ) {
        let mut core = Core::new(Tree::new(vec![LinkSpec::new("c", Level::County, &[])]), 0, START);
        let at = |n: usize| START + Span::secs(n as i64);
        let (mut run, mut down_at) = (0, None);
        let mut feed = |n: usize, what: u8| {
            let verdict = match what {
                0 => Verdict::Ok { rtt: None },
                1 => Verdict::Lost,
                _ => Verdict::Tainted(extranet::sample::Taint::Lag),
            };
            let sent: Stamp = at(n);
            let sample = Sample { target: Target::Link(LinkIx(0)), vantage: VantageIx(0), sent, verdict, ttl: None, evidence: None };
            core.step(sent + Span::secs(1), &Batch::new(vec![sample]));
            core.view(LinkIx(0), at(n)).unwrap().state
        };
        feed(0, 0);
        for (n, what) in pattern.into_iter().enumerate() {
            run = match what { 0 => 0, 1 => run + 1, _ => run };
            let state = feed(n + 1, what);
            if state == State::Down && down_at.is_none() {
                down_at = Some(n);
                prop_assert!(run >= 5, "down after {} losses", run);
            }
            // Unknown in between, it goes on being down at its first loss.
            down_at = down_at.filter(|_| state != State::Up);
        }
    }
}
