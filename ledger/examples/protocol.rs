//! Walks through every state of the worlds in `tests/protocol`, and prints what it has seen; then
//! leaves out one rule of the protocol after the other, and tells how each goes wrong.
//! `-- --quick` leaves out the large worlds.
#![forbid(unsafe_code)]

#[path = "../tests/protocol/model/mod.rs"]
mod model;

use std::process::ExitCode;

use model::{CASES, Protocol, WORLDS};

fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let mut complaints = 0;
    let mut states = 0;
    println!("The protocol as it is, with the real `decide`:");
    for world in WORLDS.iter().filter(|world| !world.is_large || !quick) {
        let walk = model::walk(Protocol::keeping(*world));
        let complaint = world.complaint(&walk);
        let verdict = complaint.as_deref().unwrap_or("all laws hold");
        println!("{:<9} {} operators, {walk}  {verdict}  ({})", world.name, world.operators, world.about);
        complaints += usize::from(complaint.is_some());
        states += walk.states;
    }
    println!("{states} states in all.\n\nWith one rule left out:");
    for case in CASES {
        let verdict = case.verdict();
        complaints += usize::from(verdict.is_err());
        println!("- {}", verdict.unwrap_or_else(|complaint| complaint));
    }
    if complaints == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
