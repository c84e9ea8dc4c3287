//! The first loop: looks at what the caches have, and keeps what people must hear of.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use resources::names;
use resources::policy::Policy;
use resources::workday::{Calendar, day_of};
use serde::{Deserialize, Serialize};

use super::route::{self, Preference, Wish};
use super::{Audience, City, Notice, news};
use crate::history::{self, Store};
use crate::identity::User;
use crate::state::App;
use crate::{access, clock};

/// What came about longer ago isn't news any more. Notices are kept for longer than that, so that
/// nothing is told twice.
const HORIZON: SignedDuration = SignedDuration::from_hours(30 * 24);
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(180 * 24);
/// Things that come about by the time alone are told this late at most.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Many changes at once are looked at together.
const GATHER: Duration = Duration::from_secs(1);
/// Departments and people that have said what they want: 208 applications' staff are some hundreds.
const PREFERENCES_MAX: i64 = 5_000;
/// Whose rights are asked for while one look goes on is known again for seconds (see `access`).
const PREFERENCE_AGE_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Who a person was when he said what he wants.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Owner {
    pub name: String,
    pub groups: Vec<String>,
}

/// A preference as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    /// Absent for a department.
    pub owner: Option<Owner>,
    pub preference: Preference,
}

/// The key of a department's preference.
#[must_use]
pub fn of_department(department: &str) -> String {
    format!("department:{department}")
}

/// The key of a person's preference.
#[must_use]
pub fn of_person(person: &str) -> String {
    format!("person:{person}")
}

/// Looks whenever something has changed, and once a minute.
pub async fn watch_for_ever(app: App) {
    let mut changed = app.world.generations();
    let mut told = HashSet::new();
    let mut forgotten = Timestamp::MIN;
    loop {
        let now = clock::now();
        match look(&app, &mut told, now).await {
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "failed to keep notices; they are looked for again"),
        }
        if now.duration_since(forgotten) > SignedDuration::from_hours(1) {
            forgotten = now;
            forget(&app, now).await;
        }
        tokio::time::sleep(GATHER).await;
        let _ = tokio::time::timeout(LOOK_EVERY, changed.changed()).await;
        changed.borrow_and_update();
    }
}

async fn forget(app: &App, now: Timestamp) {
    let Ok(store) = app.history.store() else { return };
    if let Err(error) = store.forget_notices(now.saturating_sub(KEPT_FOR).unwrap_or(Timestamp::MIN)).await {
        tracing::warn!(%error, "failed to forget old notices");
    }
}

/// Looks once; how many notices are new. `told` are the ids that are known to be kept.
pub async fn look(app: &App, told: &mut HashSet<String>, now: Timestamp) -> Result<usize, history::Error> {
    // Half a list would be no lie, but none of these are seen before the server is ready.
    let (Ok(store), true) = (app.history.store(), app.world.missing().is_empty()) else { return Ok(0) };
    let since = store.notices_since(now).await?.max(now.saturating_sub(HORIZON).unwrap_or(Timestamp::MIN));
    let all = seen(app, since, now);
    let fresh: Vec<&Notice> = all.iter().filter(|notice| !told.contains(&notice.id)).collect();
    let mut new = 0;
    if !fresh.is_empty() {
        let wishes = wishes(app, store, now).await?;
        for notice in &fresh {
            let deliveries = match app.post() {
                Some(post) => route::deliveries(notice, post.settings(), &wishes),
                None => Vec::new(),
            };
            new += usize::from(store.tell(notice, &deliveries, now).await?);
        }
    }
    // What is news no more needn't be remembered.
    *told = all.into_iter().map(|notice| notice.id).collect();
    Ok(new)
}

fn seen(app: &App, since: Timestamp, now: Timestamp) -> Vec<Notice> {
    let (_, kept) = app.world.copy();
    let policy = kept.policies.get("", names::DEFAULT_POLICY);
    let city = City {
        calendar: Calendar::new(kept.calendars.iter().map(|(_, calendar)| &**calendar)),
        policy: Policy::on(policy.map(|policy| &policy.spec), day_of(now)),
        now,
    };
    news(&kept, &city, since)
}

/// What departments and people want, with what they belong to by now: who has lost a role hears
/// nothing more that goes with it.
async fn wishes(app: &App, store: &Store, now: Timestamp) -> Result<Vec<Wish>, history::Error> {
    if app.post().is_none_or(|post| post.settings().mail.is_none()) {
        return Ok(Vec::new());
    }
    let after = now.saturating_sub(PREFERENCE_AGE_MAX).unwrap_or(Timestamp::MIN);
    let mut wishes = Vec::new();
    for (key, content) in store.notice_preferences(after, PREFERENCES_MAX).await? {
        let Ok(Kept { owner, preference }) = serde_json::from_str(&content) else { continue };
        if preference.mail.is_empty() || preference.addresses.is_empty() {
            continue;
        }
        let audiences = match (owner, key.strip_prefix("department:")) {
            (_, Some(department)) => vec![Audience::Department(department.to_owned())],
            (Some(Owner { name, groups }), None) => {
                let user = User { name, groups, ..User::default() };
                // Not asked is not told: he finds it in his inbox.
                access::rights(app, &user).await.map(|rights| Audience::all_of(&rights)).unwrap_or_default()
            }
            (None, None) => continue,
        };
        wishes.push(Wish { audiences, preference });
    }
    Ok(wishes)
}
