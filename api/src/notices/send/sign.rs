//! Signatures that receivers check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::identity::Secret;

/// HMAC-SHA256 of the text under the secret.
fn hmac(secret: &Secret, text: &[u8]) -> Vec<u8> {
    // A key may have any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// What goes into `X-Yunheng-Signature`: of the time and the body, so that neither can be exchanged.
#[must_use]
pub fn webhook(secret: &Secret, timestamp_s: i64, body: &[u8]) -> String {
    let signed = [format!("{timestamp_s}.").as_bytes(), body].concat();
    let hex: String = hmac(secret, &signed).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={hex}")
}

/// What DingTalk asks for beside the time in milliseconds: the time and the secret, under the secret.
#[must_use]
pub fn dingtalk(secret: &Secret, timestamp_ms: i64) -> String {
    STANDARD.encode(hmac(secret, format!("{timestamp_ms}\n{}", secret.expose()).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python: hmac.new(b"s3cret", b'1700000000.{"a":1}', "sha256").hexdigest(), and base64 of
    /// hmac.new(b"SEC0", b"1700000000000\nSEC0", "sha256").digest().
    #[test]
    fn signatures_are_those_of_other_programs() {
        let secret = |text: &str| Secret::new(text.to_owned());
        assert_eq!(
            webhook(&secret("s3cret"), 1_700_000_000, br#"{"a":1}"#),
            "v1=1698a50bc74d1ff1db85c4e0a5297c2ad9fdba245d5737cdb789e4cc6e098940"
        );
        assert_eq!(dingtalk(&secret("SEC0"), 1_700_000_000_000), "grq97xXoTUjTHFvKaCG7ayUVYZj98Kc7erzY+P9gZxg=");
    }
}
