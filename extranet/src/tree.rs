//! Which link hangs on which.

use std::collections::HashMap;

use crate::class::Class;
use crate::model::{Level, LinkIx, Stamp};

/// The reserved name of the virtual root above all first-level links. It has no object and is never probed.
pub const CITY_CORE: &str = "city-core";
/// Links above one another, at most.
const DEPTH_MAX: usize = 6;

/// What is known of a link before anything is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSpec {
    pub name: String,
    pub level: Level,
    pub class: Class,
    /// Names of parents, at most two. Empty means `city-core`.
    pub uplinks: Vec<String>,
    /// It is declared never to answer: its state is inferred from those below.
    pub silent: bool,
    /// Accounting begins at the later of this and the first answer.
    pub in_service_since: Stamp,
    /// Not probed for now, by somebody's order: its time is unknown.
    pub paused: bool,
}

impl LinkSpec {
    /// A link of a level with the city's settings, in service from the beginning.
    #[must_use]
    pub fn new(name: impl Into<String>, level: Level, uplinks: &[&str]) -> Self {
        Self {
            name: name.into(),
            level,
            class: Class::of(level),
            uplinks: uplinks.iter().map(|&uplink| uplink.to_owned()).collect(),
            silent: false,
            in_service_since: Stamp::NEVER,
            paused: false,
        }
    }
}

/// Why a link can't hang where it says. It is handled as first-level until that is mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeFault {
    /// A parent of that name isn't there.
    UplinkMissing(String),
    /// It is its own ancestor, has more than two parents, or lies deeper than six levels.
    TopologyInvalid,
}

/// All links and how they hang together. The index after the last link is `city-core`.
#[derive(Clone, Debug)]
pub struct Tree {
    links: Vec<LinkSpec>,
    parents: Vec<Vec<LinkIx>>,
    children: Vec<Vec<LinkIx>>,
    /// Parents before children.
    order: Vec<LinkIx>,
    faults: Vec<(LinkIx, TreeFault)>,
    by_name: HashMap<String, LinkIx>,
}

impl Tree {
    /// Never fails: what is wrong is listed in [`Self::faults`] and handled as first-level.
    #[must_use]
    pub fn new(links: Vec<LinkSpec>) -> Self {
        let index = |n: usize| LinkIx(u32::try_from(n).unwrap_or(u32::MAX));
        let by_name: HashMap<String, LinkIx> =
            links.iter().enumerate().map(|(n, link)| (link.name.clone(), index(n))).collect();
        let core = index(links.len());
        let mut faults = Vec::new();
        let mut parents: Vec<Vec<LinkIx>> = Vec::with_capacity(links.len() + 1);
        for (n, link) in links.iter().enumerate() {
            match resolve(link, &by_name, core) {
                Ok(found) => parents.push(found),
                Err(fault) => {
                    faults.push((index(n), fault));
                    parents.push(vec![core]);
                }
            }
        }
        parents.push(Vec::new());
        for n in misplaced(&parents) {
            faults.push((index(n), TreeFault::TopologyInvalid));
            parents[n] = vec![core];
        }
        let mut children = vec![Vec::new(); parents.len()];
        for (n, above) in parents.iter().enumerate() {
            above.iter().for_each(|parent| children[parent.at()].push(index(n)));
        }
        let order = ordered(&parents, &children, core);
        Self { links, parents, children, order, faults, by_name }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.links.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// The virtual root.
    #[must_use]
    pub fn core(&self) -> LinkIx {
        LinkIx(u32::try_from(self.links.len()).unwrap_or(u32::MAX))
    }

    /// `None` for `city-core` and what isn't there.
    #[must_use]
    pub fn link(&self, link: LinkIx) -> Option<&LinkSpec> {
        self.links.get(link.at())
    }

    #[must_use]
    pub fn name(&self, link: LinkIx) -> &str {
        self.link(link).map_or(CITY_CORE, |spec| spec.name.as_str())
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<LinkIx> {
        if name == CITY_CORE { Some(self.core()) } else { self.by_name.get(name).copied() }
    }

    #[must_use]
    pub fn parents(&self, link: LinkIx) -> &[LinkIx] {
        self.parents.get(link.at()).map_or(&[], Vec::as_slice)
    }

    #[must_use]
    pub fn children(&self, link: LinkIx) -> &[LinkIx] {
        self.children.get(link.at()).map_or(&[], Vec::as_slice)
    }

    /// All links and `city-core`, parents before children.
    #[must_use]
    pub fn order(&self) -> &[LinkIx] {
        &self.order
    }

    /// Everything below a link, without itself, each once.
    #[must_use]
    pub fn below(&self, link: LinkIx) -> Vec<LinkIx> {
        let mut found = Vec::new();
        let mut seen = vec![false; self.parents.len()];
        let mut next = self.children(link).to_vec();
        while let Some(one) = next.pop() {
            if !std::mem::replace(&mut seen[one.at()], true) {
                found.push(one);
                next.extend_from_slice(self.children(one));
            }
        }
        found.sort_unstable();
        found
    }

    /// All ancestors that are links, each once.
    #[must_use]
    pub fn above(&self, link: LinkIx) -> Vec<LinkIx> {
        let mut found: Vec<LinkIx> = Vec::new();
        let mut next = self.parents(link).to_vec();
        while let Some(one) = next.pop() {
            if one != self.core() && !found.contains(&one) {
                found.push(one);
                next.extend_from_slice(self.parents(one));
            }
        }
        found
    }

    #[must_use]
    pub fn faults(&self) -> &[(LinkIx, TreeFault)] {
        &self.faults
    }
}

fn resolve(link: &LinkSpec, by_name: &HashMap<String, LinkIx>, core: LinkIx) -> Result<Vec<LinkIx>, TreeFault> {
    let mut found: Vec<LinkIx> = Vec::new();
    for uplink in &link.uplinks {
        let parent = if uplink == CITY_CORE { Some(core) } else { by_name.get(uplink).copied() };
        let parent = parent.ok_or_else(|| TreeFault::UplinkMissing(uplink.clone()))?;
        if !found.contains(&parent) {
            found.push(parent);
        }
    }
    match found.len() {
        0 => Ok(vec![core]),
        1 | 2 => Ok(found),
        _ => Err(TreeFault::TopologyInvalid),
    }
}

/// Links that are their own ancestors, or lie too deep: those whose longest way up has more steps
/// than there may be.
fn misplaced(parents: &[Vec<LinkIx>]) -> Vec<usize> {
    // Longest way up, by relaxation: after DEPTH_MAX + 1 rounds only circles and what hangs on them,
    // or what is too deep, still grow.
    let mut depth = vec![0_usize; parents.len()];
    for _ in 0..=DEPTH_MAX + 1 {
        for (n, above) in parents.iter().enumerate() {
            depth[n] = above.iter().map(|parent| depth[parent.at()] + 1).max().unwrap_or(0).min(DEPTH_MAX + 2);
        }
    }
    (0..parents.len()).filter(|n| depth[*n] > DEPTH_MAX).collect()
}

fn ordered(parents: &[Vec<LinkIx>], children: &[Vec<LinkIx>], core: LinkIx) -> Vec<LinkIx> {
    let mut waiting: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut order = vec![core];
    let mut at = 0;
    while let Some(one) = order.get(at).copied() {
        at += 1;
        for child in &children[one.at()] {
            waiting[child.at()] -= 1;
            if waiting[child.at()] == 0 {
                order.push(*child);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(links: &[(&str, &[&str])]) -> Tree {
        Tree::new(links.iter().map(|(name, uplinks)| LinkSpec::new(*name, Level::Township, uplinks)).collect())
    }

    #[test]
    fn parents_come_before_children() {
        let tree = tree(&[("v", &["t", "u"]), ("t", &["c"]), ("u", &["c"]), ("c", &[])]);
        let place = |name: &str| tree.order().iter().position(|one| tree.name(*one) == name).unwrap();
        assert!(place("c") < place("t") && place("t") < place("v") && place("u") < place("v"));
        assert_eq!(tree.order().len(), 5);
        assert_eq!(tree.below(LinkIx(3)), [LinkIx(0), LinkIx(1), LinkIx(2)]);
        assert_eq!(tree.above(LinkIx(0)).len(), 3);
        assert!(tree.faults().is_empty());
    }

    #[test]
    fn what_cant_hang_where_it_says_is_first_level() {
        let tree = tree(&[
            ("a", &["b"]),
            ("b", &["a"]),
            ("s", &["s"]),
            ("m", &["gone"]),
            ("x", &["p", "q", "r"]),
            ("p", &[]),
            ("q", &[]),
            ("r", &[]),
        ]);
        let mut faulty: Vec<&str> = tree.faults().iter().map(|(link, _)| tree.name(*link)).collect();
        faulty.sort_unstable();
        assert_eq!(faulty, ["a", "b", "m", "s", "x"]);
        for name in faulty {
            assert_eq!(tree.parents(tree.find(name).unwrap()), [tree.core()], "{name}");
        }
        assert_eq!(tree.order().len(), tree.len() + 1);
    }

    #[test]
    fn six_levels_and_no_more() {
        let names: Vec<String> = (0..8).map(|n| format!("l{n}")).collect();
        let specs = (0..8).map(|n| match n {
            0 => LinkSpec::new("l0", Level::County, &[]),
            n => LinkSpec::new(names[n].as_str(), Level::Village, &[names[n - 1].as_str()]),
        });
        let tree = Tree::new(specs.collect());
        assert_eq!(tree.faults().len(), 2, "{:?}", tree.faults());
    }
}
