//! Reading all objects of a kind, page by page.

use std::fmt::Debug;

use kube::api::ListParams;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Objects per page, as kubectl reads them: 500 × about 3 kB = 1.5 MB in one answer.
const PAGE: u32 = 500;
/// Pages of one list. 200 × 500 = 100,000 objects, 25 times what one ledger may hold.
const PAGES_MAX: usize = 200;

/// All objects that `api` and the parameters select.
pub async fn all<K>(api: &Api<K>, parameters: &ListParams) -> Result<Vec<K>, Error>
where
    K: Resource + Clone + Debug + DeserializeOwned,
{
    let plural = api.resource_url().rsplit('/').next().unwrap_or("objects").to_owned();
    let mut parameters = parameters.clone().limit(PAGE);
    let mut found = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = api.list(&parameters).await.map_err(Error::api(format!("list {plural}")))?;
        let next = page.metadata.continue_.filter(|token| !token.is_empty());
        found.extend(page.items);
        match next {
            Some(token) => parameters = parameters.continue_token(&token),
            None => return Ok(found),
        }
    }
    Err(Error::Malformed(format!("there are more than {} {plural}", found.len())))
}
