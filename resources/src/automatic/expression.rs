//! Conditions that a city writes itself, in CEL, and what bounds their cost.
//!
//! The interpreter knows no budget, so an expression is bounded before it runs: in its length, in the
//! number and depth of its parts, and in what it may call. Without comprehensions, patterns and
//! conversions of texts nothing in it is done twice: it takes as many steps as it has parts.

use std::collections::HashMap;
use std::thread;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, Program, Value};
use thiserror::Error;

/// As the kind has it.
pub const LENGTH_MAX: usize = 500;
/// 500 characters make about 150 parts; each is evaluated once.
pub const PARTS_MAX: usize = 150;
pub const DEPTH_MAX: usize = 24;
/// As the kind has it.
pub const EXPRESSIONS_MAX: usize = 10;

/// What may be called: operators, and functions whose work doesn't grow with what they are given.
const CALLS: &[&str] = &[
    "_?_:_",
    "_&&_",
    "_||_",
    "!_",
    "_-_",
    "_+_",
    "_*_",
    "_/_",
    "_%_",
    "_==_",
    "_!=_",
    "_>=_",
    "_<=_",
    "_>_",
    "_<_",
    "-_",
    "_[_]",
    "@in",
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "int",
    "double",
    "uint",
];

/// What is known of a request, for expressions to look at.
pub const NAMES: &[&str] = &["request", "application", "current", "increase", "target", "use", "pool"];

/// Why an expression doesn't count.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error("has {length} characters: at most {LENGTH_MAX}")]
    Long { length: usize },
    #[error("can't be read: {message}")]
    Unreadable { message: String },
    #[error("has more than {PARTS_MAX} parts, or they are nested deeper than {DEPTH_MAX}")]
    Large,
    #[error("uses {name}, which isn't allowed here")]
    NotAllowed { name: String },
    #[error("names {name}, which there isn't: there are {}", NAMES.join(", "))]
    Unknown { name: String },
    #[error("can't be answered: {message}")]
    NoAnswer { message: String },
    #[error("is neither true nor false")]
    NoTruth,
}

/// The values of one name, by field. An absent one isn't known, and to ask for it is a fault.
pub type Fields = HashMap<String, Field>;

#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Number(i64),
    Fraction(f64),
    Text(String),
    Truth(bool),
}

/// The parser goes down some ten functions for each level, up to a level per character: 500 × 100 kB
/// in a build without optimisation. Of an ordinary thread's stack a few dozen levels would be too much,
/// and would end the process. What isn't touched of it costs nothing.
const STACK_BYTES: usize = 64 << 20;

/// Whether an expression can be read and is within its bounds.
pub fn check(text: &str) -> Result<(), Fault> {
    aside(|| program(text).map(|_| ()))
}

/// Whether the expression is true of these values.
pub fn holds(text: &str, values: &HashMap<&'static str, Fields>) -> Result<bool, Fault> {
    aside(|| answer(text, values))
}

/// Parser and interpreter work where they have room, and where one that gives up in the middle takes
/// nothing with it: then a person decides.
fn aside<T: Send>(work: impl FnOnce() -> Result<T, Fault> + Send) -> Result<T, Fault> {
    let failed = || Fault::NoAnswer { message: "the interpreter failed".to_owned() };
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        worker.map_err(|_| failed())?.join().map_err(|_| failed())?
    })
}

fn answer(text: &str, values: &HashMap<&'static str, Fields>) -> Result<bool, Fault> {
    let program = program(text)?;
    let mut context = Context::default();
    for (name, fields) in values {
        let fields: HashMap<String, Value> = fields.iter().map(|(key, field)| (key.clone(), field.into())).collect();
        context.add_variable_from_value(*name, fields);
    }
    match program.execute(&context) {
        Ok(Value::Bool(truth)) => Ok(truth),
        Ok(_) => Err(Fault::NoTruth),
        Err(error) => Err(Fault::NoAnswer { message: short(&error.to_string()) }),
    }
}

fn program(text: &str) -> Result<Program, Fault> {
    let length = text.chars().count();
    if length > LENGTH_MAX {
        return Err(Fault::Long { length });
    }
    let read = Program::compile(text);
    let program = read.map_err(|errors| Fault::Unreadable { message: short(&errors.to_string()) })?;
    let mut parts = 0;
    bounded(program.expression(), 0, &mut parts)?;
    Ok(program)
}

fn bounded(part: &IdedExpr, depth: usize, parts: &mut usize) -> Result<(), Fault> {
    *parts += 1;
    if *parts > PARTS_MAX || depth > DEPTH_MAX {
        return Err(Fault::Large);
    }
    let refused = |name: &str| Err(Fault::NotAllowed { name: name.to_owned() });
    match &part.expr {
        Expr::Literal(_) => Ok(()),
        Expr::Ident(name) if NAMES.contains(&name.as_str()) => Ok(()),
        Expr::Ident(name) => Err(Fault::Unknown { name: name.clone() }),
        Expr::Select(select) => bounded(&select.operand, depth + 1, parts),
        Expr::Call(call) => {
            if !CALLS.contains(&call.func_name.as_str()) {
                return refused(&call.func_name);
            }
            let below = call.target.iter().map(AsRef::as_ref).chain(&call.args);
            below.into_iter().try_for_each(|below| bounded(below, depth + 1, parts))
        }
        Expr::List(list) => list.elements.iter().try_for_each(|below| bounded(below, depth + 1, parts)),
        Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => {
                bounded(&entry.key, depth + 1, parts)?;
                bounded(&entry.value, depth + 1, parts)
            }
            EntryExpr::StructField(_) => refused("a message"),
        }),
        Expr::Comprehension(_) => refused("all, exists, exists_one, filter or map"),
        Expr::Struct(_) => refused("a message"),
        Expr::Unspecified => refused("an empty part"),
    }
}

fn short(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(160).collect()
}

impl From<&Field> for Value {
    fn from(field: &Field) -> Self {
        match field {
            Field::Number(number) => Self::Int(*number),
            Field::Fraction(number) => Self::Float(*number),
            Field::Text(text) => Self::from(text.as_str()),
            Field::Truth(truth) => Self::Bool(*truth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> HashMap<&'static str, Fields> {
        let fields =
            |all: &[(&str, Field)]| all.iter().map(|(key, field)| ((*key).to_owned(), field.clone())).collect();
        HashMap::from([
            ("request", fields(&[("type", Field::Text("Change".into())), ("department", Field::Text("a".into()))])),
            ("application", fields(&[("keyEvent", Field::Truth(true)), ("securityGrade", Field::Number(3))])),
            ("increase", fields(&[("cpu", Field::Number(4_000))])),
            ("use", fields(&[("cpu", Field::Fraction(62.5))])),
        ])
    }

    #[test]
    fn a_condition_is_true_false_or_at_fault() {
        let cases = [
            ("application.securityGrade <= 2", Ok(false)),
            ("request.type == 'Change' && increase.cpu <= 8000", Ok(true)),
            ("use.cpu > 60.0 ? !application.keyEvent : true", Ok(false)),
            ("request.department in ['a', 'b']", Ok(true)),
            ("request.department.startsWith('x')", Ok(false)),
            ("has(use.memory)", Ok(false)),
        ];
        for (text, expected) in cases {
            assert_eq!(holds(text, &values()), expected, "{text}");
        }
        let faults = [
            ("use.memory > 1.0", "can't be answered"),
            ("increase.cpu", "is neither true nor false"),
            ("1 / (increase.cpu - 4000) == 1", "can't be answered"),
            ("nobody.knows", "names nobody, which there isn't"),
            ("increase.cpu >", "can't be read"),
        ];
        for (text, words) in faults {
            let fault = holds(text, &values()).unwrap_err().to_string();
            assert!(fault.contains(words), "{text}: {fault}");
        }
    }

    #[test]
    fn what_could_take_long_is_refused_before_it_runs() {
        let deep = format!("{}true{}", "(true && ".repeat(30), ")".repeat(30));
        let wide = "1 == 1 && ".repeat(49) + "true";
        let long = format!("'{}' == ''", "a".repeat(LENGTH_MAX));
        let refused = [
            "[1,2,3].all(x, [1,2,3].all(y, x < y))",
            "[1].map(x, x).size() == 1",
            "[1].exists(x, x == 1)",
            "request.type.matches('(a+)+b')",
            "string(1) == '1'",
            "duration('1h') == duration('1h')",
            deep.as_str(),
            wide.as_str(),
            long.as_str(),
            "",
        ];
        for text in refused {
            assert!(check(text).is_err(), "{text}");
        }
    }

    /// Texts that take a parser as deep as 500 characters can.
    #[test]
    fn deep_texts_are_refused_and_harm_nobody() {
        let times = |text: &str, count: usize| text.repeat(count);
        let texts = [
            times("(", 250) + "1" + &times(")", 249),
            times("[", 250) + &times("]", 250),
            times("1+", 249) + "1",
            times("1==", 166) + "1",
            times("a.", 249) + "a",
            times("true?", 80) + "1" + &times(":1", 40),
            times("true?1:", 70) + "1",
            times("{1:", 120) + "1" + &times("}", 120),
            times("size(", 80) + "1" + &times(")", 80),
            times("a[", 160) + "1" + &times("]", 160),
        ];
        for text in texts {
            assert!(text.len() <= LENGTH_MAX && check(&text).is_err(), "{text}");
        }
        assert_eq!(holds(&(times("!", 496) + "true"), &values()), Ok(true), "an even number of them is none");
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]
        #[test]
        fn no_text_breaks_it(text in ".{0,60}") {
            let _ = holds(&text, &values());
        }
    }
}
