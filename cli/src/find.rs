//! Finding a request by what people quote (2026-000123) or by the name of its object.

use kube::ResourceExt;
use kube::api::ListParams;
use resources::v1alpha1::QuotaRequest;

use crate::error::Error;
use crate::list;
use crate::scope::Scope;
use crate::session::Session;

/// The one request that `wanted` names.
pub async fn request(session: &Session, scope: &Scope, wanted: &str) -> Result<QuotaRequest, Error> {
    let api = scope.api::<QuotaRequest>(session);
    // A number is in the status, which the API server can't select by; a name it can.
    let parameters = if is_number(wanted) {
        ListParams::default()
    } else {
        ListParams::default().fields(&format!("metadata.name={wanted}"))
    };
    pick(list::all(&api, &parameters).await?, wanted, scope)
}

/// Whether the text is a request's number: a year, a dash, six digits or more.
fn is_number(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('-')
        .is_some_and(|(year, count)| year.len() == 4 && count.len() >= 6 && digits(year) && digits(count))
}

fn pick(requests: Vec<QuotaRequest>, wanted: &str, scope: &Scope) -> Result<QuotaRequest, Error> {
    let number = |request: &QuotaRequest| request.status.as_ref().and_then(|status| status.number.clone());
    let is_meant = |request: &QuotaRequest| {
        if is_number(wanted) { number(request).as_deref() == Some(wanted) } else { request.name_any() == wanted }
    };
    let mut found: Vec<QuotaRequest> = requests.into_iter().filter(is_meant).collect();
    if found.len() > 1 {
        let places = found.iter().map(|request| request.namespace().unwrap_or_default()).collect::<Vec<_>>();
        return Err(Error::SeveralRequests { wanted: wanted.to_owned(), found: places.join(", ") });
    }
    found.pop().ok_or_else(|| Error::UnknownRequest { wanted: wanted.to_owned(), place: scope.place() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(namespace: &str, name: &str, number: Option<&str>) -> QuotaRequest {
        serde_json::from_value(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest", "metadata": {"namespace": namespace, "name": name},
            "spec": {
                "requester": "zhang", "type": "Change", "application": "a", "pool": "cec", "justification": "more people ask",
                "resources": {"cpu": "1", "memory": "1G", "storage": "1T"}
            },
            "status": {"number": number}
        }))
        .unwrap()
    }

    #[test]
    fn a_number_is_a_year_and_six_digits() {
        let cases = [
            ("2026-000123", true),
            ("2026-1000123", true),
            ("2026-123", false),
            ("qr-abcde", false),
            ("2026-00012a", false),
            ("26-000123", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_number(text), expected, "{text}");
        }
    }

    #[test]
    fn a_request_is_found_by_number_and_by_name() {
        let all = || {
            vec![
                request("dept-a", "qr-1", Some("2026-000001")),
                request("dept-a", "qr-2", Some("2026-000002")),
                request("dept-b", "qr-2", Some("2026-000003")),
                request("dept-b", "qr-new", None),
            ]
        };
        let found =
            |wanted| pick(all(), wanted, &Scope::All).map(|found| (found.namespace().unwrap(), found.name_any()));
        let is = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
        assert_eq!(found("2026-000003").unwrap(), is("dept-b", "qr-2"));
        assert_eq!(found("qr-1").unwrap(), is("dept-a", "qr-1"));
        assert_eq!(found("qr-new").unwrap(), is("dept-b", "qr-new"));
        assert!(matches!(found("qr-2"), Err(Error::SeveralRequests { .. })));
        assert!(matches!(found("2026-000009"), Err(Error::UnknownRequest { .. })));
        // A name that looks like a number is a number.
        assert!(matches!(found("2026-000002x"), Err(Error::UnknownRequest { .. })));
    }
}
