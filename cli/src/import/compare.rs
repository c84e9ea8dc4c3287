//! Whether an object already says what a row says.

use serde_json::{Map, Value};

/// Keys that tell the elements of a list apart, in the lists that the kinds declare as maps.
const KEYS: [&str; 3] = ["pool", "name", "type"];

/// The object has each field of `wanted` with the same value. What else it has is somebody else's.
#[must_use]
pub fn says(existing: &Value, wanted: &Value) -> bool {
    match (existing, wanted) {
        (Value::Object(existing), Value::Object(wanted)) => {
            wanted.iter().all(|(key, value)| existing.get(key).is_some_and(|existing| says(existing, value)))
        }
        (Value::Array(existing), Value::Array(wanted)) => list_says(existing, wanted),
        _ => existing == wanted,
    }
}

fn list_says(existing: &[Value], wanted: &[Value]) -> bool {
    // Ceilings are a map by pool: another manager may have added one. Other lists are one value.
    let by_pool = wanted.iter().all(|element| element.get("pool").is_some()) && !wanted.is_empty();
    if by_pool {
        return wanted.iter().all(|element| {
            existing.iter().any(|other| other.get("pool") == element.get("pool") && says(other, element))
        });
    }
    existing.len() == wanted.len() && existing.iter().zip(wanted).all(|(existing, wanted)| says(existing, wanted))
}

/// The manager once wrote a field that `wanted` no longer has: writing again takes it away.
#[must_use]
pub fn gives_up(managed: &Value, wanted: &Value) -> bool {
    let Value::Object(fields) = managed else { return false };
    fields.iter().any(|(key, below)| match key.split_once(':') {
        Some(("f", name)) => wanted.get(name).is_none_or(|value| gives_up(below, value)),
        Some(("k", element)) => match element_of(wanted, element) {
            Some(value) => gives_up(below, value),
            None => true,
        },
        _ => false,
    })
}

/// The element of a list that a key such as `{"pool":"cec"}` names.
fn element_of<'a>(list: &'a Value, key: &str) -> Option<&'a Value> {
    let key: Map<String, Value> = serde_json::from_str(key).ok()?;
    let is_meant = |element: &&Value| {
        key.iter().all(|(name, value)| KEYS.contains(&name.as_str()) && element.get(name) == Some(value))
    };
    list.as_array()?.iter().find(is_meant)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_wrote_is_no_difference() {
        let existing = json!({
            "displayName": "a", "tier": "County", "contact": {"name": "x", "email": "somebody else's"}, "facts": [{"label": "l", "unit": ""}],
            "ceilings": [{"pool": "inspur", "cpu": "1"}, {"pool": "cec", "cpu": "8", "acceptOvercommit": false}], "members": {"owners": ["li"]}
        });
        let cases = [
            (json!({"displayName": "a", "contact": {"name": "x"}}), true),
            (json!({"ceilings": [{"pool": "cec", "cpu": "8"}]}), true),
            (json!({"facts": [{"label": "l"}]}), true),
            (json!({"displayName": "b"}), false),
            (json!({"contact": {"phone": "1"}}), false),
            (json!({"ceilings": [{"pool": "cec", "cpu": "9"}]}), false),
            (json!({"ceilings": [{"pool": "other", "cpu": "8"}]}), false),
            (json!({"facts": []}), false),
            (json!({"members": {"owners": ["li", "wang"]}}), false),
        ];
        for (wanted, expected) in cases {
            assert_eq!(says(&existing, &wanted), expected, "{wanted}");
        }
    }

    #[test]
    fn a_cell_that_became_empty_is_a_difference() {
        let managed = json!({
            "f:displayName": {}, "f:parent": {}, "f:contact": {"f:name": {}},
            "f:ceilings": {"k:{\"pool\":\"cec\"}": {".": {}, "f:pool": {}, "f:cpu": {}}}
        });
        let full = json!({"displayName": "a", "parent": "p", "contact": {"name": "x"}, "ceilings": [{"pool": "cec", "cpu": "8"}]});
        assert!(!gives_up(&managed, &full));
        let mut without_parent = full.clone();
        without_parent.as_object_mut().unwrap().remove("parent");
        let mut without_ceiling = full.clone();
        without_ceiling["ceilings"] = json!([]);
        let mut without_name = full;
        without_name["contact"] = json!({});
        for wanted in [without_parent, without_ceiling, without_name] {
            assert!(gives_up(&managed, &wanted), "{wanted}");
        }
    }
}
