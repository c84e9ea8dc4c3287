//! The committed document is the one that the routes make.

#[test]
fn the_committed_document_is_current() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    assert!(
        committed == api::openapi::text(),
        "api/openapi.json is out of date: run `cargo run -p api --bin openapi > api/openapi.json`, then `npm run generate` in dashboards/"
    );
}

#[test]
fn every_operation_names_itself_and_every_answer_says_what_it_is() {
    let document: serde_json::Value = serde_json::from_str(&api::openapi::text()).unwrap();
    let mut names = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let description = response["description"].as_str().unwrap_or_default();
                assert!(!description.is_empty(), "{method} {path} {status} has no description");
            }
        }
    }
}
