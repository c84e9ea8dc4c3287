use ledger::{Amount, Resource};
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    kind: String,
    text: String,
    exact: Option<u64>,
    error: Option<String>,
    canonical: Option<String>,
}

/// The dashboard reads the same file, so both sides agree on each amount.
#[test]
fn the_shared_cases_hold() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../tests/amount_cases.json")).unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let resource = Resource::ALL.into_iter().find(|resource| resource.name() == case.kind).unwrap();
        let parsed = parse(resource, &case.text);
        assert_eq!(parsed.as_ref().ok().map(|amount| amount.get()), case.exact, "{} {}", case.kind, case.text);
        assert_eq!(parsed.as_ref().err().map(|e| e.code().to_owned()), case.error, "{} {}", case.kind, case.text);
        assert_eq!(parsed.ok().map(|amount| format(resource, amount)), case.canonical, "{} {}", case.kind, case.text);
    }
}

#[test]
fn what_a_server_sends_is_read_and_rounded_up() {
    let cases = [
        (Resource::Cpu, "1500m", Some(1_500)),
        (Resource::Cpu, "2", Some(2_000)),
        (Resource::Cpu, "0.0001", Some(1)),
        (Resource::Cpu, "1e3", Some(1_000_000)),
        (Resource::Cpu, "250u", Some(1)),
        (Resource::Memory, "2T", Some(2_000_000_000_000)),
        (Resource::Memory, "1Gi", Some(1 << 30)),
        (Resource::Memory, "1500m", Some(2)),
        (Resource::Memory, "12e6", Some(12_000_000)),
        (Resource::Storage, "1.5Ti", Some(3 << 39)),
        (Resource::Storage, "-1", Some(0)),
        (Resource::Storage, "many", None),
        (Resource::Storage, "", None),
        (Resource::Storage, "1e400", None),
    ];
    for (resource, text, expected) in cases {
        assert_eq!(parse_observed(resource, text).map(Amount::get), expected, "{text}");
    }
}

#[test]
fn an_error_says_what_to_write_instead() {
    let cases = [
        (Resource::Storage, "1.5T", "has a fraction: write it in a smaller unit, such as 1500G"),
        (Resource::Memory, "0.5Gi", "has a fraction: write it in a smaller unit, such as 512Mi"),
        (Resource::Cpu, "1.5", "has a fraction: write it in a smaller unit, such as 1500m"),
        (Resource::Memory, "128", "has no unit: write 128G or 128Gi (G is 10^9 bytes, Gi is 2^30)"),
        (Resource::Memory, "128GB", "has the unit \"GB\", which isn't one of M, G, T, Mi, Gi and Ti"),
        (Resource::Cpu, "1e3", "has an exponent: write the number out"),
        (Resource::Cpu, "-5", "is negative: an amount is zero or more"),
        (Resource::Cpu, "", "is empty: write 8 or 500m"),
    ];
    for (resource, text, expected) in cases {
        assert_eq!(parse(resource, text).unwrap_err().to_string(), expected, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn any_amount_survives_its_canonical_text(amount in 0..=Amount::MAX_ASKED.get(), cpu in 0..=100_000_000_000_000_u64) {
        proptest::prop_assert_eq!(parse_observed(Resource::Memory, &format(Resource::Memory, Amount::new(amount))), Some(Amount::new(amount)));
        proptest::prop_assert_eq!(parse_observed(Resource::Storage, &format(Resource::Storage, Amount::new(amount))), Some(Amount::new(amount)));
        proptest::prop_assert_eq!(parse_cpu(&format(Resource::Cpu, Amount::new(cpu))), Ok(Amount::new(cpu)));
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        for resource in Resource::ALL {
            let _ = parse(resource, &text);
            let _ = parse_observed(resource, &text);
        }
    }
}
