//! Reads what the cluster has of the kinds that an import writes.

use kube::Api;
use kube::api::{DynamicObject, ListParams};

use super::plan::{Existing, Kind};
use crate::error::Error;
use crate::list;
use crate::session::Session;

/// Everything of these kinds, as it is and not as our types: those leave out what is false or
/// empty.
pub async fn observe(session: &Session) -> Result<Existing, Error> {
    let mut existing = Existing::default();
    for kind in Kind::ALL {
        let api: Api<DynamicObject> = Api::all_with(session.client.clone(), &kind.resource());
        existing.note(kind, &list::all(&api, &ListParams::default()).await?);
    }
    Ok(existing)
}
