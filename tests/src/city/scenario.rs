//! What goes wrong, and when: lines such as `cut county-420923` or `at 30 loss township-420902001 10`.

use std::time::Duration;

use super::City;

/// Lines that a scenario may have.
const LINES_MAX: usize = 10_000;

/// One thing that is wrong with a place, from a time on.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub target: String,
    pub fault: Fault,
    from: Duration,
    until: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The line is gone: neither the place nor what is below it is reached.
    Cut,
    /// The place doesn't answer itself, but forwards.
    Silence,
    /// The place above says that it can't deliver.
    Refuse,
    /// Percent of what goes over the line.
    Loss(f64),
    Delay(Duration),
    /// At most so much more, by chance.
    Jitter(Duration),
    /// Up for so long, then cut for so long, and so on.
    Flap(Duration),
}

impl Rule {
    #[must_use]
    pub fn is_on(&self, now: Duration) -> bool {
        if now < self.from || self.until.is_some_and(|until| now >= until) {
            return false;
        }
        match self.fault {
            Fault::Flap(period) => (now - self.from).as_secs() / period.as_secs().max(1) % 2 == 1,
            _ => true,
        }
    }
}

/// Reads a scenario. What has no time of its own begins at `now`.
///
/// # Errors
/// The first line that can't be read, and why.
pub fn parse(text: &str, city: &City, now: Duration) -> Result<Vec<Rule>, String> {
    let mut rules: Vec<Rule> = Vec::new();
    for (number, line) in text.lines().enumerate().take(LINES_MAX) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            read(line, city, now, &mut rules).map_err(|wrong| format!("line {}: {wrong}", number + 1))?;
        }
    }
    Ok(rules)
}

fn read(line: &str, city: &City, now: Duration, rules: &mut Vec<Rule>) -> Result<(), String> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let mut from = now;
    if words.first() == Some(&"at") {
        let seconds = words.get(1).and_then(|word| word.trim_end_matches('s').parse::<u64>().ok());
        from = Duration::from_secs(seconds.ok_or("after `at` stands a number of seconds")?);
        words.drain(..2);
    }
    let [verb, target, rest @ ..] = words.as_slice() else {
        return Err("write what happens and to whom, such as `cut county-420923`".to_owned());
    };
    if !city.knows(target) {
        return Err(format!("there is no link {target}"));
    }
    let number = || {
        let value = rest.first().and_then(|word| word.parse::<f64>().ok()).filter(|value| *value > 0.0);
        value.ok_or_else(|| format!("{verb} needs a number after the link"))
    };
    let millis = |value: f64| Duration::from_secs_f64(value / 1_000.0);
    let fault = match *verb {
        "restore" => {
            for rule in rules.iter_mut().filter(|rule| rule.target == *target && rule.until.is_none()) {
                rule.until = Some(from);
            }
            return Ok(());
        }
        "cut" => Fault::Cut,
        "silence" => Fault::Silence,
        "refuse" => Fault::Refuse,
        "loss" => Fault::Loss(number()?),
        "delay" => Fault::Delay(millis(number()?)),
        "jitter" => Fault::Jitter(millis(number()?)),
        "flap" => Fault::Flap(Duration::from_secs_f64(number()?)),
        other => return Err(format!("{other} isn't one of cut, silence, refuse, loss, delay, jitter, flap, restore")),
    };
    rules.push(Rule { target: (*target).to_owned(), fault, from, until: None });
    Ok(())
}
