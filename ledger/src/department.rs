//! The tree of departments and their ceilings in one pool.

use std::collections::BTreeMap;

use crate::Bundle;

/// A department as this pool's ledger knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Department {
    pub parent: Option<String>,
    /// Bounds what the department and everything below it may have out; absent = bounded by the
    /// pool alone.
    pub ceiling: Option<Bundle>,
    /// Generation of the department's object; an older one changes nothing.
    pub generation: i64,
}

/// All departments by name. A tree: no cycles get in, and walks are bounded all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepartmentTree {
    departments: BTreeMap<String, Record>,
}

/// What an object said, and which object it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Record {
    department: Department,
    /// `None` where nobody wrote it down.
    uid: Option<String>,
}

/// How deep the tree may be. City, county, unit, office is four; a walk that gets this far is in
/// a cycle that came from outside.
const DEPTH_MAX: usize = 16;

impl DepartmentTree {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Department> {
        self.departments.get(name).map(|record| &record.department)
    }

    /// Identity of the department's object, if it was written down.
    #[must_use]
    pub fn uid(&self, name: &str) -> Option<&str> {
        self.departments.get(name)?.uid.as_deref()
    }

    /// Whether the department's object at this generation has been taken in. Generations count
    /// within one object: a department of the same name that was made anew begins again at one. An
    /// identity that nobody wrote down may be this one.
    #[must_use]
    pub fn knows(&self, name: &str, uid: &str, generation: i64) -> bool {
        let is_newer = |known: &Department| generation > known.generation;
        self.uid(name).is_none_or(|known| known == uid) && self.get(name).is_some_and(|known| !is_newer(known))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Department)> {
        self.departments.iter().map(|(name, record)| (name.as_str(), &record.department))
    }

    /// A department that nobody knows the object of.
    pub fn insert(&mut self, name: impl Into<String>, department: Department) {
        self.insert_of(name, None, department);
    }

    /// A department as the object with this identity says it.
    pub fn insert_of(&mut self, name: impl Into<String>, uid: Option<String>, department: Department) {
        self.departments.insert(name.into(), Record { department, uid });
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.departments.remove(name);
    }

    /// The department itself, then its parent and so on up.
    pub fn path<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::successors(Some(name), |at| self.get(at)?.parent.as_deref()).take(DEPTH_MAX)
    }

    #[must_use]
    pub fn is_within(&self, name: &str, ancestor: &str) -> bool {
        self.path(name).any(|at| at == ancestor)
    }

    /// Whether `name` under `parent` would close a circle or make the tree too deep.
    #[must_use]
    pub fn would_break(&self, name: &str, parent: &str) -> bool {
        let above = self.path(parent).take_while(|&at| at != name).count();
        let reaches_itself = self.path(parent).any(|at| at == name);
        reaches_itself || above + self.height(name) > DEPTH_MAX
    }

    /// Levels from the department down to its deepest descendant, itself included.
    fn height(&self, name: &str) -> usize {
        self.departments
            .keys()
            .filter_map(|below| self.path(below).position(|at| at == name))
            .max()
            .map_or(1, |steps| steps + 1)
    }

    #[must_use]
    pub fn has_children(&self, name: &str) -> bool {
        self.departments.values().any(|record| record.department.parent.as_deref() == Some(name))
    }
}

impl<N: Into<String>> FromIterator<(N, Department)> for DepartmentTree {
    fn from_iter<I: IntoIterator<Item = (N, Department)>>(departments: I) -> Self {
        let mut tree = Self::default();
        for (name, department) in departments {
            tree.insert(name, department);
        }
        tree
    }
}
