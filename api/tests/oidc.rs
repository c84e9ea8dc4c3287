//! Sign-in through an identity provider: what lets somebody in, what doesn't, and what a session is then.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod issuer;
mod support;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;

use api::identity::oidc::Provider;
use api::identity::oidc::settings::Settings;
use api::identity::{Credential, Limits};
use issuer::{CLIENT, Issuer, SECRET};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use support::databases::{Database, both};
use support::{Answer, City, call};

struct Stage {
    issuer: Issuer,
    city: City,
    database: Database,
    folder: tempfile::TempDir,
    /// The server's clock when the test began.
    now_s: i64,
}

impl Stage {
    async fn new() -> Self {
        Self::with("", Database::file(), Limits::default()).await
    }

    async fn with(more: &str, database: Database, limits: Limits) -> Self {
        let issuer = Issuer::start().await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        let provider = provider(&issuer, folder.path(), more);
        let city = City::with_provider(&database.location, provider, limits);
        let as_of = city.get("zhang", "/api/v1/pools").await.json()["asOf"].as_str().unwrap().to_owned();
        let now_s = as_of.parse::<Timestamp>().unwrap().as_second();
        // What the test counts begins now.
        city.cluster.reviews.store(0, Ordering::SeqCst);
        Self { issuer, city, database, folder, now_s }
    }

    /// Another server on the same history.
    fn beside(&self) -> City {
        let provider = provider(&self.issuer, self.folder.path(), "");
        City::with_provider(&self.database.location, provider, Limits::default())
    }

    async fn begin(&self, return_to: &str) -> Begun {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("returnTo", return_to).finish();
        let answer = self.city.send(call("GET", &format!("/api/v1/sign-in/start?{query}")).empty()).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let location = answer.header("location").to_owned();
        let asked = form_urlencoded::parse(location.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        Begun { location, asked, cookie: cookie(&answer, "yunheng_sign_in") }
    }

    /// The way back, with an ID token that a test may have changed.
    async fn sign_in(&self, change: &Value) -> Answer {
        let begun = self.begin("/requests?tab=open").await;
        let mut claims = self.issuer.claims(self.now_s, &json!({"nonce": begun.asked["nonce"]}));
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                other => claims[name] = other.clone(),
            }
        }
        self.come_back(&begun, self.issuer.sign("first", &claims)).await
    }

    async fn come_back(&self, begun: &Begun, id_token: String) -> Answer {
        self.issuer.grant("code-1", &begun.asked["code_challenge"], id_token);
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", "code-1")
            .append_pair("state", &begun.asked["state"])
            .append_pair("iss", &self.issuer.url)
            .finish();
        self.callback(&query, &begun.cookie).await
    }

    async fn callback(&self, query: &str, cookie: &str) -> Answer {
        let request = call("GET", &format!("/api/v1/sign-in/callback?{query}")).header("cookie", cookie);
        self.city.send(request.empty()).await
    }

    /// A bearer token of the provider's.
    fn bearer(&self, change: &Value) -> String {
        self.issuer.sign("first", &self.issuer.claims(self.now_s, change))
    }

    async fn log_out(&self, city: &City, token: &str) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", token).finish();
        let request =
            call("POST", "/api/v1/sign-in/logout").header("content-type", "application/x-www-form-urlencoded");
        city.send(request.body(body)).await
    }

    fn logout_token(&self, change: &Value) -> String {
        let mut base = json!({
            "jti": "j-1", "preferred_username": null, "groups": null,
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        base.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        self.bearer(&base)
    }
}

fn provider(issuer: &Issuer, folder: &Path, more: &str) -> Provider {
    let text = format!(
        "issuer: {}\nclientId: {CLIENT}\nclientSecretFile: secret\npublicUrl: https://cloud.example\n\
         usernameClaim: preferred_username\ngroupsClaim: groups\ngroups: [{{name: staff}}]\naudiences: [scripts]\n{more}",
        issuer.url
    );
    Provider::new(Settings::parse(&text, folder).unwrap()).unwrap()
}

struct Begun {
    location: String,
    asked: HashMap<String, String>,
    cookie: String,
}

/// A cookie that the answer sets, as a browser sends it back.
fn cookie(answer: &Answer, name: &str) -> String {
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let mut pairs = set.map(|value| value.split(';').next().unwrap()).filter(|pair| pair.starts_with(name));
    pairs.next().unwrap_or_default().to_owned()
}

async fn session(city: &City, cookie: &str) -> Answer {
    city.send(call("GET", "/api/v1/session").header("cookie", cookie).empty()).await
}

/// The word with which a browser was led back to the sign-in page.
fn problem(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(cookie(answer, "yunheng_session"), "", "no session for {}", answer.header("location"));
    answer.header("location").strip_prefix("/sign-in?problem=").unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_browser_is_sent_with_everything_that_ties_the_answer_to_it() {
    let stage = Stage::new().await;
    let shown = stage.city.send(call("GET", "/api/v1/sign-in").empty()).await.json();
    assert_eq!(shown, json!({"provider": {"displayName": ""}}));
    let begun = stage.begin("/").await;
    assert!(begun.location.starts_with(&format!("{}/auth?", stage.issuer.url)), "{}", begun.location);
    let asked = |name: &str| begun.asked[name].as_str();
    assert_eq!(asked("redirect_uri"), "https://cloud.example/api/v1/sign-in/callback");
    assert_eq!((asked("response_type"), asked("client_id")), ("code", CLIENT));
    assert_eq!((asked("scope"), asked("code_challenge_method")), ("openid profile", "S256"));
    assert!(!begun.location.contains(&begun.cookie[16..59]), "the cookie's secret stays here");
    let again = stage.begin("/").await;
    for name in ["state", "nonce", "code_challenge"] {
        assert!(asked(name).len() >= 43 && asked(name) != again.asked[name], "{name}");
    }
    let without = City::new();
    assert_eq!(without.send(call("GET", "/api/v1/sign-in").empty()).await.json(), json!({"provider": null}));
    for path in ["/api/v1/sign-in/start", "/api/v1/sign-in/callback?code=a&state=b"] {
        without.send(call("GET", path).empty()).await.problem(404);
    }
}

#[tokio::test]
async fn whoever_the_provider_names_is_signed_in_and_spoken_for() {
    let stage = Stage::new().await;
    let mut department = support::department("civil-affairs", "市民政局", &["zhang"], "Municipal");
    department["spec"]["members"]["owners"] = json!(["oidc:zhang"]);
    stage.city.put::<resources::v1alpha1::Department>(department);
    let answer = stage.sign_in(&json!({})).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/requests?tab=open"));
    let set: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(
        set.iter().any(|cookie| cookie.starts_with("yunheng_sign_in=;") && cookie.contains("Max-Age=0")),
        "{set:?}"
    );
    for flag in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.iter().any(|cookie| cookie.starts_with("yunheng_session=") && cookie.contains(flag)), "{flag}");
    }
    let cookie = cookie(&answer, "yunheng_session");
    let shown = session(&stage.city, &cookie).await.json();
    assert_eq!(shown["user"]["name"], "oidc:zhang");
    assert_eq!(shown["user"]["groups"], json!(["oidc:staff", "system:authenticated"]), "no group that isn't set");
    assert_eq!(shown["roles"], json!(["department-owner"]));
    assert_eq!(stage.city.cluster.reviews.load(Ordering::SeqCst), 0, "the cluster reviews no token of another's");

    let csrf = shown["csrfToken"].as_str().unwrap();
    let ask = call("POST", "/api/v1/requests").header("cookie", &cookie).header("idempotency-key", "k-1");
    let asked = stage.city.send(ask.header("x-csrf-token", csrf).json(&support::new_request())).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    let credentials = stage.city.cluster.credentials.lock().unwrap();
    let [Credential::As(person)] = &credentials[..] else { panic!("{credentials:?}") };
    let headers: Vec<_> =
        person.headers().unwrap().iter().map(|(_, value)| value.to_str().unwrap().to_owned()).collect();
    assert_eq!(headers, ["oidc:zhang", "oidc:staff"]);
}

#[tokio::test]
async fn only_a_token_for_this_sign_in_lets_in() {
    let stage = Stage::new().await;
    let now_s = stage.now_s;
    let cases = [
        ("another nonce", json!({"nonce": "replayed"})),
        ("no nonce", json!({"nonce": null})),
        ("expired", json!({"iat": now_s - 700, "exp": now_s - 100})),
        ("of tomorrow", json!({"iat": now_s + 3_600, "exp": now_s + 7_200})),
        ("another audience", json!({"aud": "another"})),
        ("a bearer's audience", json!({"aud": "scripts"})),
        ("another issuer", json!({"iss": "https://evil.example"})),
        ("another client's", json!({"azp": "another"})),
        ("nobody's", json!({"sub": ""})),
        ("a logout token", json!({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}})),
    ];
    for (name, change) in cases {
        assert_eq!(problem(&stage.sign_in(&change).await), "ProviderTokenRefused", "{name}");
    }
    let begun = stage.begin("/").await;
    let claims = stage.issuer.claims(now_s, &json!({"nonce": begun.asked["nonce"]}));
    let unknown = stage.come_back(&begun, stage.issuer.sign("second", &claims)).await;
    assert_eq!(problem(&unknown), "ProviderTokenRefused", "a key that isn't published");
    let begun = stage.begin("/").await;
    let good = stage.issuer.sign("first", &claims);
    let tampered = format!("{}x", &good[..good.len() - 1]);
    assert_eq!(problem(&stage.come_back(&begun, tampered).await), "ProviderTokenRefused");
    assert_eq!(stage.city.app.identity.sessions.count(), 0);
    assert_eq!(
        stage.sign_in(&json!({"exp": now_s - 30})).await.header("location"),
        "/requests?tab=open",
        "clocks differ"
    );
}

#[tokio::test]
async fn an_answer_that_this_browser_didnt_ask_for_is_refused() {
    let stage = Stage::new().await;
    let begun = stage.begin("/").await;
    let other = stage.begin("/").await;
    let claims = stage.issuer.claims(stage.now_s, &json!({"nonce": begun.asked["nonce"]}));
    let id_token = stage.issuer.sign("first", &claims);
    stage.issuer.grant("code-1", &begun.asked["code_challenge"], id_token);
    let url = &stage.issuer.url;
    let (state, foreign) = (&begun.asked["state"], &other.asked["state"]);
    let cases = [
        (format!("code=code-1&state={foreign}&iss={url}"), begun.cookie.as_str(), "SignInNotBegun"),
        (format!("code=code-1&state={state}&iss={url}"), other.cookie.as_str(), "SignInNotBegun"),
        (format!("code=code-1&state={state}&iss={url}"), "theme=dark", "SignInNotBegun"),
        (format!("code=code-1&state={state}&iss={url}"), "yunheng_sign_in=a.b.c", "SignInNotBegun"),
        (format!("code=code-1&iss={url}"), begun.cookie.as_str(), "SignInNotBegun"),
        // The provider says that it names itself in its answers.
        (format!("code=code-1&state={state}"), begun.cookie.as_str(), "SignInNotBegun"),
        (format!("code=code-1&state={state}&iss=https://evil.example"), begun.cookie.as_str(), "SignInNotBegun"),
        (format!("error=access_denied&state={state}&iss={url}"), begun.cookie.as_str(), "ProviderRefused"),
        (format!("code=made-up&state={state}&iss={url}"), begun.cookie.as_str(), "ProviderRefused"),
        (format!("state={state}&iss={url}"), begun.cookie.as_str(), "ProviderRefused"),
    ];
    for (query, cookie, code) in cases {
        assert_eq!(problem(&stage.callback(&query, cookie).await), code, "{query} with {cookie}");
    }
    // A code that was caught on its way is of no use to another browser: PKCE.
    let caught = stage.callback(&format!("code=code-1&state={foreign}&iss={url}"), &other.cookie).await;
    assert_eq!(problem(&caught), "ProviderRefused");
}

#[tokio::test]
async fn nobody_is_led_to_somebody_elses_page() {
    let stage = Stage::new().await;
    for evil in
        ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x=y", "/api/v1/sign-in/start"]
    {
        let begun = stage.begin(evil).await;
        let claims = stage.issuer.claims(stage.now_s, &json!({"nonce": begun.asked["nonce"]}));
        let answer = stage.come_back(&begun, stage.issuer.sign("first", &claims)).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"), "{evil:?}");
    }
}

#[tokio::test]
async fn keys_change_while_we_run() {
    let stage = Stage::new().await;
    assert_eq!(stage.sign_in(&json!({})).await.header("location"), "/requests?tab=open");
    assert_eq!(stage.issuer.said.discoveries.load(Ordering::SeqCst), 1);
    let bearer = |key| stage.issuer.sign(key, &stage.issuer.claims(stage.now_s, &json!({"jti": key})));
    // Asked a moment ago: whoever names keys that aren't there doesn't make us ask each time.
    let at_once = stage.city.get(&bearer("second"), "/api/v1/session").await;
    assert_eq!(at_once.problem(401)["code"], "TokenRefused");
    assert_eq!(stage.issuer.said.discoveries.load(Ordering::SeqCst), 1);
    *stage.issuer.said.published.lock().unwrap() = vec!["second"];
    let fresh = stage.beside();
    assert_eq!(fresh.get(&bearer("second"), "/api/v1/session").await.status, 200);
    // What was withdrawn counts no more.
    let old = fresh.get(&bearer("first"), "/api/v1/session").await;
    assert_eq!(old.problem(401)["code"], "TokenRefused");
}

#[tokio::test]
async fn a_new_key_is_asked_for_once_in_ten_seconds() {
    let stage = Stage::new().await;
    assert_eq!(stage.city.get(&stage.bearer(&json!({})), "/api/v1/session").await.status, 200);
    *stage.issuer.said.published.lock().unwrap() = vec!["first", "second"];
    let with_new = |number: i64| {
        stage.issuer.sign("second", &stage.issuer.claims(stage.now_s, &json!({"jti": number.to_string()})))
    };
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(11)).await;
    tokio::time::resume();
    assert_eq!(stage.city.get(&with_new(1), "/api/v1/session").await.status, 200);
    assert_eq!(stage.issuer.said.discoveries.load(Ordering::SeqCst), 2);
    for number in 2..8 {
        assert_eq!(stage.city.get(&with_new(number), "/api/v1/session").await.status, 200);
    }
    assert_eq!(stage.issuer.said.discoveries.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn scripts_may_bring_a_token_of_the_provider() {
    let stage = Stage::new().await;
    let now_s = stage.now_s;
    let good = stage.bearer(&json!({"aud": ["scripts", "others"], "azp": "a-script", "preferred_username": "admin"}));
    let shown = stage.city.get(&good, "/api/v1/session").await.json();
    assert_eq!((&shown["user"]["name"], &shown["csrfToken"]), (&json!("oidc:admin"), &Value::Null));
    assert_eq!(shown["roles"], json!(["cloud-admin"]));
    for change in [
        json!({"aud": "others"}),
        json!({"exp": now_s - 100}),
        json!({"sub": null}),
        json!({"preferred_username": null}),
        json!({"preferred_username": "a\r\nImpersonate-Group: system:masters"}),
    ] {
        let refused = stage.city.get(&stage.bearer(&change), "/api/v1/session").await;
        assert_eq!(refused.problem(401)["code"], "TokenRefused", "{change}");
    }
    // Another issuer's is the cluster's to know, and it doesn't.
    let foreign = stage.bearer(&json!({"iss": "https://evil.example"}));
    assert_eq!(stage.city.get(&foreign, "/api/v1/session").await.problem(401)["code"], "TokenRefused");
    assert_eq!(stage.city.cluster.reviews.load(Ordering::SeqCst), 1);
    let planted = stage.city.send(call("POST", "/api/v1/session").json(&json!({"token": good}))).await;
    assert_eq!(planted.problem(401)["code"], "TokenRefused", "it opens no session");
    // The cluster's own tokens stay possible.
    assert_eq!(stage.city.get("zhang", "/api/v1/session").await.status, 200);
}

#[tokio::test]
async fn what_the_token_lacks_is_asked_of_the_provider() {
    let stage = Stage::new().await;
    let lacking = json!({"preferred_username": null, "groups": null});
    let told = json!({"sub": "u-zhang", "preferred_username": "zhang", "groups": ["staff"], "aud": "another"});
    *stage.issuer.said.userinfo.lock().unwrap() = told;
    let answer = stage.sign_in(&lacking).await;
    let shown = session(&stage.city, &cookie(&answer, "yunheng_session")).await.json();
    assert_eq!(shown["user"]["groups"], json!(["oidc:staff", "system:authenticated"]));
    // Told about somebody else, or in vain.
    *stage.issuer.said.userinfo.lock().unwrap() = json!({"sub": "u-li", "preferred_username": "li", "groups": []});
    assert_eq!(problem(&stage.sign_in(&lacking).await), "ProviderRefused");
    *stage.issuer.said.userinfo.lock().unwrap() = json!({"sub": "u-zhang"});
    assert_eq!(problem(&stage.sign_in(&lacking).await), "ProviderTokenRefused");
}

#[tokio::test]
async fn a_provider_that_is_away_stops_nobody_else() {
    let stage = Stage::new().await;
    stage.issuer.said.away.store(true, Ordering::SeqCst);
    let begun = stage.city.send(call("GET", "/api/v1/sign-in/start").empty()).await;
    assert_eq!(problem(&begun), "ProviderAway");
    let refused = stage.city.get(&stage.bearer(&json!({})), "/api/v1/session").await;
    assert!(refused.header("retry-after").parse::<u64>().is_ok());
    assert_eq!(refused.problem(503)["code"], "ProviderAway");
    let (_, csrf) = stage.city.sign_in("zhang").await;
    assert!(!csrf.is_empty());
}

#[tokio::test]
async fn a_session_is_known_to_every_server_and_ends_in_all() {
    for (name, database) in both() {
        let stage = Stage::with("", database, Limits::default()).await;
        let first = cookie(&stage.sign_in(&json!({})).await, "yunheng_session");
        let second = cookie(&stage.sign_in(&json!({})).await, "yunheng_session");
        let beside = stage.beside();
        let shown = session(&beside, &first).await.json();
        assert_eq!(shown["user"]["name"], "oidc:zhang", "{name}");
        let here = session(&stage.city, &first).await.json();
        assert_eq!(shown["csrfToken"], here["csrfToken"], "{name}: one token, whoever answers");

        let list = beside.send(call("GET", "/api/v1/sessions").header("cookie", &first).empty()).await.json();
        let items = list["items"].as_array().unwrap();
        assert_eq!(items.len(), 2, "{name}: {list}");
        assert!(items.iter().all(|item| item["openedWith"] == "Provider"), "{list}");
        let other = items.iter().find(|item| item["current"] == false).unwrap();
        let text = list.to_string();
        assert!(!text.contains(&second[16..]) && !text.contains(&first[16..]), "no key is shown");

        let path = format!("/api/v1/sessions/{}", other["id"].as_str().unwrap());
        let csrf = shown["csrfToken"].as_str().unwrap();
        let end = |headers: &[(&str, &str)]| {
            let mut request = call("DELETE", &path).header("cookie", &first);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            beside.send(request.empty())
        };
        assert_eq!(end(&[]).await.problem(403)["code"], "CsrfToken", "{name}");
        let foreign = [("x-csrf-token", csrf), ("sec-fetch-site", "cross-site")];
        assert_eq!(end(&foreign).await.problem(403)["code"], "ForeignOrigin", "{name}");
        assert_eq!(end(&[("x-csrf-token", csrf)]).await.status, 204, "{name}");
        assert_eq!(end(&[("x-csrf-token", csrf)]).await.problem(404)["code"], "NotFound", "{name}");
        assert_eq!(session(&beside, &second).await.problem(401)["code"], "SessionEnded", "{name}");
        // The server that opened it looks again after some seconds.
        let ended = async || session(&stage.city, &second).await.status == 401;
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !ended().await {
            assert!(std::time::Instant::now() < deadline, "{name}: it never heard");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        assert_eq!(session(&stage.city, &first).await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn sessions_are_their_owners_alone() {
    let stage = Stage::new().await;
    let mine = cookie(&stage.sign_in(&json!({})).await, "yunheng_session");
    let (token_cookie, _) = stage.city.sign_in("zhang").await;
    let list = stage.city.send(call("GET", "/api/v1/sessions").header("cookie", &mine).empty()).await.json();
    let id = list["items"][0]["id"].as_str().unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "the cluster's zhang is somebody else: {list}");
    for other in ["zhang", "admin", "auditor"] {
        let shown = stage.city.get(other, "/api/v1/sessions").await.json();
        assert!(!shown.to_string().contains(id), "{other}");
        let end = stage.city.send(call("DELETE", &format!("/api/v1/sessions/{id}")).bearer(other).empty()).await;
        assert_eq!(end.problem(404)["code"], "NotFound", "{other}");
    }
    assert_eq!(session(&stage.city, &mine).await.status, 200);
    let of_token =
        stage.city.send(call("GET", "/api/v1/sessions").header("cookie", &token_cookie).empty()).await.json();
    assert_eq!(
        (&of_token["items"][0]["openedWith"], &of_token["items"][0]["current"]),
        (&json!("Token"), &json!(true))
    );
    let own = format!("/api/v1/sessions/{}", of_token["items"][0]["id"].as_str().unwrap());
    assert_eq!(stage.city.send(call("DELETE", &own).bearer("zhang").empty()).await.status, 204);
    assert_eq!(session(&stage.city, &token_cookie).await.problem(401)["code"], "SessionEnded");
}

#[tokio::test]
async fn no_key_is_in_the_store() {
    let stage = Stage::new().await;
    let key = cookie(&stage.sign_in(&json!({})).await, "yunheng_session")[16..].to_owned();
    stage.city.app.history.store().unwrap().close().await;
    let mut seen = 0;
    for entry in std::fs::read_dir(stage.database.folder()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        seen += bytes.len();
        let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!has(&key), "the key is readable at rest");
        assert!(!has("opaque") && !has(SECRET), "a token is readable at rest");
    }
    assert!(seen > 10_000, "{seen} bytes were read");
}

#[tokio::test]
async fn a_session_rotates_and_times_out() {
    let limits = Limits { idle: SignedDuration::from_secs(2), absolute: SignedDuration::from_hours(1) };
    let stage = Stage::with("", Database::file(), limits).await;
    let first = cookie(&stage.sign_in(&json!({})).await, "yunheng_session");
    let begun = stage.begin("/").await;
    let claims = stage.issuer.claims(stage.now_s, &json!({"nonce": begun.asked["nonce"]}));
    let both = Begun { cookie: format!("{}; {first}", begun.cookie), ..begun };
    let second = cookie(&stage.come_back(&both, stage.issuer.sign("first", &claims)).await, "yunheng_session");
    assert!(second != first && !second.is_empty());
    assert_eq!(session(&stage.city, &first).await.problem(401)["code"], "SessionEnded", "a new sign-in ends it");
    // Whoever asked whether it is over would keep it alive, so this waits once.
    tokio::time::sleep(std::time::Duration::from_millis(2_050)).await;
    assert_eq!(session(&stage.city, &second).await.problem(401)["code"], "SessionEnded", "nobody used it");
}

#[tokio::test]
async fn the_provider_ends_sessions() {
    let stage = Stage::new().await;
    let first = cookie(&stage.sign_in(&json!({"sid": "s-1"})).await, "yunheng_session");
    let second = cookie(&stage.sign_in(&json!({"sid": "s-2"})).await, "yunheng_session");
    let (of_cluster, _) = stage.city.sign_in("zhang").await;
    for wrong in [
        stage.logout_token(&json!({"aud": "another"})),
        stage.logout_token(&json!({"nonce": "n"})),
        stage.logout_token(&json!({"events": null})),
        stage.issuer.sign("second", &json!({})),
        "made-up".to_owned(),
    ] {
        assert_eq!(stage.log_out(&stage.city, &wrong).await.problem(400)["code"], "LogoutToken");
    }
    let not_a_form = call("POST", "/api/v1/sign-in/logout").json(&json!({"logout_token": "a"}));
    assert_eq!(stage.city.send(not_a_form).await.problem(400)["code"], "LogoutToken");
    assert_eq!(session(&stage.city, &first).await.status, 200);
    assert_eq!(stage.log_out(&stage.city, &stage.logout_token(&json!({"sid": "s-1"}))).await.status, 204);
    assert_eq!(session(&stage.city, &first).await.problem(401)["code"], "SessionEnded");
    assert_eq!(session(&stage.city, &second).await.status, 200, "the other goes on");
    assert_eq!(stage.log_out(&stage.city, &stage.logout_token(&json!({"sid": null}))).await.status, 204);
    assert_eq!(session(&stage.city, &second).await.problem(401)["code"], "SessionEnded", "all of the person's");
    assert_eq!(session(&stage.city, &of_cluster).await.status, 200, "the cluster's tokens aren't the provider's");
}

#[tokio::test]
async fn sign_ins_are_in_the_audit_chain() {
    let stage = Stage::new().await;
    let answer = stage.sign_in(&json!({})).await;
    assert_eq!(problem(&stage.sign_in(&json!({"nonce": "replayed"})).await), "ProviderTokenRefused");
    stage.log_out(&stage.city, &stage.logout_token(&json!({}))).await;
    assert!(!cookie(&answer, "yunheng_session").is_empty());
    let rows = stage.city.get("auditor", "/api/v1/audit?limit=50").await.json();
    let rows: Vec<String> = rows["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            format!("{} {} {} {}", text("operation"), text("actor"), text("outcome"), text("code"))
        })
        .collect();
    for expected in [
        "signIn oidc:zhang Done 303",
        "signIn  Refused ProviderTokenRefused",
        "providerSignOut provider for u-zhang Done 204",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{expected:?} in {rows:#?}");
    }
}
