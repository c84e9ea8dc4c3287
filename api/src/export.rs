//! Lists as files: the same filters, order and rights as on the screen, all pages, one after the
//! other from one snapshot.

mod columns;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::sync::Semaphore;

use crate::bulk::Bulk;
use crate::clock;
use crate::language::Language;
use crate::page::Page;
use crate::problem::Failure;
use crate::sheet::write::{self, Book};
use crate::sheet::{self, Cell, Column, Format};
use crate::snapshot::Reading;

/// Rows of a CSV file: written page by page, so it bounds the time and not the memory.
const CSV_ROWS_MAX: u64 = 100_000;
/// Rows of a workbook, which is made whole: 20,000 × 40 cells × 100 B = 80 MB.
const XLSX_ROWS_MAX: u64 = 20_000;
/// Workbooks that are made at once.
static AT_WORK: Semaphore = Semaphore::const_new(2);
/// Rows that are made at a time: the largest page.
pub const PAGE: u16 = 200;

/// What a list is called, which columns it has, and the cells of an item.
pub trait Line: Sized + Send + 'static {
    const TITLE: (&'static str, &'static str);
    fn columns() -> Vec<Column>;
    fn cells(&self, reading: &Reading, language: Language) -> Vec<Cell>;
}

/// The format that is asked for: by `format`, else the first that `Accept` names.
#[must_use]
pub fn asked(format: Option<Format>, headers: &HeaderMap) -> Format {
    if let Some(format) = format {
        return format;
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = accept.split(',').filter_map(|range| match range.split(';').next().unwrap_or_default().trim() {
        "application/json" | "*/*" => Some(Format::Json),
        "text/csv" => Some(Format::Csv),
        sheet::XLSX => Some(Format::Xlsx),
        _ => None,
    });
    named.into_iter().next().unwrap_or(Format::Json)
}

/// All pages as one file. The first page is made before the answer begins, so that what is wrong with
/// the filters is said as a problem.
pub async fn answer<T: Line>(
    format: Format,
    reading: &Reading,
    language: Language,
    page: impl Fn(Option<String>) -> Result<Page<T>, Failure> + Send + 'static,
) -> Result<Response, Failure> {
    let first = page(None)?;
    let max = if format == Format::Xlsx { XLSX_ROWS_MAX } else { CSV_ROWS_MAX };
    if first.total > max {
        return Err(Failure::Bulk(Bulk::TooManyRows { rows: first.total, max }));
    }
    let body = match format {
        Format::Xlsx => Body::from(workbook(reading.clone(), language, first, page).await?),
        Format::Csv | Format::Json => csv(reading.clone(), language, first, page),
    };
    let (zh, en) = T::TITLE;
    let title = if language == Language::Chinese { zh } else { en };
    Ok(file(format, &format!("{title}-{}", day()), body))
}

/// Today, in the city.
fn day() -> String {
    clock::text(clock::now()).chars().take(10).collect()
}

/// An answer that browsers save.
pub fn file(format: Format, name: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let name = format!("{name}.{}", format.ending());
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
    let disposition = format!("attachment; filename=\"export.{}\"; filename*=UTF-8''{encoded}", format.ending());
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// What is left to write of a CSV file.
enum Rest<T> {
    Page(Page<T>),
    After(String),
    Nothing,
}

fn csv<T: Line>(
    reading: Reading,
    language: Language,
    first: Page<T>,
    page: impl Fn(Option<String>) -> Result<Page<T>, Failure> + Send + 'static,
) -> Body {
    let head = write::csv_head(&T::columns(), language);
    let parts = stream::try_unfold((Some(head), Rest::Page(first)), move |(head, rest)| {
        let next = match rest {
            Rest::Page(page) => Ok(Some(page)),
            Rest::After(cursor) => page(Some(cursor)).map(Some),
            Rest::Nothing => Ok(None),
        };
        let part = next.map(|page| {
            let Page { items, next, .. } = page?;
            let rows: Vec<Vec<Cell>> = items.iter().map(|item| item.cells(&reading, language)).collect();
            let mut bytes = head.unwrap_or_default();
            bytes.extend(write::csv_rows(&rows));
            Some((bytes, (None, next.map_or(Rest::Nothing, Rest::After))))
        });
        // A page of a snapshot that had a first page can't fail; if it does, the file ends broken.
        std::future::ready(part.map_err(|failure| std::io::Error::other(failure.code().to_owned())))
    });
    Body::from_stream(parts)
}

async fn workbook<T: Line>(
    reading: Reading,
    language: Language,
    first: Page<T>,
    page: impl Fn(Option<String>) -> Result<Page<T>, Failure> + Send + 'static,
) -> Result<Vec<u8>, Failure> {
    let Ok(_permit) = AT_WORK.acquire().await else { return Err(Failure::Busy) };
    let (zh, en) = T::TITLE;
    let title = if language == Language::Chinese { zh } else { en };
    let work = move || -> Result<Vec<u8>, Failure> {
        let mut book = Book::new(title, &T::columns(), language).map_err(|error| unwritten(&error))?;
        let mut next = Some(first);
        while let Some(Page { items, next: cursor, .. }) = next {
            for item in &items {
                book.push(&item.cells(&reading, language)).map_err(|error| unwritten(&error))?;
            }
            next = cursor.map(|cursor| page(Some(cursor))).transpose()?;
        }
        book.finish().map_err(|error| unwritten(&error))
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Internal)?
}

pub fn unwritten(error: &rust_xlsxwriter::XlsxError) -> Failure {
    tracing::error!(%error, "failed to write a workbook");
    Failure::Internal
}

/// A list that has one page only.
pub fn whole<T: Clone + Send + Sync + 'static>(
    items: Vec<T>,
) -> impl Fn(Option<String>) -> Result<Page<T>, Failure> + Send + 'static {
    let items = Arc::new(items);
    move |_| Ok(Page::whole(items.to_vec()))
}
