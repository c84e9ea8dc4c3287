//! What was corrected in a returned request.

use serde_json::Value;

use crate::v1alpha1::{Correction, QuotaRequestSpec};

/// Fields of one correction that are told. A request has about thirty.
const FIELDS_MAX: usize = 12;
/// Characters of a value that are told: 32 steps × 12 fields × 2 values × 120 characters of at most
/// four bytes are 370 kB, under the 1.5 MiB of an object.
const VALUE_MAX: usize = 120;

/// The fields in which two versions of a request differ.
#[must_use]
pub fn corrections(before: &QuotaRequestSpec, after: &QuotaRequestSpec) -> Vec<Correction> {
    let tree = |spec: &QuotaRequestSpec| serde_json::to_value(spec).unwrap_or_default();
    let mut found = Vec::new();
    compare("spec", &tree(before), &tree(after), &mut found);
    found.truncate(FIELDS_MAX);
    found
}

fn compare(field: &str, before: &Value, after: &Value, found: &mut Vec<Correction>) {
    if before == after {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        found.push(Correction { field: field.to_owned(), before: text(before), after: text(after) });
        return;
    };
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let of = |tree: &serde_json::Map<String, Value>| tree.get(key).cloned().unwrap_or_default();
        compare(&format!("{field}.{key}"), &of(old), &of(new), found);
    }
}

fn text(value: &Value) -> String {
    let whole = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    whole.chars().take(VALUE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(memory: &str, justification: &str, end: Option<&str>) -> QuotaRequestSpec {
        let period = end.map(|end| serde_json::json!({"start": "2026-12-01", "end": end}));
        serde_json::from_value(serde_json::json!({
            "requester": "zhang", "type": "Change", "application": "a", "pool": "cec", "period": period,
            "resources": {"cpu": "8", "memory": memory, "storage": "1T"}, "justification": justification,
        }))
        .unwrap()
    }

    #[test]
    fn a_correction_names_each_field_with_both_values() {
        let long = "长".repeat(500);
        let found = corrections(&spec("16G", "more couples", None), &spec("32G", &long, Some("2027-11-30")));
        let told: Vec<_> = found.iter().map(|one| (one.field.as_str(), one.before.as_str())).collect();
        assert_eq!(
            told,
            [("spec.justification", "more couples"), ("spec.resources.memory", "16G"), ("spec.period", "")]
        );
        assert_eq!(found[0].after.chars().count(), VALUE_MAX);
        assert_eq!(found[1].after, "32G");
        assert_eq!(corrections(&spec("16G", "same", None), &spec("16G", "same", None)), []);
    }
}
