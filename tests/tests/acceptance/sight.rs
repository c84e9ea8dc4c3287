//! What isn't somebody's to see looks like what isn't there.

use serde_json::{Value, json};
use tests::people::Person::{self, Chen, CloudAdmin, Provider, Zhang};
use tests::town::{amounts, department, pool};

use crate::Desk;

/// A department of chen's beside the one of zhang, with an application and a request.
async fn beside(desk: &Desk, name: &str) -> String {
    let members = json!({"members": {"owners": [], "users": [Chen.user()]}});
    desk.town.create(CloudAdmin, department(name, members)).await;
    desk.town.await_department(name, "Ready", "Serving").await;
    let application = json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Application",
        "metadata": {"namespace": format!("dept-{name}"), "name": format!("{name}-app")},
        "spec": {"displayName": format!("{name}-app"), "tier": "Municipal"},
    });
    desk.town.create(CloudAdmin, application).await;
    let asked = json!({
        "department": name, "type": "New", "application": format!("{name}-app"), "pool": desk.town.name,
        "resources": amounts("1", "1G", "1G"), "justification": "more citizens use it every month",
    });
    tests::eventually::eventually(tests::eventually::SOON, "chen may ask", async || {
        let answer = desk.rest.post(desk.token(Chen), "/requests", &asked).await;
        if answer.status == 201 { Ok(answer.json()["name"].as_str().unwrap().to_owned()) } else { Err(answer.text) }
    })
    .await
}

async fn hidden(desk: &Desk, who: Person, path: &str) -> Value {
    let mut problem = desk.rest.get(desk.token(who), path).await.of(404);
    assert!(problem.as_object_mut().unwrap().remove("requestId").is_some(), "{problem}");
    problem
}

#[tokio::test]
async fn acceptance_8_isolation() {
    let desk = Desk::open("isle").await;
    let request = beside(&desk, "atoll").await;
    desk.granted("isle-a", "4").await;
    desk.ask(Zhang, desk.body("isle-a", "5")).await;

    for theirs in
        [format!("/requests/atoll/{request}"), "/applications/atoll/atoll-app".into(), "/departments/atoll".into()]
    {
        hidden(&desk, Zhang, &theirs).await;
        desk.rest.get(desk.token(Chen), &theirs).await.of(200);
    }
    let lists = [
        "/overview",
        "/departments",
        "/applications?limit=200",
        "/requests?limit=200",
        "/applications?q=atoll",
        "/requests?department=atoll",
        "/applications?format=csv",
        "/requests?format=csv",
    ];
    for list in lists {
        let seen = desk.rest.get(desk.token(Zhang), list).await;
        assert!(seen.status == 200 && !seen.text.contains("atoll"), "{list}: {} {}", seen.status, seen.text);
    }
    for counted in ["/applications?q=atoll", "/requests?department=atoll"] {
        assert_eq!(desk.rest.get(desk.token(Zhang), counted).await.json()["total"], 0, "{counted}");
    }
    for own in ["/applications?q=atoll", "/requests?department=atoll"] {
        assert_eq!(desk.rest.get(desk.token(Chen), own).await.json()["total"], 1, "{own}");
    }

    // The staff of a provider see their own pool alone.
    desk.town.create(CloudAdmin, pool("cec", amounts("10", "20G", "1T"))).await;
    desk.town.create(CloudAdmin, pool("inspur", amounts("10", "20G", "1T"))).await;
    tests::eventually::eventually(tests::eventually::SOON, "the provider sees his pool", async || {
        let answer = desk.rest.get(desk.token(Provider), "/pools/cec").await;
        if answer.status == 200 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    assert_eq!(
        hidden(&desk, Provider, "/pools/inspur").await.to_string().replace("inspur", "x"),
        hidden(&desk, Provider, "/pools/nowhere").await.to_string().replace("nowhere", "x")
    );
    let pools = desk.rest.get(desk.token(Provider), "/pools").await.of(200);
    let names: Vec<&str> =
        pools["items"].as_array().unwrap().iter().map(|pool| pool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["cec"]);
}

#[tokio::test]
async fn acceptance_20_hidden_existence() {
    let desk = Desk::open("veil").await;
    let request = beside(&desk, "fog").await;
    // What differs is nothing but the path that was asked for, which the asker knows.
    let asked = |problem: Value, name: &str| problem.to_string().replace(name, "x");
    for (theirs, unknown) in [
        (format!("/requests/fog/{request}"), "/requests/fog/qr-00000".to_owned()),
        ("/applications/fog/fog-app".to_owned(), "/applications/fog/nothing".to_owned()),
        ("/departments/fog".to_owned(), "/departments/nothing".to_owned()),
    ] {
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        assert_eq!(
            asked(hidden(&desk, Zhang, &theirs).await, &last(&theirs)),
            asked(hidden(&desk, Zhang, &unknown).await, &last(&unknown))
        );
    }
    let said = json!({"verdict": "Withdraw", "requestRevision": 1});
    for name in [request.as_str(), "qr-00000"] {
        let path = format!("/requests/fog/{name}/decisions");
        let problem = desk.rest.post(desk.token(Zhang), &path, &said).await.of(404);
        assert_eq!(problem["code"], "NotFound");
    }
    let refused = desk.rest.get("nobody", "/requests").await;
    assert_eq!(refused.status, 401, "{}", refused.text);
}
