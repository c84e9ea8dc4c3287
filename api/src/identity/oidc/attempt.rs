//! A sign-in that is under way, held by the browser alone: what it has to come back with follows from a
//! secret in its cookie, so that nobody can fill our memory with sign-ins that he never ends.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::super::Secret;

/// To find one's phone, and to type a long password twice.
pub const LASTS_S: i64 = 600;
/// A page's address with its filters.
const RETURN_BYTES_MAX: usize = 1_024;

/// One sign-in of one browser.
#[derive(Clone, Debug)]
pub struct Attempt {
    key: Secret,
    begun_s: i64,
    /// The page that the person wanted.
    pub return_to: String,
}

impl Attempt {
    #[must_use]
    pub fn begin(return_to: &str, now: Timestamp) -> Self {
        let return_to = if is_own_page(return_to) { return_to } else { "/" };
        Self { key: Secret::random(), begun_s: now.as_second(), return_to: return_to.to_owned() }
    }

    /// From the cookie, if it isn't too old. Whoever writes his own cookie signs in nobody but himself.
    #[must_use]
    pub fn read(cookie: &str, now: Timestamp) -> Option<Self> {
        let mut parts = cookie.splitn(3, '.');
        let (key, begun, page) = (parts.next()?, parts.next()?, parts.next()?);
        let begun_s = begun.parse().ok()?;
        let age_s = now.as_second().checked_sub(begun_s)?;
        let return_to = String::from_utf8(URL_SAFE_NO_PAD.decode(page).ok()?).ok()?;
        // 256 bits in base64.
        let whole = key.len() == 43 && (0..LASTS_S).contains(&age_s) && is_own_page(&return_to);
        whole.then(|| Self { key: Secret::new(key.to_owned()), begun_s, return_to })
    }

    /// The cookie's value.
    #[must_use]
    pub fn cookie(&self) -> String {
        format!("{}.{}.{}", self.key.expose(), self.begun_s, URL_SAFE_NO_PAD.encode(&self.return_to))
    }

    /// Ties the provider's answer to this browser.
    #[must_use]
    pub fn state(&self) -> String {
        self.derive("state")
    }

    /// Ties the ID token to this sign-in.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.derive("nonce")
    }

    /// Ties the code to whoever asked for it (PKCE): 43 characters, as many as it takes.
    #[must_use]
    pub fn verifier(&self) -> String {
        self.derive("verifier")
    }

    fn derive(&self, purpose: &str) -> String {
        // Keys of any length are taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.expose().as_bytes()) else { return String::new() };
        mac.update(purpose.as_bytes());
        mac.update(&self.begun_s.to_be_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

/// Whether it is a page of ours, and can't be read as an address of somebody else's: `//host`, `/\host`
/// and line breaks are how that is tried.
#[must_use]
pub fn is_own_page(path: &str) -> bool {
    let mut characters = path.chars();
    characters.next() == Some('/')
        && !matches!(characters.next(), Some('/' | '\\'))
        && path.len() <= RETURN_BYTES_MAX
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\')
        && !path.starts_with("/api/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn nobody_is_sent_to_somebody_elses_page() {
        for own in ["/", "/requests/civil-affairs/qr-1?tab=open", "/a#b", "/a//b"] {
            assert!(is_own_page(own), "{own}");
            assert_eq!(Attempt::begin(own, at(0)).return_to, own);
        }
        let long = format!("/{}", "a".repeat(RETURN_BYTES_MAX));
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "requests",
            "/a\r\nSet-Cookie: x=y",
            "/a\tb",
            "/\t/evil.example",
            "/ /evil.example",
            "/a\\b",
            "/请求",
            "/api/v1/sign-in/start",
            long.as_str(),
        ] {
            assert!(!is_own_page(other), "{other:?}");
            assert_eq!(Attempt::begin(other, at(0)).return_to, "/");
        }
    }

    #[test]
    fn a_cookie_is_the_whole_sign_in_for_ten_minutes() {
        let attempt = Attempt::begin("/requests?tab=open", at(1_000));
        let cookie = attempt.cookie();
        let again = Attempt::read(&cookie, at(1_599)).unwrap();
        assert_eq!(again.return_to, "/requests?tab=open");
        let secrets = |attempt: &Attempt| [attempt.state(), attempt.nonce(), attempt.verifier()];
        assert_eq!(secrets(&again), secrets(&attempt));
        assert!(secrets(&attempt).iter().all(|secret| secret.len() == 43));
        assert!(attempt.state() != attempt.nonce() && attempt.nonce() != attempt.verifier());
        assert_ne!(attempt.state(), Attempt::begin("/", at(1_000)).state());
        assert!(Attempt::read(&cookie, at(1_600)).is_none(), "too old");
        assert!(Attempt::read(&cookie, at(999)).is_none(), "of tomorrow");
        let moved = cookie.replace(".1000.", ".1001.");
        assert_ne!(Attempt::read(&moved, at(1_100)).unwrap().state(), attempt.state());
        let elsewhere = format!("{}.1000.{}", "a".repeat(43), URL_SAFE_NO_PAD.encode("//evil.example"));
        for odd in ["", "a", "a.b.c", elsewhere.as_str(), "..", "a.1000."] {
            assert!(Attempt::read(odd, at(1_100)).is_none(), "{odd}");
        }
    }
}
