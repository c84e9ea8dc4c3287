//! The acceptance cases that need no sockets, under their numbers, on an injected clock.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

mod city;
mod cuts;
mod loss;
mod months;
mod ourselves;
mod random;
