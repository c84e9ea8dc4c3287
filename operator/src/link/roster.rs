//! Which place in the prober's table is whose. No client, no clock.
//!
//! A link keeps its place while it is there: samples that are under way name the place and not the
//! link. A place that was left rests until nothing that was sent to it can come back.

use std::collections::{BTreeSet, HashMap};

use extranet::model::{LinkIx, Span, Stamp};

/// Longer than any time-out (10 s) and the batches that may wait (25 s of them).
const RESTS: Span = Span::secs(60);

#[derive(Debug, Default)]
pub struct Roster {
    places: Vec<Place>,
    by_name: HashMap<String, LinkIx>,
}

#[derive(Debug)]
enum Place {
    Taken(String),
    Left(Stamp),
}

impl Roster {
    /// Gives every name a place, and takes it from those that are gone.
    pub fn settle(&mut self, names: &BTreeSet<String>, now: Stamp) {
        for place in &mut self.places {
            if let Place::Taken(name) = place
                && !names.contains(name)
            {
                self.by_name.remove(name);
                *place = Place::Left(now);
            }
        }
        let mut rested = self.places.iter().enumerate().filter_map(|(n, place)| match place {
            Place::Left(at) if now - *at >= RESTS => Some(n),
            _ => None,
        });
        let new: Vec<&String> = names.iter().filter(|name| !self.by_name.contains_key(*name)).collect();
        let free: Vec<usize> = rested.by_ref().take(new.len()).collect();
        let mut free = free.into_iter();
        for name in new {
            let at = match free.next() {
                Some(at) => at,
                None => {
                    self.places.push(Place::Left(now));
                    self.places.len() - 1
                }
            };
            self.places[at] = Place::Taken(name.clone());
            self.by_name.insert(name.clone(), LinkIx(u32::try_from(at).unwrap_or(u32::MAX)));
        }
    }

    /// The name of each place in turn; `None` where nobody is.
    pub fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.places.iter().map(|place| match place {
            Place::Taken(name) => Some(name.as_str()),
            Place::Left(_) => None,
        })
    }

    #[must_use]
    pub fn name(&self, link: LinkIx) -> Option<&str> {
        match self.places.get(link.at())? {
            Place::Taken(name) => Some(name),
            Place::Left(_) => None,
        }
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<LinkIx> {
        self.by_name.get(name).copied()
    }

    /// Links that are there.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_name.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(roster: &mut Roster, names: &[&str], at: i64) {
        roster.settle(&names.iter().map(|name| (*name).to_owned()).collect(), Stamp::from_secs(at));
    }

    #[test]
    fn a_link_keeps_its_place_and_a_left_one_rests() {
        let mut roster = Roster::default();
        settle(&mut roster, &["a", "b", "c"], 0);
        settle(&mut roster, &["a", "c", "d"], 10);
        assert_eq!(roster.names().collect::<Vec<_>>(), [Some("a"), None, Some("c"), Some("d")]);
        settle(&mut roster, &["a", "c", "d", "e"], 69);
        assert_eq!(roster.find("e"), Some(LinkIx(4)), "place 1 still rests");
        settle(&mut roster, &["a", "b", "c", "d", "e"], 70);
        assert_eq!((roster.find("b"), roster.len()), (Some(LinkIx(1)), 5));
        assert_eq!(roster.name(LinkIx(1)), Some("b"));
    }
}
