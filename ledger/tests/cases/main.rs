//! Examples with the city's own figures, each a story that can be told to a person.

mod grants;
mod limits;
mod support;
