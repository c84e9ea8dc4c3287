//! docs/acceptance.md names, for each case, tests that are there; each test that bears a case's number is
//! under that case; and its check dates are what the calendar makes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use resources::workday::{Calendar, Cutoff};

use crate::{Finding, Tree};

const PAGE: &str = "docs/acceptance.md";
/// The parts of the page, how many cases each has, and what its tests' names begin with before the number.
const PARTS: [(&str, usize, &str); 2] = [("# The city", 20, "acceptance"), ("# The extranet", 14, "case")];
/// Where a case that isn't built yet says what is missing.
const OPEN: &str = "Open:";

/// A case as the page has it.
#[derive(Debug, Default)]
struct Case {
    /// `path::name` of its tests.
    tests: Vec<String>,
    is_open: bool,
}

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let page = tree.text(PAGE);
    for (part, count, prefix) in PARTS {
        let cases = cases(&page, part);
        let numbers: Vec<usize> = cases.keys().copied().collect();
        if numbers != (1..=count).collect::<Vec<_>>() {
            let remedy = format!("{part} has the cases {numbers:?}: list each of 1 to {count} as ## and its number");
            findings.push(Finding::new("acceptance cases", PAGE, remedy));
        }
        for (number, case) in &cases {
            findings.extend(of_case(tree, part, *number, case));
        }
        findings.extend(unlisted(tree, part, prefix, &cases));
    }
    findings
}

fn cases(page: &str, part: &str) -> BTreeMap<usize, Case> {
    let mut found: BTreeMap<usize, Case> = BTreeMap::new();
    let (mut is_inside, mut current) = (false, None);
    for line in page.lines() {
        if line.starts_with("# ") {
            is_inside = line.starts_with(part);
            current = None;
        } else if let Some(heading) = line.strip_prefix("## ").filter(|_| is_inside) {
            current = heading.split(['.', ' ']).next().and_then(|number| number.parse().ok());
            found.extend(current.map(|number| (number, Case::default())));
        }
        let Some(case) = current.and_then(|number| found.get_mut(&number)) else { continue };
        case.is_open |= line.contains(OPEN);
        let quoted = line.split('`').skip(1).step_by(2);
        case.tests.extend(quoted.filter(|text| text.contains("::")).map(str::to_owned));
    }
    found
}

fn of_case(tree: &Tree, part: &str, number: usize, case: &Case) -> Vec<Finding> {
    let at = format!("{PAGE}: {part}, {number}");
    if case.tests.is_empty() && !case.is_open {
        return vec![Finding::new("acceptance cases", at, format!("name a test, or say after {OPEN} what is missing"))];
    }
    let is_there = |test: &str| test.split_once("::").is_some_and(|(file, name)| has_test(&tree.text(file), name));
    let absent = case.tests.iter().filter(|test| !is_there(test));
    absent
        .map(|test| Finding::new("acceptance cases", &at, format!("there is no test {test}: mend the page")))
        .collect()
}

/// Whether a file has a test of this name, which isn't switched off.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let rust = line.split("fn ").nth(1).is_some_and(|rest| rest.starts_with(&format!("{name}(")));
        let before = lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).copied().collect::<String>();
        let script = line.contains(&format!("test(\"{name}\"")) || line.contains(&format!("it(\"{name}\""));
        rust && before.contains("test") && !before.contains("ignore") || script
    })
}

/// Tests that bear a number and aren't under it.
fn unlisted(tree: &Tree, part: &str, prefix: &str, cases: &BTreeMap<usize, Case>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code = tree.ending(&[".rs", ".ts", ".tsx", ".mjs"]).filter(|file| !file.starts_with("tests/tests/tidy/"));
    for file in code {
        for line in tree.text(file).lines() {
            if let Some((name, numbers)) = numbered(line.trim(), prefix) {
                let test = format!("{file}::{name}");
                let missing = numbers
                    .into_iter()
                    .filter(|number| cases.get(number).is_none_or(|case| !case.tests.contains(&test)));
                findings.extend(missing.map(|number| {
                    Finding::new("acceptance cases", PAGE, format!("name {test} under {number} of {part}"))
                }));
            }
        }
    }
    findings
}

/// The name of a test that bears numbers (`acceptance_7_and_15_…`, `acceptance 7: …`), with the numbers.
fn numbered<'a>(line: &'a str, prefix: &str) -> Option<(&'a str, Vec<usize>)> {
    let function = line.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
    let script = ["test(\"", "it(\""].iter().find_map(|begin| line.strip_prefix(begin)?.split('"').next());
    let name = function.filter(|name| name.starts_with(prefix)).or(script)?;
    let rest = name.strip_prefix(prefix)?;
    let words = rest.split(['_', ' ', ':']).filter(|word| !word.is_empty());
    let numbers: Vec<usize> = words
        .take_while(|word| *word == "and" || word.parse::<usize>().is_ok())
        .filter_map(|word| word.parse().ok())
        .collect();
    (!numbers.is_empty()).then_some((name, numbers))
}

#[test]
fn check_dates_of_the_page_are_those_of_the_calendar() {
    let page = std::fs::read_to_string(tests::program::root().join(PAGE)).unwrap();
    let section = page.split("# Check dates").nth(1).unwrap().split("\n# ").next().unwrap();
    let mut checked = 0;
    for line in section.lines().filter(|line| line.starts_with("| 20")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [start, workdays, expected] = cells[..] else { panic!("{line}") };
        let (day, time) = start.split_once(' ').unwrap_or((start, "10:00"));
        let at: Timestamp = format!("{day}T{time}:00+08:00").parse().unwrap();
        let due = Calendar::default().due(at, workdays.parse().unwrap(), Cutoff::default());
        let (date, provisional) = (expected.split(' ').next().unwrap(), expected.ends_with("provisional"));
        assert_eq!((due.written(), due.provisional), (format!("{date}T17:30:00+08:00"), provisional), "{line}");
        checked += 1;
    }
    assert_eq!(checked, 18, "fifteen of published years and three of a year without a calendar");
}
