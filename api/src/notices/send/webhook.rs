//! The webhook: one JSON document per notice, signed.

use axum::http::{HeaderMap, HeaderValue, Uri};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::http::{Letter, Reading};
use super::sign;
use crate::clock;
use crate::history::deliveries::Delivery;
use crate::identity::Secret;
use crate::language::Language;
use crate::notices::Text;

pub fn letter(url: Uri, secret: Option<&Secret>, delivery: &Delivery, link: &str, now: Timestamp) -> Option<Letter> {
    let body = serde_json::to_vec(&document(delivery, link)).ok()?;
    let timestamp_s = now.as_second();
    let mut headers = HeaderMap::new();
    headers.insert("x-yunheng-event", HeaderValue::try_from(&delivery.notice.id).ok()?);
    headers.insert("x-yunheng-timestamp", HeaderValue::from(timestamp_s));
    if let Some(secret) = secret {
        let signature = sign::webhook(secret, timestamp_s, &body);
        headers.insert("x-yunheng-signature", HeaderValue::try_from(signature).ok()?);
    }
    Some(Letter { url, headers, body, reading: Reading::Status })
}

/// The same bytes for the same notice, at every attempt.
fn document(delivery: &Delivery, link: &str) -> Value {
    let notice = &delivery.notice;
    let text = |language| {
        let Text { title, body } = Text::of(notice, language);
        json!({"title": title, "body": body})
    };
    json!({
        "id": notice.id,
        "kind": notice.kind,
        "at": clock::text(notice.at),
        "subject": notice.subject,
        "facts": notice.facts,
        "text": {"zh": text(Language::Chinese), "en": text(Language::English)},
        "link": link,
    })
}
