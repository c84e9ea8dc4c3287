//! What the rules of automatic approval came to.

use resources::v1alpha1::{AutomaticOutcome, AutomaticReview, Evidence};

use crate::output::Width;
use crate::stand::plain;
use crate::table::{self, Kind};

/// What they came to, and below it what each of them found beside what it asks.
pub fn text(review: &AutomaticReview, evidence: &[Evidence]) -> String {
    let columns = [
        ("RULE", Kind::Cut),
        ("RESOURCE", Kind::Text),
        ("FOUND", Kind::Wrap),
        ("ASKED", Kind::Wrap),
        ("RESULT", Kind::Wrap),
    ];
    let rows: Vec<Vec<String>> = evidence.iter().map(row).collect();
    let head = match review.outcome {
        AutomaticOutcome::Person => format!("A person decides: {}", review.reasons.join(", ")),
        AutomaticOutcome::Pending => "All rules hold: the capacity is being asked for".to_owned(),
        AutomaticOutcome::Approved => "Approved automatically".to_owned(),
    };
    let ledger = review.ledger_revision.map(|revision| format!(", ledger revision {revision}")).unwrap_or_default();
    let head = format!("{head} (policy revision {}{ledger})", review.policy_revision);
    let head: String = table::wrap(&head, table::COLUMNS).iter().map(|line| format!("{line}\n")).collect();
    if rows.is_empty() { head } else { head + &table::render(&columns, &rows, Width::Narrow) }
}

fn row(one: &Evidence) -> Vec<String> {
    let seen = match (&one.window, &one.samples) {
        (Some(window), Some(samples)) => format!(" ({window}, {samples} samples)"),
        (Some(window), None) => format!(" ({window})"),
        _ => String::new(),
    };
    let result = [Some(one.result.as_str()), one.code.as_deref(), one.message.as_deref()];
    let result = result.into_iter().flatten().collect::<Vec<_>>().join(": ");
    vec![
        plain(&one.rule),
        one.resource.clone().unwrap_or_default(),
        format!("{}{seen}", plain(&one.value)),
        plain(&one.threshold),
        plain(&result),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_found_stands_beside_what_was_asked() {
        let review = json!({"revision": 1, "at": "2026-11-23T06:10:00Z", "outcome": "Person", "policyRevision": 3,
            "ledgerRevision": 41, "reasons": ["NoData"]});
        let evidence = json!([
            {"rule": "R1", "resource": "cpu", "value": "62.0 %", "threshold": ">= 35 %", "result": "Passed",
             "source": "metrics.k8s.io", "window": "14 d", "samples": "4030/4032"},
            {"rule": "R3", "resource": "memory", "value": "-", "threshold": ">= 90 %", "result": "Failed",
             "source": "metrics.k8s.io", "window": "14 d", "code": "NoData"},
        ]);
        let evidence: Vec<Evidence> = serde_json::from_value(evidence).unwrap();
        let text = text(&serde_json::from_value(review).unwrap(), &evidence);
        let expected = [
            "A person decides: NoData (policy revision 3, ledger revision 41)\n",
            "62.0 % (14 d, 4030/4032 samples)",
            ">= 35 %",
            "Failed: NoData",
        ];
        for words in expected {
            assert!(text.contains(words), "{words:?} isn't in\n{text}");
        }
    }
}
