//! What each department has out, everything below it included, while a pass goes on.

use std::collections::{HashMap, HashSet};

use crate::{Bundle, Department, DepartmentTree, Position};

/// The tree of departments with a running sum for each of its subtrees.
///
/// A department's way to the top is looked up once and kept as places in a list, because every
/// change of an entry goes along it twice: to look whether it fits, and to add it up.
pub(crate) struct Subtrees {
    departments: DepartmentTree,
    sums: Vec<Sum>,
    /// For each department that is known, named as a parent or has an entry: the places in `sums` of itself, its
    /// parent and so on up.
    lines: HashMap<String, Vec<usize>>,
}

struct Sum {
    name: String,
    known: bool,
    ceiling: Option<Bundle>,
    out: Position,
}

impl Subtrees {
    /// The sums of what is `out`: amounts and the department that has them.
    pub(crate) fn new<'e>(departments: DepartmentTree, out: impl Iterator<Item = (&'e str, Position)>) -> Self {
        let mut subtrees = Self { departments, sums: Vec::new(), lines: HashMap::new() };
        subtrees.sum_up(out);
        subtrees
    }

    pub(crate) const fn departments(&self) -> &DepartmentTree {
        &self.departments
    }

    pub(crate) fn into_departments(self) -> DepartmentTree {
        self.departments
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.line(name).first().is_some_and(|&place| self.sums[place].known)
    }

    pub(crate) fn out(&self, name: &str) -> Position {
        self.line(name).first().map_or(Position::default(), |&place| self.sums[place].out)
    }

    /// Every ceiling at `name` and above it, with what is out below it, from the bottom up.
    pub(crate) fn ceilings_over(&self, name: &str) -> impl Iterator<Item = (&str, Bundle, Position)> {
        let sums = self.line(name).iter().map(|&place| &self.sums[place]);
        sums.filter_map(|sum| Some((sum.name.as_str(), sum.ceiling?, sum.out)))
    }

    /// Puts `is` where the department had `was`. A department that nobody has mentioned yet has no
    /// line; nothing is granted to such a one, so there is nothing to add up.
    pub(crate) fn replace(&mut self, name: &str, was: Position, is: Position) {
        let Self { departments: _, sums, lines } = self;
        for &place in lines.get(name).into_iter().flatten() {
            sums[place].out = sums[place].out.minus(was).plus(is);
        }
    }

    /// Puts the department in its place. All is summed anew: a place in the tree changes rarely,
    /// and then for everything below it.
    pub(crate) fn put<'e>(&mut self, name: &str, department: Department, out: impl Iterator<Item = (&'e str, Position)>) {
        self.departments.insert(name, department);
        self.sum_up(out);
    }

    pub(crate) fn remove<'e>(&mut self, name: &str, out: impl Iterator<Item = (&'e str, Position)>) {
        self.departments.remove(name);
        self.sum_up(out);
    }

    fn line(&self, name: &str) -> &[usize] {
        self.lines.get(name).map_or(&[], Vec::as_slice)
    }

    fn sum_up<'e>(&mut self, out: impl Iterator<Item = (&'e str, Position)>) {
        let (tree, out) = (&self.departments, out.collect::<Vec<_>>());
        let known = tree.iter().map(|(name, _)| name);
        let parents = tree.iter().filter_map(|(_, department)| department.parent.as_deref());
        let names: HashSet<&str> = known.chain(parents).chain(out.iter().map(|&(name, _)| name)).collect();
        let places: HashMap<&str, usize> = names.iter().enumerate().map(|(place, &name)| (name, place)).collect();
        self.sums = names.iter().map(|name| Sum::nothing_yet(name, tree.get(name))).collect();
        self.lines = names
            .iter()
            .map(|&name| (name.to_owned(), tree.path(name).map(|above| places[above]).collect()))
            .collect();
        for (name, position) in out {
            self.replace(name, Position::default(), position);
        }
    }
}

impl Sum {
    fn nothing_yet(name: &str, department: Option<&Department>) -> Self {
        Self {
            name: name.to_owned(),
            known: department.is_some(),
            ceiling: department.and_then(|department| department.ceiling),
            out: Position::default(),
        }
    }
}
