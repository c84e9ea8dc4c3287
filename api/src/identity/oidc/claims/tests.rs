use serde_json::json;

use super::*;

const NOW: i64 = 1_795_000_000;

fn expected() -> Expected {
    Expected {
        issuer: "https://id.example".into(),
        client: "yunheng".into(),
        audiences: vec!["scripts".into()],
        skew_s: 60,
        username_claim: "preferred_username".into(),
        username_prefix: "oidc:".into(),
        groups_claim: Some("groups".into()),
        groups: BTreeMap::from([
            ("admins".to_owned(), vec!["yunheng:cloud-admins".to_owned()]),
            ("staff".to_owned(), vec!["oidc:staff".to_owned()]),
        ]),
    }
}

fn good() -> Value {
    json!({
        "iss": "https://id.example", "aud": "yunheng", "sub": "u-1", "iat": NOW, "exp": NOW + 300, "nonce": "n",
        "preferred_username": "zhao", "groups": ["staff", "admins", "others", "system:masters"], "sid": "s-1",
    })
}

fn logout() -> Value {
    json!({
        "iss": "https://id.example", "aud": "yunheng", "sub": "u-1", "sid": "s-1", "iat": NOW, "exp": NOW + 120,
        "jti": "j", "events": {LOGOUT_EVENT: {}},
    })
}

fn check(base: Value, change: &Value, used: Use<'_>) -> Result<(), Fault> {
    let mut claims = match base {
        Value::Object(claims) => claims,
        other => panic!("{other}"),
    };
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => claims.remove(name),
            other => claims.insert(name.clone(), other.clone()),
        };
    }
    expected().check(&claims, used, Timestamp::from_second(NOW).unwrap())
}

#[test]
fn an_id_token_counts_for_one_sign_in_alone() {
    let cases = [
        (json!({}), Ok(())),
        (json!({"exp": NOW - 59}), Ok(())),
        (json!({"exp": NOW - 60}), Err(Fault::Expired)),
        (json!({"exp": null}), Err(Fault::Expired)),
        (json!({"exp": "tomorrow"}), Err(Fault::Expired)),
        (json!({"exp": i64::MAX}), Ok(())),
        (json!({"exp": 1.0e300}), Ok(())),
        (json!({"iat": NOW + 60}), Ok(())),
        (json!({"iat": NOW + 61}), Err(Fault::TooEarly)),
        (json!({"iat": null}), Err(Fault::TooEarly)),
        (json!({"nbf": NOW + 60}), Ok(())),
        (json!({"nbf": NOW + 61}), Err(Fault::TooEarly)),
        (json!({"iss": "https://id.example/"}), Err(Fault::Issuer)),
        (json!({"iss": null}), Err(Fault::Issuer)),
        (json!({"aud": "another"}), Err(Fault::Audience)),
        (json!({"aud": null}), Err(Fault::Audience)),
        (json!({"aud": []}), Err(Fault::Audience)),
        (json!({"aud": ["yunheng"]}), Ok(())),
        (json!({"aud": ["yunheng", "scripts"], "azp": "yunheng"}), Ok(())),
        (json!({"aud": ["yunheng", "another"]}), Err(Fault::Audience)),
        (json!({"aud": ["yunheng", 1]}), Err(Fault::Audience)),
        // A bearer's audience isn't ours to sign in with.
        (json!({"aud": "scripts"}), Err(Fault::Audience)),
        (json!({"azp": "another"}), Err(Fault::Audience)),
        (json!({"nonce": "m"}), Err(Fault::Nonce)),
        (json!({"nonce": null}), Err(Fault::Nonce)),
        (json!({"nonce": ""}), Err(Fault::Nonce)),
        (json!({"sub": ""}), Err(Fault::Subject)),
        (json!({"sub": null}), Err(Fault::Subject)),
        (json!({"events": {LOGOUT_EVENT: {}}}), Err(Fault::Kind)),
    ];
    for (change, result) in cases {
        assert_eq!(check(good(), &change, Use::SignIn { nonce: "n" }), result, "{change}");
    }
}

#[test]
fn a_bearers_token_is_for_us() {
    let cases = [
        (json!({}), Ok(())),
        (json!({"nonce": null, "iat": null}), Ok(())),
        (json!({"aud": ["another", "scripts"], "azp": "a-script"}), Ok(())),
        (json!({"aud": "another"}), Err(Fault::Audience)),
        (json!({"exp": NOW - 60}), Err(Fault::Expired)),
        (json!({"iss": "https://evil.example"}), Err(Fault::Issuer)),
        (json!({"events": {}}), Err(Fault::Kind)),
    ];
    for (change, result) in cases {
        assert_eq!(check(good(), &change, Use::Bearer), result, "{change}");
    }
}

#[test]
fn only_a_logout_token_logs_out() {
    let cases = [
        (json!({}), Ok(())),
        (json!({"sub": null}), Ok(())),
        (json!({"sid": null}), Ok(())),
        (json!({"sub": null, "sid": null}), Err(Fault::Subject)),
        (json!({"events": null}), Err(Fault::Kind)),
        (json!({"events": {"other": {}}}), Err(Fault::Kind)),
        (json!({"events": {LOGOUT_EVENT: true}}), Err(Fault::Kind)),
        (json!({"nonce": "n"}), Err(Fault::Kind)),
        (json!({"iat": NOW - 661}), Err(Fault::Expired)),
        (json!({"exp": NOW - 60}), Err(Fault::Expired)),
        (json!({"exp": null}), Err(Fault::Expired)),
        (json!({"aud": "scripts"}), Err(Fault::Audience)),
    ];
    for (change, result) in cases {
        assert_eq!(check(logout(), &change, Use::Logout), result, "{change}");
    }
    assert_eq!(check(good(), &json!({"nonce": null}), Use::Logout), Err(Fault::Kind), "an ID token isn't one");
}

fn person(expected: &Expected, claims: Value) -> Result<User, Fault> {
    let Value::Object(claims) = claims else { panic!("{claims}") };
    expected.person(&claims).map(|(user, _)| user)
}

#[test]
fn a_person_has_the_groups_that_are_set_and_no_others() {
    let user = person(&expected(), good()).unwrap();
    assert_eq!(user.name, "oidc:zhao");
    assert_eq!(user.groups, ["oidc:staff", "yunheng:cloud-admins", AUTHENTICATED]);
    let one = person(&expected(), json!({"preferred_username": "zhao", "groups": "staff"})).unwrap();
    assert_eq!(one.groups, ["oidc:staff", AUTHENTICATED]);
    for odd in [json!(null), json!(5), json!([["staff"]]), json!({"staff": true})] {
        let user = person(&expected(), json!({"preferred_username": "zhao", "groups": odd})).unwrap();
        assert_eq!(user.groups, [AUTHENTICATED], "{odd}");
    }
}

/// Prefix and list are the first wall, the names that are refused whatever is set the second.
#[test]
fn nobody_signs_in_as_one_of_kubernetes_own() {
    let user = person(&expected(), json!({"preferred_username": "system:admin"})).unwrap();
    assert_eq!(user.name, "oidc:system:admin");
    let bare = Expected { username_prefix: String::new(), ..expected() };
    for name in ["system:masters", "system:admin", "System:x", " system:x"] {
        assert_eq!(person(&bare, json!({"preferred_username": name})), Err(Fault::Reserved), "{name}");
    }
    let masters = vec!["system:masters".to_owned()];
    let open = Expected { groups: BTreeMap::from([("admins".to_owned(), masters)]), ..expected() };
    assert_eq!(person(&open, json!({"preferred_username": "zhao", "groups": ["admins"]})), Err(Fault::Reserved));
    for name in ["a\r\nImpersonate-Group: system:masters", "a\u{0}", "a\u{202e}b"] {
        assert_eq!(person(&expected(), json!({"preferred_username": name})), Err(Fault::Reserved), "{name:?}");
    }
    for nobody in [json!({}), json!({"preferred_username": ""}), json!({"preferred_username": 7})] {
        assert_eq!(person(&expected(), nobody.clone()), Err(Fault::Name), "{nobody}");
    }
}

#[test]
fn a_mail_address_names_its_owner_alone() {
    let by_mail = Expected { username_claim: "email".into(), ..expected() };
    let claims = |verified: Value| json!({"email": "zhao@city.example", "email_verified": verified});
    assert_eq!(person(&by_mail, claims(json!(true))).unwrap().name, "oidc:zhao@city.example");
    assert_eq!(person(&by_mail, json!({"email": "zhao@city.example"})).unwrap().name, "oidc:zhao@city.example");
    for not in [json!(false), json!("true"), json!(null)] {
        assert_eq!(person(&by_mail, claims(not.clone())), Err(Fault::Unverified), "{not}");
    }
}
