//! The numbers that people quote, such as 2026-000123.
//!
//! They are counted in a ConfigMap, a block at a time: a number is never given twice, and after a
//! restart some of a block are skipped.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio::sync::Mutex;

const NAME: &str = "yunheng-request-numbers";
/// Numbers reserved by one write.
const BLOCK: u64 = 20;

/// Hands out numbers.
#[derive(Clone, Debug)]
pub struct Numbers {
    api: Api<ConfigMap>,
    reserved: Arc<Mutex<Reserved>>,
}

#[derive(Debug, Default)]
struct Reserved {
    year: i16,
    next: u64,
    end: u64,
}

impl Numbers {
    #[must_use]
    pub fn new(client: Client, namespace: &str) -> Self {
        Self { api: Api::namespaced(client, namespace), reserved: Arc::default() }
    }

    /// The next number of the year that it is in the city.
    pub async fn next(&self, now: Timestamp) -> Result<String, kube::Error> {
        let year = city_year(now);
        let mut reserved = self.reserved.lock().await;
        if reserved.year != year || reserved.next >= reserved.end {
            let next = self.reserve(year).await?;
            *reserved = Reserved { year, next, end: next + BLOCK };
        }
        let number = reserved.next;
        reserved.next += 1;
        Ok(format!("{year}-{number:06}"))
    }

    /// The first number of a block that nobody else has.
    async fn reserve(&self, year: i16) -> Result<u64, kube::Error> {
        let key = year.to_string();
        let current = self.api.get_opt(NAME).await?;
        let last = |object: &ConfigMap| object.data.as_ref().and_then(|data| data.get(&key)?.parse::<u64>().ok());
        let first = current.as_ref().and_then(last).unwrap_or(0) + 1;
        let reserved = (key.clone(), (first + BLOCK - 1).to_string());
        match current {
            Some(mut object) => {
                object.data.get_or_insert_default().extend([reserved]);
                // With the version that was read: another process that reserved in between wins.
                self.api.replace(NAME, &PostParams::default(), &object).await?;
            }
            None => {
                let metadata = ObjectMeta { name: Some(NAME.to_owned()), ..ObjectMeta::default() };
                let object = ConfigMap { metadata, data: Some(BTreeMap::from([reserved])), ..ConfigMap::default() };
                self.api.create(&PostParams::default(), &object).await?;
            }
        }
        Ok(first)
    }
}

fn city_year(now: Timestamp) -> i16 {
    now.to_zoned(TimeZone::fixed(Offset::constant(8))).year()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_turns_in_the_city() {
        let at = |text: &str| city_year(text.parse().unwrap());
        assert_eq!(at("2026-12-31T15:59:59Z"), 2026);
        assert_eq!(at("2026-12-31T16:00:00Z"), 2027);
    }
}
