//! Makes those parts of docs/requests.md anew that come from the table of requests. The page's path
//! is the argument.
#![forbid(unsafe_code)]

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: requestpage docs/requests.md")?;
    let page = std::fs::read_to_string(&path)?;
    let made = resources::workflow::page::renewed(&page).ok_or("the page lacks a mark of a part that is made")?;
    std::fs::write(path, made)?;
    Ok(())
}
