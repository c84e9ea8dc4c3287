//! A signed token: which key it names, and whether that key signed it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::JsonWebKey;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm as Algorithm};
use serde::Deserialize;
use serde_json::Value;

use super::claims::{Claims, Fault, Use};

/// A header of more than 16 kB isn't taken anyhow.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// A token in its parts. Nothing of it is believed yet.
#[derive(Debug)]
pub struct Token<'t> {
    header: Header,
    signed: &'t str,
    signature: Vec<u8>,
    claims: Claims,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl<'t> Token<'t> {
    pub fn parse(text: &'t str) -> Result<Self, Fault> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(Fault::NotAToken);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Fault::NotAToken)?;
        let (header, claims) = signed.split_once('.').ok_or(Fault::NotAToken)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Fault::NotAToken);
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Fault::NotAToken)?;
        let claims = serde_json::from_slice(&decode(claims)?).map_err(|_| Fault::NotAToken)?;
        Ok(Self { header, signed, signature: decode(signature)?, claims })
    }

    /// Who it says made it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.claims.get("iss").and_then(Value::as_str).unwrap_or_default()
    }

    /// The claims, if one of these keys signed them, for this use.
    pub fn verify(self, keys: &[CoreJsonWebKey], used: Use<'_>) -> Result<Claims, Fault> {
        let algorithm = algorithm(&self.header.alg).ok_or(Fault::Algorithm)?;
        // What must be understood and isn't.
        if self.header.crit.is_some() || !is_kind(self.header.typ.as_deref(), used) {
            return Err(Fault::Kind);
        }
        let named = |key: &&CoreJsonWebKey| match (&self.header.kid, key.key_id()) {
            (Some(kid), Some(id)) => **id == *kid,
            // A provider with one key may leave out its name.
            (None, _) => keys.len() == 1,
            (Some(_), None) => false,
        };
        let mut candidates = keys.iter().filter(named).peekable();
        if candidates.peek().is_none() {
            return Err(Fault::UnknownKey);
        }
        // The key's own kind and algorithm are compared with those of the header.
        let is_good =
            |key: &CoreJsonWebKey| key.verify_signature(&algorithm, self.signed.as_bytes(), &self.signature).is_ok();
        if candidates.any(is_good) { Ok(self.claims) } else { Err(Fault::Signature) }
    }
}

/// Signatures by a key that the provider alone has. Those with a secret in common would make each of its
/// other clients a provider, and `none` everybody.
fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RsaSsaPkcs1V15Sha256,
        "RS384" => Algorithm::RsaSsaPkcs1V15Sha384,
        "RS512" => Algorithm::RsaSsaPkcs1V15Sha512,
        "PS256" => Algorithm::RsaSsaPssSha256,
        "PS384" => Algorithm::RsaSsaPssSha384,
        "PS512" => Algorithm::RsaSsaPssSha512,
        "ES256" => Algorithm::EcdsaP256Sha256,
        "ES384" => Algorithm::EcdsaP384Sha384,
        "EdDSA" => Algorithm::EdDsa,
        _ => return None,
    })
}

/// Whether a token that calls itself so is of the kind that this use asks for.
fn is_kind(typ: Option<&str>, used: Use<'_>) -> bool {
    let Some(typ) = typ else { return true };
    let typ = typ.to_ascii_lowercase();
    match typ.strip_prefix("application/").unwrap_or(&typ) {
        "jwt" => true,
        "at+jwt" => used == Use::Bearer,
        "logout+jwt" => used == Use::Logout,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use openidconnect::core::CoreEdDsaPrivateSigningKey;
    use openidconnect::{JsonWebKeyId, PrivateSigningKey};
    use serde_json::json;

    use super::*;

    /// Made for this test: openssl genpkey -algorithm ed25519.
    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIMTkqvQEHGu6W7UD000DVzQh+5mY8YW68sIe0Nrl2uPL\n-----END PRIVATE KEY-----";

    fn key(kid: &str) -> CoreEdDsaPrivateSigningKey {
        CoreEdDsaPrivateSigningKey::from_ed25519_pem(PEM, Some(JsonWebKeyId::new(kid.into()))).unwrap()
    }

    fn public(kid: &str) -> CoreJsonWebKey {
        key(kid).as_verification_key()
    }

    fn sign(header: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(&json!({"iss": "https://id.example", "sub": "u"})));
        let signature = key("k").sign(&Algorithm::EdDsa, signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn verify(text: &str, keys: &[CoreJsonWebKey], used: Use<'_>) -> Result<(), Fault> {
        Token::parse(text).and_then(|token| token.verify(keys, used)).map(drop)
    }

    #[test]
    fn the_named_key_has_signed_it() {
        let good = sign(&json!({"alg": "EdDSA", "kid": "k"}));
        assert_eq!(verify(&good, &[public("j"), public("k")], Use::Bearer), Ok(()));
        assert_eq!(verify(&good, &[public("j")], Use::Bearer), Err(Fault::UnknownKey));
        assert_eq!(verify(&good, &[], Use::Bearer), Err(Fault::UnknownKey));
        let nameless = sign(&json!({"alg": "EdDSA"}));
        assert_eq!(verify(&nameless, &[public("k")], Use::Bearer), Ok(()));
        assert_eq!(verify(&nameless, &[public("j"), public("k")], Use::Bearer), Err(Fault::UnknownKey));
        let other = CoreJsonWebKey::new_okp(
            vec![7; 32],
            openidconnect::core::CoreJsonCurveType::Ed25519,
            Some(JsonWebKeyId::new("k".into())),
        );
        assert_eq!(verify(&good, &[other], Use::Bearer), Err(Fault::Signature));
    }

    #[test]
    fn what_was_changed_isnt_signed() {
        let good = sign(&json!({"alg": "EdDSA", "kid": "k"}));
        let parts: Vec<&str> = good.split('.').collect();
        let claims = URL_SAFE_NO_PAD.encode(r#"{"iss":"https://id.example","sub":"admin"}"#);
        let forged = format!("{}.{claims}.{}", parts[0], parts[2]);
        assert_eq!(verify(&forged, &[public("k")], Use::Bearer), Err(Fault::Signature));
        let unsigned = format!("{}.{}.", parts[0], parts[1]);
        assert_eq!(verify(&unsigned, &[public("k")], Use::Bearer), Err(Fault::Signature));
        for odd in ["", ".", "..", "a.b", "a.b.c", "e30.e30.", "bnVsbA.e30.x"] {
            assert_eq!(verify(odd, &[public("k")], Use::Bearer), Err(Fault::NotAToken), "{odd}");
        }
        assert_eq!(verify(&"a".repeat(TOKEN_BYTES_MAX + 1), &[], Use::Bearer), Err(Fault::NotAToken));
    }

    #[test]
    fn a_header_chooses_neither_way_nor_kind() {
        for algorithm in ["none", "None", "HS256", "HS512", "RSA1_5", ""] {
            let text = sign(&json!({"alg": algorithm, "kid": "k"}));
            assert_eq!(verify(&text, &[public("k")], Use::Bearer), Err(Fault::Algorithm), "{algorithm}");
        }
        for algorithm in ["RS256", "ES256", "PS256"] {
            let text = sign(&json!({"alg": algorithm, "kid": "k"}));
            assert_eq!(verify(&text, &[public("k")], Use::Bearer), Err(Fault::Signature), "{algorithm}");
        }
        let sign_in = Use::SignIn { nonce: "n" };
        let cases = [
            ("JWT", [true, true, true]),
            ("at+jwt", [false, true, false]),
            ("application/at+JWT", [false, true, false]),
            ("logout+jwt", [false, false, true]),
            ("dpop+jwt", [false, false, false]),
        ];
        for (typ, accepted) in cases {
            let text = sign(&json!({"alg": "EdDSA", "kid": "k", "typ": typ}));
            for (used, accepted) in [sign_in, Use::Bearer, Use::Logout].into_iter().zip(accepted) {
                assert_eq!(verify(&text, &[public("k")], used).is_ok(), accepted, "{typ} {used:?}");
            }
        }
        let critical = sign(&json!({"alg": "EdDSA", "kid": "k", "crit": ["exp"]}));
        assert_eq!(verify(&critical, &[public("k")], Use::Bearer), Err(Fault::Kind));
    }
}
