//! A city's extranet that isn't there: who answers whom, after how long, at what time. Pure: time and
//! chance are parameters.

pub mod scenario;
pub mod wire;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use scenario::{Fault, Rule};

/// The city's core and the anchors beside it: these numbers after the first always answer.
const CORE: u8 = 64;
/// Routers from the core to the end of a level, and how long each line takes.
const HOP: Duration = Duration::from_micros(1_500);

/// All places, and how they hang together.
#[derive(Debug, Default)]
pub struct City {
    places: Vec<Place>,
    by_name: HashMap<String, usize>,
    by_address: HashMap<Ipv4Addr, usize>,
}

#[derive(Debug)]
struct Place {
    name: String,
    uplinks: Vec<String>,
    address: Ipv4Addr,
}

/// What becomes of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Silence,
    Echo {
        after: Duration,
        hops: u8,
    },
    /// The last place that is still reached says that it can't deliver.
    Unreachable {
        after: Duration,
        from: Ipv4Addr,
    },
}

impl City {
    /// Reads an inventory's `links.csv`. `first` is the first number of the addresses.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(text: &str, first: u8) -> Result<Self, String> {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().trim_start_matches('\u{feff}').split(',').collect();
        let column =
            |name: &str| header.iter().position(|one| *one == name).ok_or_else(|| format!("there is no column {name}"));
        let (name, uplinks, address) = (column("name")?, column("uplinks")?, column("address")?);
        let mut city = Self::default();
        for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
            let cells: Vec<&str> = line.split(',').collect();
            let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
            let address: Ipv4Addr =
                cell(address).parse().map_err(|_| format!("row {}: {} isn't an address", number + 2, cell(address)))?;
            let [_, a, b, c] = address.octets();
            city.add(cell(name), cell(uplinks).split(';').filter(|one| !one.is_empty()), Ipv4Addr::new(first, a, b, c));
        }
        Ok(city)
    }

    pub fn add<'a>(&mut self, name: &str, uplinks: impl Iterator<Item = &'a str>, address: Ipv4Addr) {
        let at = self.places.len();
        let uplinks = uplinks.filter(|uplink| *uplink != "city-core").map(str::to_owned).collect();
        self.places.push(Place { name: name.to_owned(), uplinks, address });
        self.by_name.insert(name.to_owned(), at);
        self.by_address.insert(address, at);
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    #[must_use]
    pub fn address(&self, name: &str) -> Option<Ipv4Addr> {
        self.by_name.get(name).map(|at| self.places[*at].address)
    }

    /// What becomes of a probe to `address` at `now`, by the rules that are in force. `dice` decides what is left to chance.
    #[must_use]
    pub fn answer(&self, address: Ipv4Addr, rules: &[Rule], now: Duration, dice: u64) -> Answer {
        let [_, zone, zero, _] = address.octets();
        let Some(at) = self.by_address.get(&address) else {
            let is_core = zone == CORE && zero == 0;
            return if is_core { Answer::Echo { after: HOP / 5, hops: 1 } } else { Answer::Silence };
        };
        let mut best = Answer::Silence;
        for way in self.ways(*at) {
            match self.along(&way, rules, now, dice) {
                echo @ Answer::Echo { .. } => return echo,
                told @ Answer::Unreachable { .. } => best = told,
                Answer::Silence => {}
            }
        }
        best
    }

    /// From the core to the place, by each of its ways; the first uplink first.
    fn ways(&self, at: usize) -> Vec<Vec<usize>> {
        let place = &self.places[at];
        let above: Vec<usize> = place.uplinks.iter().filter_map(|uplink| self.by_name.get(uplink).copied()).collect();
        if above.is_empty() {
            return vec![vec![at]];
        }
        let mut ways: Vec<Vec<usize>> = above.into_iter().flat_map(|above| self.ways(above)).collect();
        ways.iter_mut().for_each(|way| way.push(at));
        ways
    }

    fn along(&self, way: &[usize], rules: &[Rule], now: Duration, dice: u64) -> Answer {
        let mut chance = Chance(dice);
        let mut after = HOP / 5;
        let mut last = None;
        for (depth, at) in way.iter().enumerate() {
            let place = &self.places[*at];
            after += HOP;
            for rule in rules.iter().filter(|rule| rule.target == place.name && rule.is_on(now)) {
                match rule.fault {
                    Fault::Cut | Fault::Flap(_) => return Answer::Silence,
                    Fault::Refuse => {
                        return match last {
                            Some(from) => Answer::Unreachable { after, from },
                            None => Answer::Silence,
                        };
                    }
                    Fault::Silence if depth + 1 == way.len() => return Answer::Silence,
                    Fault::Silence => {}
                    Fault::Loss(percent) => {
                        if chance.up_to(100.0) < percent {
                            return Answer::Silence;
                        }
                    }
                    Fault::Delay(more) => after += more,
                    Fault::Jitter(most) => after += most.mul_f64(chance.up_to(1.0)),
                }
            }
            last = Some(place.address);
        }
        Answer::Echo { after, hops: u8::try_from(way.len()).unwrap_or(u8::MAX) }
    }
}

/// Numbers that look like chance and follow from a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn up_to(&mut self, most: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64 * most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name,uplinks,address\ncounty-1,city-core,127.65.0.254\ncounty-2,city-core,127.66.0.254\n\
        town-1,county-1,127.65.1.254\ntown-2,county-1;county-2,127.65.2.254\nvillage-1,town-1,127.65.1.1\n";

    fn ask(rules: &str, place: &str, at: u64) -> Answer {
        let city = City::read(TEXT, 100).unwrap();
        let rules = scenario::parse(rules, &city, Duration::ZERO).unwrap();
        city.answer(city.address(place).unwrap(), &rules, Duration::from_secs(at), 7)
    }

    fn answers(rules: &str, place: &str, at: u64) -> bool {
        matches!(ask(rules, place, at), Answer::Echo { .. })
    }

    #[test]
    fn a_cut_silences_all_below_and_a_silent_router_itself_alone() {
        assert!(["county-1", "town-1", "village-1"].iter().all(|place| answers("", place, 0)));
        assert!(["county-1", "town-1", "village-1"].iter().all(|place| !answers("cut county-1", place, 0)));
        assert!(answers("cut county-1", "town-2", 0), "it has another way");
        assert!(!answers("cut county-1\ncut county-2", "town-2", 0));
        assert!(!answers("silence town-1", "town-1", 0) && answers("silence town-1", "village-1", 0));
        let county = Ipv4Addr::new(100, 65, 0, 254);
        assert!(matches!(ask("refuse town-1", "village-1", 0), Answer::Unreachable { from, .. } if from == county));
    }

    #[test]
    fn faults_keep_to_the_time_line() {
        let rules = "at 10 cut county-1\nat 20 restore county-1\nflap county-2 60";
        assert_eq!([9, 10, 19, 20].map(|at| answers(rules, "village-1", at)), [true, false, false, true]);
        assert_eq!([0, 59, 60, 119, 120].map(|at| answers(rules, "county-2", at)), [true, true, false, false, true]);
    }

    #[test]
    fn delay_adds_up_along_the_way_and_loss_is_as_often_as_it_says() {
        let Answer::Echo { after, hops } = ask("delay county-1 20\ndelay town-1 5", "village-1", 0) else { panic!() };
        assert_eq!((after, hops), (HOP / 5 + HOP * 3 + Duration::from_millis(25), 3));
        let city = City::read(TEXT, 127).unwrap();
        let rules = scenario::parse("loss county-1 10", &city, Duration::ZERO).unwrap();
        let address = city.address("village-1").unwrap();
        let lost = (0..10_000).filter(|dice| city.answer(address, &rules, HOP, *dice * 977) == Answer::Silence).count();
        assert!((900..1_100).contains(&lost), "{lost} of 10,000");
    }

    #[test]
    fn the_core_always_answers_and_nobody_else() {
        let city = City::read(TEXT, 127).unwrap();
        let ask = |address: &str| city.answer(address.parse().unwrap(), &[], HOP, 0);
        assert!(matches!(ask("127.64.0.1"), Answer::Echo { .. }));
        assert_eq!(ask("127.65.9.9"), Answer::Silence);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_line() {
        let city = City::read(TEXT, 127).unwrap();
        for wrong in [
            "break county-1",
            "cut county-9",
            "loss county-1",
            "loss county-1 x",
            "at soon cut county-1",
            "flap county-1 0",
        ] {
            let told = scenario::parse(&format!("# fine\n{wrong}"), &city, Duration::ZERO).unwrap_err();
            assert!(told.starts_with("line 2"), "{wrong}: {told}");
        }
    }
}
