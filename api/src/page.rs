//! Pages of a list: order, cursor and cut.
//!
//! A cursor names the last item of its page by sort key and name, so a walk shows every item that
//! stays in the list exactly once, whatever is added or removed meanwhile. It is bound to the
//! filters and the order: with others it is refused.

use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{Failure, ParameterCause};

/// Items per page, unless the caller says otherwise.
const LIMIT_DEFAULT: u16 = 50;
/// Most items per page: 200 applications with their allocations are about 600 kB of JSON.
const LIMIT_MAX: u16 = 200;

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// The cursor of the next page.
    pub next: Option<String>,
    pub total: u64,
}

impl<T> Page<T> {
    /// Everything on one page.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        let total = items.len() as u64;
        Self { items, next: None, total }
    }
}

/// A filter of at most `MAX` characters: a longer one is no filter of anything that exists.
pub fn text<'de, const MAX: usize, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(value)?;
    match text.as_ref().map(|text| text.chars().count()) {
        Some(length) if length > MAX => Err(de::Error::custom(format!("{length} characters, at most {MAX}"))),
        _ => Ok(text),
    }
}

/// What an item is sorted by. All keys of one list are of one kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SortKey {
    Number(u64),
    Text(String),
}

/// Where an item stands in a list: its key, then its name, which no two items share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place(pub SortKey, pub String);

/// The parameters of a page.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'a> {
    pub limit: Option<u16>,
    pub cursor: Option<&'a str>,
    pub descending: bool,
    /// What the list is filtered and sorted by: the cursor belongs to it.
    pub binding: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    /// Hash of the filters and the order.
    b: String,
    /// The last item of the page.
    p: Place,
}

/// Cuts one page out of `rows`, which are in ascending order of `place`.
pub fn cut<R, T>(
    rows: &[R],
    place: impl Fn(&R) -> &Place,
    cut: Cut<'_>,
    view: impl Fn(&R) -> T,
) -> Result<Page<T>, Failure> {
    let Cut { limit, cursor, descending, binding } = cut;
    let limit = check_limit(limit)?;
    let binding = hash(binding);
    let after = cursor.filter(|text| !text.is_empty()).map(|text| read(text, &binding)).transpose()?;
    let total = rows.len();
    // Descending, the rest of the list lies before the place, and the page is taken from its end.
    let (page, more): (Vec<&R>, bool) = if descending {
        let end = after.map_or(total, |after| rows.partition_point(|row| *place(row) < after));
        let start = end.saturating_sub(limit);
        (rows[start..end].iter().rev().collect(), start > 0)
    } else {
        let start = after.map_or(0, |after| rows.partition_point(|row| *place(row) <= after));
        let end = (start + limit).min(total);
        (rows[start..end].iter().collect(), end < total)
    };
    let next = page.last().filter(|_| more).map(|last| write(&binding, place(last).clone()));
    Ok(Page { items: page.into_iter().map(view).collect(), next, total: total as u64 })
}

fn check_limit(limit: Option<u16>) -> Result<usize, Failure> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(usize::from(limit));
    }
    let cause = ParameterCause::OutOfRange { min: 1, max: LIMIT_MAX.into() };
    Err(Failure::Parameter { name: "limit".to_owned(), cause })
}

fn hash(binding: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(binding)[..9])
}

fn write(binding: &str, place: Place) -> String {
    let cursor = Cursor { b: binding.to_owned(), p: place };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
}

fn read(text: &str, binding: &str) -> Result<Place, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Failure::Cursor)?;
    let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| Failure::Cursor)?;
    if cursor.b == binding { Ok(cursor.p) } else { Err(Failure::Cursor) }
}

/// A field that a list can be sorted by.
pub trait SortField: Copy + Send + Sync + 'static {
    /// The fields with their names in the query.
    const NAMES: &'static [(&'static str, Self)];
}

/// A field, and whether the list runs the other way: `name` or `-name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<F> {
    pub field: F,
    pub descending: bool,
}

impl<'de, F: SortField> Deserialize<'de> for Order<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words<F>(PhantomData<F>);
        impl<F: SortField> de::Visitor<'_> for Words<F> {
            type Value = Order<F>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of a field, with - in front for descending")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let (name, descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
                let field = F::NAMES.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
                let field = field.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))?;
                Ok(Order { field, descending })
            }
        }
        deserializer.deserialize_str(Words(PhantomData))
    }
}

impl<F: SortField> PartialSchema for Order<F> {
    fn schema() -> RefOr<Schema> {
        let names = F::NAMES.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl<F: SortField> ToSchema for Order<F> {}

/// Names the fields that a list can be sorted by.
macro_rules! order_fields {
    ($field:ident, $order:ident { $($name:literal => $variant:ident),+ $(,)? }) => {
        impl $crate::page::SortField for $field {
            const NAMES: &'static [(&'static str, Self)] = &[$(($name, Self::$variant)),+];
        }

        /// A field with its direction.
        pub type $order = $crate::page::Order<$field>;
    };
}
pub(crate) use order_fields;

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &[(u64, &str)]) -> Vec<Place> {
        let mut rows: Vec<_> =
            names.iter().map(|(key, name)| Place(SortKey::Number(*key), (*name).to_owned())).collect();
        rows.sort();
        rows
    }

    fn walk(rows: &[Place], descending: bool, limit: u16) -> Vec<String> {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let params = Cut { limit: Some(limit), cursor: cursor.as_deref(), descending, binding: "x" };
            let page = cut(rows, |row| row, params, |row| row.1.clone()).unwrap();
            assert_eq!(page.total, rows.len() as u64);
            seen.extend(page.items);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return seen,
            }
        }
    }

    #[test]
    fn a_walk_shows_every_item_once_in_order() {
        let rows = rows(&[(3, "c"), (1, "a"), (3, "b"), (2, "z"), (3, "d")]);
        for limit in 1..=6 {
            assert_eq!(walk(&rows, false, limit), ["a", "z", "b", "c", "d"], "{limit}");
            assert_eq!(walk(&rows, true, limit), ["d", "c", "b", "z", "a"], "{limit}");
        }
        assert!(walk(&[], false, 1).is_empty());
    }

    #[test]
    fn a_walk_goes_on_where_its_last_item_is_gone() {
        let before = rows(&[(1, "a"), (2, "b"), (3, "c")]);
        let params = Cut { limit: Some(2), cursor: None, descending: false, binding: "x" };
        let first = cut(&before, |row| row, params, |row| row.1.clone()).unwrap();
        let after = rows(&[(0, "new"), (1, "a"), (3, "c")]);
        let params = Cut { cursor: first.next.as_deref(), ..params };
        let second = cut(&after, |row| row, params, |row| row.1.clone()).unwrap();
        assert_eq!(second.items, ["c"]);
    }

    #[test]
    fn a_cursor_of_another_list_and_a_bad_limit_are_refused() {
        let rows = rows(&[(1, "a"), (2, "b")]);
        let params = Cut { limit: Some(1), cursor: None, descending: false, binding: "x" };
        let page = |params| cut(&rows, |row| row, params, |row| row.1.clone());
        let next = page(params).unwrap().next.unwrap();
        let other = Cut { cursor: Some(&next), binding: "y", ..params };
        assert_eq!(page(other).unwrap_err(), Failure::Cursor);
        for bad in ["zebra", "e30", "!"] {
            assert_eq!(page(Cut { cursor: Some(bad), ..params }).unwrap_err(), Failure::Cursor, "{bad:?}");
        }
        for limit in [0, 201, u16::MAX] {
            assert!(matches!(page(Cut { limit: Some(limit), ..params }), Err(Failure::Parameter { .. })));
        }
    }
}
