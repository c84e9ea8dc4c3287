//! Prints the document that describes the REST interface; it is committed as `api/openapi.json`.
#![forbid(unsafe_code)]

use std::io::Write;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(api::openapi::text().as_bytes())
}
