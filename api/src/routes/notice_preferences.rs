//! What people and departments want to hear, and where.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Membership;
use crate::documented::{ReadRefused, WriteRefused};
use crate::extract::Body;
use crate::identity::{Caller, Writer};
use crate::notices::route::{ADDRESSES_MAX, Preference};
use crate::notices::{self, Kept, Kind, Owner};
use crate::problem::{Failure, Wrong, WrongCause};
use crate::state::App;
use crate::{clock, respond};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_notice_preferences, save_notice_preferences))
}

/// What the caller and his departments want to hear.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticePreferences {
    /// The caller's own.
    pub own: PersonPreference,
    /// Those of his departments.
    pub departments: Vec<DepartmentPreferenceView>,
    /// Every kind, with its name for people.
    pub kinds: Vec<KindName>,
    /// Whether there is a mail server: without one addresses get nothing.
    pub mail: bool,
    /// Domains that addresses may be in; `*` is any. Empty: none may be chosen.
    pub domains: Vec<String>,
}

/// A kind and what it is called.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KindName {
    pub kind: Kind,
    pub name: String,
}

/// What one person wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonPreference {
    /// Kinds that aren't shown and not counted.
    #[schema(max_items = 50, value_type = Vec<Kind>)]
    pub muted: BTreeSet<Kind>,
    /// Kinds that are mailed.
    #[schema(max_items = 50, value_type = Vec<Kind>)]
    pub mail: BTreeSet<Kind>,
    /// Where to.
    #[schema(max_items = 10, example = json!(["zhang@example.gov.cn"]))]
    pub addresses: Vec<String>,
}

/// What one department wants, whoever reads it there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DepartmentPreference {
    /// Kinds that are mailed.
    #[schema(max_items = 50, value_type = Vec<Kind>)]
    pub mail: BTreeSet<Kind>,
    /// Where to.
    #[schema(max_items = 10)]
    pub addresses: Vec<String>,
}

/// A department's preference, and whether the caller may change it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartmentPreferenceView {
    #[schema(example = "civil-affairs")]
    pub department: String,
    #[schema(example = "市民政局")]
    pub display_name: String,
    pub preference: DepartmentPreference,
    /// Its accountable persons may.
    pub may_change: bool,
}

/// What to keep. What isn't named stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewNoticePreferences {
    pub own: Option<PersonPreference>,
    /// By the department's name.
    #[serde(default)]
    pub departments: BTreeMap<String, DepartmentPreference>,
}

/// What the caller wants to hear, and what his departments do.
#[utoipa::path(
    get,
    path = "/preferences/notices",
    tag = "notices",
    responses((status = 200, description = "All of it.", body = NoticePreferences), ReadRefused)
)]
pub async fn show_notice_preferences(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    Ok(respond::fresh(StatusCode::OK, &preferences(&app, &caller).await?))
}

/// Sets what the caller wants to hear, or one of his departments, whose accountable person he is.
#[utoipa::path(
    put,
    path = "/preferences/notices",
    tag = "notices",
    request_body(content = NewNoticePreferences, description = "What to keep."),
    responses((status = 200, description = "As it is now.", body = NoticePreferences), WriteRefused)
)]
pub async fn save_notice_preferences(
    State(app): State<App>,
    Writer(caller): Writer,
    Body(new, _): Body<NewNoticePreferences>,
) -> Result<Response, Failure> {
    let NewNoticePreferences { own, departments } = new;
    let mut kept = Vec::new();
    if let Some(PersonPreference { muted, mail, addresses }) = own {
        check(&app, "own.addresses", &addresses)?;
        let owner = Owner { name: caller.user.name.clone(), groups: caller.user.groups.clone() };
        let preference = Preference { muted, mail, addresses };
        kept.push((notices::of_person(&caller.user.name), Kept { owner: Some(owner), preference }));
    }
    for (department, DepartmentPreference { mail, addresses }) in departments {
        match caller.rights.departments.get(&department) {
            Some(Membership::Owner) => {}
            Some(Membership::User) => return Err(Failure::Forbidden),
            None => {
                let field = format!("departments.{department}");
                return Err(Failure::Invalid(vec![Wrong { field, cause: WrongCause::UnknownDepartment }]));
            }
        }
        check(&app, &format!("departments.{department}.addresses"), &addresses)?;
        let preference = Preference { muted: BTreeSet::new(), mail, addresses };
        kept.push((notices::of_department(&department), Kept { owner: None, preference }));
    }
    // Everything is checked before anything is kept.
    let store = app.history.store()?;
    for (key, kept) in kept {
        let content = serde_json::to_string(&kept).map_err(|_| Failure::Internal)?;
        store.save_notice_preference(&key, &content, clock::now()).await?;
    }
    Ok(respond::fresh(StatusCode::OK, &preferences(&app, &caller).await?))
}

async fn preferences(app: &App, caller: &Caller) -> Result<NoticePreferences, Failure> {
    let Preference { muted, mail, addresses } = preference_of(app, &notices::of_person(&caller.user.name)).await?;
    let snapshot = app.snapshot().await;
    let mut departments = Vec::new();
    for (name, membership) in &caller.rights.departments {
        let Preference { mail, addresses, .. } = preference_of(app, &notices::of_department(name)).await?;
        departments.push(DepartmentPreferenceView {
            department: name.clone(),
            display_name: snapshot.department_name(name),
            preference: DepartmentPreference { mail, addresses },
            may_change: *membership == Membership::Owner,
        });
    }
    let kinds = Kind::ALL.into_iter();
    let server = app.post().and_then(|post| post.settings().mail.as_ref());
    Ok(NoticePreferences {
        own: PersonPreference { muted, mail, addresses },
        departments,
        kinds: kinds.map(|kind| KindName { kind, name: notices::name(kind, caller.language).to_owned() }).collect(),
        mail: server.is_some(),
        domains: server.map(|server| server.recipient_domains.clone()).unwrap_or_default(),
    })
}

/// What was set under this key; nothing else where nothing was.
pub async fn preference_of(app: &App, key: &str) -> Result<Preference, Failure> {
    let content = app.history.store()?.notice_preference(key).await?;
    let kept = content.and_then(|content| serde_json::from_str::<Kept>(&content).ok());
    Ok(kept.map(|kept| kept.preference).unwrap_or_default())
}

/// Longest address that mail servers take.
const ADDRESS_LENGTH_MAX: usize = 254;

fn check(app: &App, field: &str, addresses: &[String]) -> Result<(), Failure> {
    let wrong =
        |field: String, message: String| Failure::Invalid(vec![Wrong { field, cause: WrongCause::Server { message } }]);
    if addresses.len() > ADDRESSES_MAX {
        return Err(wrong(field.to_owned(), format!("{} addresses, at most {ADDRESSES_MAX}", addresses.len())));
    }
    let server = app.post().and_then(|post| post.settings().mail.as_ref());
    for (number, address) in addresses.iter().enumerate() {
        let well_formed = address.len() <= ADDRESS_LENGTH_MAX && address.parse::<lettre::Address>().is_ok();
        if !well_formed {
            return Err(wrong(format!("{field}[{number}]"), "isn't a mail address".to_owned()));
        }
        if !server.is_some_and(|server| server.may_go_to(address)) {
            return Err(wrong(
                format!("{field}[{number}]"),
                "its domain isn't one of those that mail may go to".to_owned(),
            ));
        }
    }
    Ok(())
}
