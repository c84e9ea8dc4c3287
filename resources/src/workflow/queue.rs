//! Which request is served before which, and what of it is still to come.

use crate::v1alpha1::{Phase, QuotaRequest};

/// Where a request stands in the queue for its application: created earlier comes first, and of one
/// second the lower number. The API server gives times in seconds and names at random; one that
/// has no number yet comes after those that have, because it gets a higher one.
#[must_use]
pub fn turn(request: &QuotaRequest) -> (Option<i64>, bool, String, String) {
    let created = request.metadata.creation_timestamp.as_ref().map(|at| at.0.as_second());
    let number = request.status.as_ref().and_then(|status| status.number.clone());
    (created, number.is_none(), number.unwrap_or_default(), request.metadata.name.clone().unwrap_or_default())
}

/// Whether a request in this phase still waits for somebody or something.
#[must_use]
pub const fn is_open(phase: Phase) -> bool {
    match phase {
        Phase::Submitted
        | Phase::Accepted
        | Phase::TechReview
        | Phase::Offered
        | Phase::Approved
        | Phase::Provisioning
        | Phase::Testing
        | Phase::Returned
        | Phase::Reclaiming => true,
        Phase::Active | Phase::Rejected | Phase::Withdrawn | Phase::Lapsed | Phase::Expired | Phase::Released => false,
    }
}

/// Whether a request in this phase is undecided: its increase counts as requested.
#[must_use]
pub const fn is_undecided(phase: Phase) -> bool {
    matches!(phase, Phase::Submitted | Phase::Accepted | Phase::TechReview)
}

/// Whether capacity is held for a request in this phase. A hold is made before the phase is written:
/// one for a decision that has no answer yet isn't left over.
#[must_use]
pub const fn holds(phase: Phase) -> bool {
    matches!(phase, Phase::Offered | Phase::Approved | Phase::Provisioning | Phase::Testing)
}

/// Whether two requests are about the same application in the same pool: then one is decided after
/// the other. A move is about both its pools.
#[must_use]
pub fn concern_the_same(one: &QuotaRequest, other: &QuotaRequest) -> bool {
    let pools = |request: &QuotaRequest| [Some(request.spec.pool.clone()), request.spec.move_from.clone()];
    one.metadata.namespace == other.metadata.namespace
        && one.spec.application == other.spec.application
        && pools(one).into_iter().flatten().any(|pool| pools(other).contains(&Some(pool)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two requests of one second: names are random, numbers are not.
    #[test]
    fn of_one_second_the_lower_number_comes_first() {
        let request = |name: &str, created: &str, number: Option<&str>| -> QuotaRequest {
            let object = serde_json::json!({
                "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
                "metadata": {"name": name, "creationTimestamp": created},
                "spec": {
                    "requester": "zhang", "type": "Release", "application": "a", "pool": "cec",
                    "resources": {"cpu": "0", "memory": "0", "storage": "0"}, "justification": "it isn't needed any more",
                },
                "status": {"number": number, "conditions": []},
            });
            serde_json::from_value(object).unwrap()
        };
        let (one, two) = ("2026-11-23T06:00:00Z", "2026-11-23T06:00:01Z");
        let order = [
            request("qr-z", one, Some("2026-000001")),
            request("qr-b", one, Some("2026-000002")),
            request("qr-a", one, None),
            request("qr-c", two, Some("2026-000000")),
        ];
        assert!(order.is_sorted_by_key(turn));
    }
}
