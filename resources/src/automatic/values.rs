//! What expressions may look at.

use std::collections::HashMap;

use ledger::{Amount, Bundle, Resource};

use super::Situation;
use super::expression::{Field, Fields};
use crate::usage::Window;

pub(super) fn of(
    situation: &Situation<'_>,
    target: Bundle,
    increase: Bundle,
    windows: &[(Resource, Option<Window>)],
) -> HashMap<&'static str, Fields> {
    let shares = |part: &dyn Fn(Resource) -> Option<(Amount, Amount)>| -> Fields {
        let known = Resource::ALL.into_iter().filter_map(|resource| {
            let (part, whole) = part(resource)?;
            // Exact enough for a share: an f64 has 15 digits.
            let per_mille = u32::try_from(part.per_mille_of(whole)?).ok()?;
            Some((resource.name().to_owned(), Field::Fraction(f64::from(per_mille) / 10.0)))
        });
        known.collect()
    };
    let used = |resource: Resource| {
        let (_, window) = windows.iter().find(|(of, _)| *of == resource)?;
        Some((window.as_ref()?.average(), *situation.has.of(resource)))
    };
    let pool = |resource: Resource| {
        let room = situation.room.as_ref()?;
        Some((*room.out.of(resource), *room.capacity.of(resource)))
    };
    HashMap::from([
        ("request", request(situation)),
        ("application", application(situation)),
        ("current", amounts(situation.has)),
        ("increase", amounts(increase)),
        ("target", amounts(target)),
        ("use", shares(&used)),
        ("pool", shares(&pool)),
    ])
}

fn request(situation: &Situation<'_>) -> Fields {
    let spec = situation.spec;
    let text = |text: &str| Field::Text(text.to_owned());
    let temporary = spec.period.as_ref().is_some_and(|period| period.end.is_some());
    HashMap::from([
        ("type".to_owned(), Field::Text(format!("{:?}", spec.type_))),
        ("application".to_owned(), text(&spec.application)),
        ("department".to_owned(), text(situation.department)),
        ("pool".to_owned(), text(&spec.pool)),
        ("requester".to_owned(), text(&spec.requester)),
        ("temporary".to_owned(), Field::Truth(temporary)),
    ])
}

fn application(situation: &Situation<'_>) -> Fields {
    let Some(spec) = situation.application else { return Fields::new() };
    HashMap::from([
        ("tier".to_owned(), Field::Text(format!("{:?}", spec.tier))),
        ("zone".to_owned(), Field::Text(format!("{:?}", spec.zone))),
        ("securityGrade".to_owned(), Field::Number(i64::from(spec.security_grade))),
        ("keyEvent".to_owned(), Field::Truth(spec.key_event)),
        ("domesticIt".to_owned(), Field::Truth(spec.domestic_it)),
    ])
}

fn amounts(bundle: Bundle) -> Fields {
    let number = |resource: Resource| Field::Number(i64::try_from(bundle.of(resource).get()).unwrap_or(i64::MAX));
    Resource::ALL.into_iter().map(|resource| (resource.name().to_owned(), number(resource))).collect()
}
