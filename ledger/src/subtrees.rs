//! What each department has out, everything below it included, while a pass goes on.

use std::collections::HashMap;

use crate::{Bundle, Department, DepartmentTree, Position};

/// The tree of departments with a running sum for each of its subtrees.
///
/// Each name has a place for the whole pass, and keeps there its way to the top: every change of
/// an entry goes that way twice, to look whether it fits and to add it up.
pub(crate) struct Subtrees {
    departments: DepartmentTree,
    places: HashMap<String, Place>,
    sums: Vec<Sum>,
}

/// Where the sum of a department is. Names that nobody knows yet have one too: they are the
/// parents of known ones, or of entries that came before their department.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(usize);

struct Sum {
    name: String,
    known: bool,
    ceiling: Option<Bundle>,
    out: Position,
    /// Itself, its parent and so on up.
    line: Vec<Place>,
}

impl Subtrees {
    /// The tree with nothing out.
    pub(crate) fn new(departments: DepartmentTree) -> Self {
        let mut subtrees = Self { departments, places: HashMap::new(), sums: Vec::new() };
        subtrees.draw_lines();
        subtrees
    }

    pub(crate) const fn departments(&self) -> &DepartmentTree {
        &self.departments
    }

    pub(crate) fn into_departments(self) -> DepartmentTree {
        self.departments
    }

    /// The place of a department, made if nobody has mentioned it yet.
    pub(crate) fn place(&mut self, name: &str) -> Place {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        let place = Place(self.sums.len());
        let (known, ceiling, out) = (false, None, Position::default());
        self.sums.push(Sum { name: name.to_owned(), known, ceiling, out, line: vec![place] });
        self.places.insert(name.to_owned(), place);
        place
    }

    pub(crate) fn knows(&self, place: Place) -> bool {
        self.sums[place.0].known
    }

    pub(crate) fn out(&self, place: Place) -> Position {
        self.sums[place.0].out
    }

    /// Every ceiling at this place and above it, with what is out below it, from the bottom up.
    pub(crate) fn ceilings_over(&self, place: Place) -> impl Iterator<Item = (&str, Bundle, Position)> {
        let sums = self.sums[place.0].line.iter().map(|above| &self.sums[above.0]);
        sums.filter_map(|sum| Some((sum.name.as_str(), sum.ceiling?, sum.out)))
    }

    /// Puts `is` where the department at this place had `was`.
    pub(crate) fn replace(&mut self, place: Place, was: Position, is: Position) {
        for step in 0..self.sums[place.0].line.len() {
            let above = self.sums[place.0].line[step];
            let out = &mut self.sums[above.0].out;
            *out = out.minus(was).plus(is);
        }
    }

    /// Puts the department in the tree. All is summed anew from `out`, what there is and where: a
    /// department changes rarely, and then for everything below it.
    pub(crate) fn put(
        &mut self,
        name: &str,
        uid: &str,
        department: Department,
        out: impl Iterator<Item = (Place, Position)>,
    ) {
        self.departments.insert_of(name, Some(uid.to_owned()), department);
        self.draw_lines();
        self.sum_up(out);
    }

    pub(crate) fn remove(&mut self, name: &str, out: impl Iterator<Item = (Place, Position)>) {
        self.departments.remove(name);
        self.draw_lines();
        self.sum_up(out);
    }

    fn draw_lines(&mut self) {
        let known = self.departments.iter().map(|(name, _)| name);
        let parents = self.departments.iter().filter_map(|(_, department)| department.parent.as_deref());
        let names: Vec<String> = known.chain(parents).map(str::to_owned).collect();
        for name in names {
            self.place(&name);
        }
        let Self { departments, places, sums } = self;
        for sum in sums {
            let department = departments.get(&sum.name);
            sum.known = department.is_some();
            sum.ceiling = department.and_then(|department| department.ceiling);
            sum.line = departments.path(&sum.name).map(|name| places[name]).collect();
        }
    }

    fn sum_up(&mut self, out: impl Iterator<Item = (Place, Position)>) {
        for sum in &mut self.sums {
            sum.out = Position::default();
        }
        for (place, position) in out {
            self.replace(place, Position::default(), position);
        }
    }
}
