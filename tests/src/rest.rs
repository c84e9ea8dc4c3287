//! Calls of REST in somebody's name.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

/// The API waits 10 s for the operator's answer; whoever waits longer waits for nothing.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// Where the API is.
#[derive(Clone, Debug)]
pub struct Rest {
    url: String,
    http: Client,
}

/// What the API answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Rest {
    /// # Panics
    /// When no client can be made.
    #[must_use]
    pub fn at(url: &str) -> Self {
        let http = Client::builder().timeout(ANSWERED_WITHIN).build().expect("a client can be made");
        Self { url: url.to_owned(), http }
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(Method::GET, token, path, &[], None).await
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, token, path, &[], Some(body)).await
    }

    /// # Panics
    /// When no answer comes.
    pub async fn send(
        &self,
        method: Method,
        token: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut call = self.http.request(method.clone(), format!("{}/api/v1{path}", self.url)).bearer_auth(token);
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let answer = call.send().await.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let status = answer.status().as_u16();
        Answer { status, text: answer.text().await.unwrap_or_else(|error| panic!("{method} {path}: {error}")) }
    }
}

impl Answer {
    /// # Panics
    /// When it isn't JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body of an answer that has this status.
    ///
    /// # Panics
    /// When it has another.
    pub fn of(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}
