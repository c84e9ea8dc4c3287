//! The document that describes the REST interface.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::{Modify, OpenApi};

/// Head of the document. The paths come from the routes themselves.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Yunheng",
        description = "Quota of a city's government cloud: who has what, who asks for more, and what is left.\n\n\
            Amounts are texts with units: cores (`64`) or thousandths (`500m`) of CPU; memory and storage with `M`, `G`, `T` \
            (decimal) or `Mi`, `Gi`, `Ti` (binary). Times are RFC 3339 with their zone. Errors are problem documents \
            (RFC 9457) in Chinese or English, by `Accept-Language`, with a code that doesn't change.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "session", description = "Signing in and out."),
        (name = "overview", description = "The city at a glance."),
        (name = "pools", description = "What the providers deliver."),
        (name = "departments", description = "Who uses the cloud."),
        (name = "applications", description = "What runs on it."),
        (name = "allocations", description = "Who has what, and whether it is enforced."),
        (name = "requests", description = "Asking for quota, and deciding."),
        (name = "drafts", description = "What one has begun to write."),
        (name = "events", description = "Changes as they happen."),
        (name = "invariants", description = "Every sum, made again."),
        (name = "links", description = "The extranet: what is there, and what is broken."),
        (name = "audit", description = "What was done, by whom, and whether the record is whole."),
        (name = "notices", description = "What people must hear of."),
        (name = "policy", description = "The city's own rules."),
        (name = "calendars", description = "Which days are worked, and when deadlines end."),
        (name = "system", description = "Version and health."),
    ),
    modifiers(&SignIn),
)]
pub struct ApiDoc;

struct SignIn;

impl Modify for SignIn {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of the cluster, such as `kubectl create token` prints."))
            .build();
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            crate::identity::COOKIE,
            "Set by POST /api/v1/session. Writes also need the header X-CSRF-Token.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let none: [&str; 0] = [];
        document.security =
            Some(vec![SecurityRequirement::new("token", none), SecurityRequirement::new("session", none)]);
    }
}

/// The document as it is committed: pretty, with a newline at the end.
#[must_use]
pub fn text() -> String {
    let mut text = crate::router::document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
