//! What goes wrong with the n-th request of a verb and a path, drawn from a seed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::exchange::{Exchange, Verb};

/// What happens to one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Delayed(Duration),
    /// The connection breaks before anything is sent.
    Dropped,
    /// It is carried out, and the connection breaks before the answer comes.
    AnswerLost,
    /// It is carried out, and a proxy on the way says that it took too long. Clients repeat this.
    TimedOut,
    /// The connection breaks, and it is carried out after this time all the same.
    Late(Duration),
    Conflict,
    TooMany {
        retry_after: Duration,
    },
    ServerError(u16),
}

/// What happens to a watch, this long after it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFault {
    Cut,
    /// Nothing comes for this long: what was read from it is a stale cache meanwhile.
    Frozen(Duration),
    /// The server has forgotten the version: everything is listed again.
    Expired,
}

/// How much goes wrong.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    #[default]
    None,
    /// About one request in twenty, watches now and then.
    Light,
    /// About one request in six, watches all the time.
    Heavy,
    /// Only watches: frozen for up to ten seconds, cut, expired.
    Frozen,
    /// Only slowness, up to three seconds for a write.
    Slow,
}

/// In thousandths of all exchanges.
#[derive(Clone, Copy, Debug, Default)]
struct Rates {
    delayed: u64,
    delay_ms_max: u64,
    dropped: u64,
    answer_lost: u64,
    timed_out: u64,
    late: u64,
    conflict: u64,
    too_many: u64,
    server_error: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct WatchRates {
    /// Longest time of quiet between two faults of one watch; 0 for none.
    every_ms_max: u64,
    frozen_ms_max: u64,
    cut: u64,
    expired: u64,
}

impl Profile {
    const fn writes(self) -> Rates {
        let light = Rates {
            delayed: 60,
            delay_ms_max: 200,
            dropped: 8,
            answer_lost: 8,
            timed_out: 4,
            late: 4,
            conflict: 8,
            too_many: 4,
            server_error: 8,
        };
        match self {
            Self::None | Self::Frozen => NO_RATES,
            Self::Light => light,
            Self::Heavy => Rates {
                delayed: 150,
                delay_ms_max: 1_500,
                dropped: 30,
                answer_lost: 40,
                timed_out: 20,
                late: 20,
                conflict: 30,
                too_many: 10,
                server_error: 30,
            },
            Self::Slow => Rates { delayed: 500, delay_ms_max: 3_000, ..NO_RATES },
        }
    }

    const fn reads(self) -> Rates {
        match self {
            Self::None | Self::Frozen => NO_RATES,
            Self::Light => {
                Rates { delayed: 40, delay_ms_max: 100, dropped: 5, too_many: 3, server_error: 5, ..NO_RATES }
            }
            Self::Heavy => {
                Rates { delayed: 100, delay_ms_max: 800, dropped: 25, too_many: 8, server_error: 25, ..NO_RATES }
            }
            Self::Slow => Rates { delayed: 300, delay_ms_max: 1_000, ..NO_RATES },
        }
    }

    const fn watches(self) -> WatchRates {
        match self {
            Self::None | Self::Slow => WatchRates { every_ms_max: 0, frozen_ms_max: 0, cut: 0, expired: 0 },
            Self::Light => WatchRates { every_ms_max: 30_000, frozen_ms_max: 2_000, cut: 300, expired: 50 },
            Self::Heavy => WatchRates { every_ms_max: 12_000, frozen_ms_max: 5_000, cut: 350, expired: 80 },
            Self::Frozen => WatchRates { every_ms_max: 5_000, frozen_ms_max: 10_000, cut: 100, expired: 100 },
        }
    }
}

const NO_RATES: Rates = Rates {
    delayed: 0,
    delay_ms_max: 0,
    dropped: 0,
    answer_lost: 0,
    timed_out: 0,
    late: 0,
    conflict: 0,
    too_many: 0,
    server_error: 0,
};

/// The longest that a request is late.
const LATE_MS_MAX: u64 = 5_000;

/// Draws, and counts what it has drawn for.
#[derive(Debug)]
pub struct Dice {
    seed: u64,
    profile: Profile,
    drawn: Mutex<HashMap<(Verb, String), u64>>,
}

impl Dice {
    #[must_use]
    pub fn new(seed: u64, profile: Profile) -> Self {
        Self { seed, profile, drawn: Mutex::default() }
    }

    /// The number of this exchange among those of its verb and path, and what happens to it.
    pub fn draw(&self, exchange: &Exchange) -> (u64, Option<Fault>) {
        let number = self.number(exchange);
        let mut random = Random::of(self.seed, exchange, number);
        let rates = if exchange.verb.writes() { self.profile.writes() } else { self.profile.reads() };
        (number, fault(&mut random, rates, exchange.verb))
    }

    /// The faults of a watch one after another, each after some time of quiet. `None`: it is left
    /// alone.
    pub fn draw_for_watch(&self, exchange: &Exchange) -> Option<impl FnMut() -> (Duration, WatchFault) + Send + use<>> {
        let rates = self.profile.watches();
        let mut random = Random::of(self.seed, exchange, self.number(exchange));
        (rates.every_ms_max > 0).then_some(move || {
            let quiet = Duration::from_millis(500 + random.below(rates.every_ms_max));
            let fault = match random.below(1_000) {
                drawn if drawn < rates.cut => WatchFault::Cut,
                drawn if drawn < rates.cut + rates.expired => WatchFault::Expired,
                _ => WatchFault::Frozen(Duration::from_millis(200 + random.below(rates.frozen_ms_max))),
            };
            (quiet, fault)
        })
    }

    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    fn number(&self, exchange: &Exchange) -> u64 {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let number = drawn.entry((exchange.verb, exchange.path.clone())).or_default();
        *number += 1;
        *number
    }
}

fn fault(random: &mut Random, rates: Rates, verb: Verb) -> Option<Fault> {
    let Rates { delayed, delay_ms_max, dropped, answer_lost, timed_out, late, conflict, too_many, server_error } =
        rates;
    let drawn = random.below(1_000);
    let kinds = [delayed, dropped, answer_lost, timed_out, late, conflict, too_many, server_error];
    let mut upper = 0;
    let hit = kinds.into_iter().position(|rate| {
        upper += rate;
        drawn < upper
    })?;
    Some(match hit {
        0 => Fault::Delayed(Duration::from_millis(random.below(delay_ms_max))),
        1 => Fault::Dropped,
        2 => Fault::AnswerLost,
        3 => Fault::TimedOut,
        4 => Fault::Late(Duration::from_millis(random.below(LATE_MS_MAX))),
        5 if verb == Verb::Create => Fault::ServerError(503),
        5 => Fault::Conflict,
        6 => Fault::TooMany { retry_after: Duration::from_secs(1) },
        _ => Fault::ServerError(if random.below(2) == 0 { 500 } else { 503 }),
    })
}

/// SplitMix64: the same numbers from the same seed in every version of everything.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn of(seed: u64, exchange: &Exchange, number: u64) -> Self {
        // FNV-1a over what names the exchange.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bytes = exchange.verb.name().bytes().chain(exchange.path.bytes()).chain(number.to_le_bytes());
        for byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(hash)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below the bound; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias of the remainder is below 2⁻⁴⁰ for the bounds in use.
        if bound == 0 { 0 } else { self.draw() % bound }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(verb: Verb, path: &str) -> Exchange {
        Exchange {
            verb,
            resource: "resourcequotas".to_owned(),
            subresource: String::new(),
            namespace: String::new(),
            name: String::new(),
            path: path.to_owned(),
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_whatever_goes_on_beside() {
        let alone = Dice::new(7, Profile::Heavy);
        let beside = Dice::new(7, Profile::Heavy);
        let other = Dice::new(8, Profile::Heavy);
        let mut differs = false;
        for _ in 0..200 {
            let drawn = alone.draw(&exchange(Verb::Patch, "/a"));
            beside.draw(&exchange(Verb::Patch, "/b"));
            beside.draw(&exchange(Verb::Get, "/a"));
            assert_eq!(drawn, beside.draw(&exchange(Verb::Patch, "/a")));
            differs |= drawn != other.draw(&exchange(Verb::Patch, "/a"));
        }
        assert!(differs);
    }

    #[test]
    fn as_much_goes_wrong_as_the_profile_says() {
        let dice = Dice::new(1, Profile::Heavy);
        let mut seen: HashMap<std::mem::Discriminant<Fault>, u32> = HashMap::new();
        for _ in 0..20_000 {
            if let (_, Some(fault)) = dice.draw(&exchange(Verb::Update, "/a")) {
                *seen.entry(std::mem::discriminant(&fault)).or_default() += 1;
            }
        }
        let count = |fault: Fault| seen.get(&std::mem::discriminant(&fault)).copied().unwrap_or_default();
        // 40 and 150 thousandths of 20,000, give or take a fifth.
        assert!((640..960).contains(&count(Fault::AnswerLost)), "{seen:?}");
        assert!((2_400..3_600).contains(&count(Fault::Delayed(Duration::ZERO))), "{seen:?}");
        assert_eq!(seen.len(), 8, "each kind of fault: {seen:?}");
        assert_eq!(Dice::new(1, Profile::None).draw(&exchange(Verb::Update, "/a")), (1, None));
    }

    #[test]
    fn a_read_has_no_answer_that_could_be_lost_after_a_commit() {
        let dice = Dice::new(3, Profile::Heavy);
        for _ in 0..5_000 {
            let (_, fault) = dice.draw(&exchange(Verb::Get, "/a"));
            assert!(!matches!(fault, Some(Fault::AnswerLost | Fault::Late(_) | Fault::Conflict)), "{fault:?}");
        }
    }
}
