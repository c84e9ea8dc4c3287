//! Lists: what is in them, in which order, and one page of it.
//!
//! The sorted rows of a list are kept with the snapshot, so that paging through it, or asking for
//! the same again, costs a cut and not a sort of 20,000 rows.

use std::fmt::Debug;
use std::sync::{Arc, PoisonError};

use resources::workflow;

use super::applications::allocation_view;
use super::{AllocationRow, ApplicationRow, Reading, RequestRow, Snapshot, course};
use crate::access::Rights;
use crate::identity::Caller;
use crate::page::{Cut, Order, Page, Place, SortKey, cut};
use crate::problem::Failure;
use crate::routes::allocations::{AllocationField, AllocationParams, AllocationView};
use crate::routes::applications::{ApplicationField, ApplicationParams, ApplicationView};
use crate::routes::departments::{DepartmentField, DepartmentParams, DepartmentView};
use crate::routes::requests::{Phase, RequestField, RequestParams, RequestView, WaitingFor};
use crate::view::Tier;

/// Lists that are kept with one snapshot: more than there are different screens.
const LISTS_MAX: usize = 256;

impl Snapshot {
    /// The places of a list's rows in order. `what` says everything that they depend on.
    fn sorted(&self, what: String, rows: impl FnOnce() -> Vec<(Place, usize)>) -> Arc<Vec<(Place, usize)>> {
        let kept = self.lists.lock().unwrap_or_else(PoisonError::into_inner).get(&what).cloned();
        if let Some(kept) = kept {
            return kept;
        }
        let mut rows = rows();
        rows.sort();
        let rows = Arc::new(rows);
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= LISTS_MAX {
            lists.clear();
        }
        lists.insert(what, Arc::clone(&rows));
        rows
    }

    /// One page of a list.
    fn list<F: Debug + Copy, T>(
        &self,
        filters: &str,
        order: Order<F>,
        (limit, cursor): (Option<u16>, Option<&str>),
        rows: impl FnOnce(F) -> Vec<(Place, usize)>,
        view: impl Fn(usize) -> T,
    ) -> Result<Page<T>, Failure> {
        let Order { field, descending } = order;
        let rows = self.sorted(format!("{filters} {field:?}"), || rows(field));
        let binding = format!("{filters} {field:?} {descending}");
        cut(&rows, |(place, _)| place, Cut { limit, cursor, descending, binding: &binding }, |(_, index)| view(*index))
    }
}

/// Lower case, and nothing for an empty search.
fn needle(q: Option<&str>) -> Option<String> {
    q.map(str::trim).filter(|q| !q.is_empty()).map(str::to_lowercase)
}

/// Whether the value is the one that is asked for, if one is.
fn is<T: PartialEq>(wanted: Option<T>, value: impl FnOnce() -> T) -> bool {
    wanted.is_none_or(|wanted| wanted == value())
}

fn text(text: &str) -> SortKey {
    SortKey::Text(text.to_owned())
}

impl Reading {
    pub fn list_departments(
        &self,
        rights: &Rights,
        params: &DepartmentParams,
    ) -> Result<Page<DepartmentView>, Failure> {
        let DepartmentParams { limit, r#continue, sort, q, tier, .. } = params;
        let q = needle(q.as_deref());
        let departments: Vec<_> = self.departments.iter().collect();
        let rows = |field| {
            let keep = |name: &str, department: &resources::v1alpha1::DepartmentSpec| {
                rights.sees(name)
                    && is(*tier, || Tier::from(department.tier))
                    && q.as_ref()
                        .is_none_or(|q| format!("{name} {}", department.display_name).to_lowercase().contains(q))
            };
            let kept = departments.iter().enumerate().filter(|(_, (name, department))| keep(name, &department.spec));
            kept.map(|(index, (name, department))| {
                let key = match field {
                    DepartmentField::Name => text(name),
                    DepartmentField::DisplayName => text(&department.spec.display_name),
                    DepartmentField::Tier => SortKey::Number(Tier::from(department.spec.tier) as u64),
                    DepartmentField::Applications => SortKey::Number(self.applications_of(name)),
                };
                (Place(key, (*name).clone()), index)
            })
            .collect()
        };
        let order = sort.unwrap_or(Order { field: DepartmentField::Name, descending: false });
        let filters = format!("departments {:?} {:?}", scope(rights), (&q, tier));
        self.list(&filters, order, (*limit, r#continue.as_deref()), rows, |index| {
            let (name, department) = departments[index];
            self.department_view(name, department)
        })
    }

    pub fn list_applications(
        &self,
        rights: &Rights,
        params: &ApplicationParams,
    ) -> Result<Page<ApplicationView>, Failure> {
        let ApplicationParams { limit, r#continue, sort, q, department, tier, pool, zone, state, sample, .. } = params;
        let q = needle(q.as_deref());
        let keep = |row: &ApplicationRow| {
            let spec = &row.object.spec;
            rights.sees(&row.department)
                && department.as_ref().is_none_or(|wanted| *wanted == row.department)
                && is(*tier, || spec.tier.into())
                && is(*zone, || spec.zone.into())
                && is(*state, || row.state)
                && is(*sample, || spec.sample)
                && pool.as_ref().is_none_or(|wanted| row.pools.contains(wanted))
                && q.as_ref().is_none_or(|q| row.haystack.contains(q))
        };
        let rows = |field| {
            let kept = self.applications.iter().enumerate().filter(|(_, row)| keep(row));
            kept.map(|(index, row)| (application_place(row, field), index)).collect()
        };
        let order = sort.unwrap_or(Order { field: ApplicationField::Name, descending: false });
        let filters =
            format!("applications {:?} {:?}", scope(rights), (&q, department, tier, pool, zone, state, sample));
        self.list(&filters, order, (*limit, r#continue.as_deref()), rows, |index| {
            self.application_view(&self.applications[index])
        })
    }

    pub fn list_allocations(
        &self,
        rights: &Rights,
        params: &AllocationParams,
    ) -> Result<Page<AllocationView>, Failure> {
        let AllocationParams { limit, r#continue, sort, q, department, application, pool, enforced, .. } = params;
        let q = needle(q.as_deref());
        let keep = |row: &AllocationRow| {
            let spec = &row.object.spec;
            rights.sees(&row.department)
                && department.as_ref().is_none_or(|wanted| *wanted == row.department)
                && application.as_ref().is_none_or(|wanted| *wanted == spec.application)
                && pool.as_ref().is_none_or(|wanted| *wanted == spec.pool)
                && is(*enforced, || row.enforced)
                && q.as_ref().is_none_or(|q| row.name.contains(q))
        };
        let rows = |field| {
            let kept = self.allocations.iter().enumerate().filter(|(_, row)| keep(row));
            kept.map(|(index, row)| (allocation_place(row, field), index)).collect()
        };
        let order = sort.unwrap_or(Order { field: AllocationField::Name, descending: false });
        let filters = format!("allocations {:?} {:?}", scope(rights), (&q, department, application, pool, enforced));
        self.list(&filters, order, (*limit, r#continue.as_deref()), rows, |index| {
            allocation_view(&self.allocations[index])
        })
    }

    pub fn list_requests(&self, caller: &Caller, params: &RequestParams) -> Result<Page<RequestView>, Failure> {
        let RequestParams { limit, r#continue, sort, q, phase, open, department, application, pool, .. } = params;
        let RequestParams { mine, stage, overdue, waiting_for, .. } = params;
        let process = self.process();
        let rights = &caller.rights;
        let q = needle(q.as_deref());
        let keep = |row: &RequestRow| {
            let spec = &row.object.spec;
            rights.sees(&row.department)
                && is(*phase, || row.phase.into())
                && is(*open, || workflow::is_open(row.phase))
                && department.as_ref().is_none_or(|wanted| *wanted == row.department)
                && application.as_ref().is_none_or(|wanted| *wanted == spec.application)
                && pool.as_ref().is_none_or(|wanted| *wanted == spec.pool)
                && is(*mine, || spec.requester == caller.user.name)
                && stage.as_ref().is_none_or(|wanted| course::is_at(row, wanted))
                && is(*overdue, || row.is_overdue())
                && q.as_ref().is_none_or(|q| row.haystack.contains(q))
                // Last, because it is the dearest.
                && waiting_for.is_none_or(|WaitingFor::Me| self.acting(row, caller, &process, self.age.as_of).waits())
        };
        let rows = |field| {
            let kept = self.requests.iter().enumerate().filter(|(_, row)| keep(row));
            kept.map(|(index, row)| (request_place(row, field), index)).collect()
        };
        let order = sort.unwrap_or(Order { field: RequestField::CreatedAt, descending: true });
        let own = mine.is_some().then_some(&caller.user.name);
        let waits = waiting_for.map(|_| (&caller.user.name, rights));
        let wanted = (&q, phase, open, department, application, pool, (mine, own), (stage, overdue), waits);
        let filters = format!("requests {:?} {wanted:?}", scope(rights));
        self.list(&filters, order, (*limit, r#continue.as_deref()), rows, |index| {
            self.request_line(&self.requests[index], caller)
        })
    }
}

/// What a list is cut to: everything, or some departments.
fn scope(rights: &Rights) -> Option<Vec<&String>> {
    (!rights.reads_all).then(|| rights.departments.keys().collect())
}

fn application_place(row: &ApplicationRow, field: ApplicationField) -> Place {
    let key = match field {
        ApplicationField::Name => text(&row.name),
        ApplicationField::DisplayName => text(&row.object.spec.display_name),
        ApplicationField::Department => text(&row.department_name),
        ApplicationField::Tier => SortKey::Number(Tier::from(row.object.spec.tier) as u64),
        ApplicationField::State => SortKey::Number(row.state as u64),
        ApplicationField::Cpu => SortKey::Number(row.granted.cpu.get()),
        ApplicationField::Memory => SortKey::Number(row.granted.memory.get()),
        ApplicationField::Storage => SortKey::Number(row.granted.storage.get()),
    };
    Place(key, format!("{}/{}", row.name, row.department))
}

fn allocation_place(row: &AllocationRow, field: AllocationField) -> Place {
    let granted = row.position.granted;
    let key = match field {
        AllocationField::Name => text(&row.name),
        AllocationField::Department => text(&row.department),
        AllocationField::Pool => text(&row.object.spec.pool),
        AllocationField::Cpu => SortKey::Number(granted.cpu.get()),
        AllocationField::Memory => SortKey::Number(granted.memory.get()),
        AllocationField::Storage => SortKey::Number(granted.storage.get()),
    };
    Place(key, format!("{}/{}", row.name, row.department))
}

fn request_place(row: &RequestRow, field: RequestField) -> Place {
    let spec = &row.object.spec;
    let status = row.object.status.as_ref();
    let asked = spec.resources.parse().unwrap_or_default();
    // What has no number or no due date stands after all that has.
    let last = || "~".to_owned();
    let key = match field {
        RequestField::CreatedAt => SortKey::Number(row.created_at.as_second().max(0).unsigned_abs()),
        RequestField::Number => SortKey::Text(status.and_then(|status| status.number.clone()).unwrap_or_else(last)),
        RequestField::Phase => SortKey::Number(Phase::from(row.phase) as u64),
        RequestField::Department => text(&row.department_name),
        RequestField::Application => text(&row.application_name),
        RequestField::DueAt => {
            let stage = status.and_then(|status| status.stage.as_ref());
            SortKey::Text(stage.and_then(|stage| stage.due_at.clone()).unwrap_or_else(last))
        }
        RequestField::Cpu => SortKey::Number(asked.cpu.get()),
        RequestField::Memory => SortKey::Number(asked.memory.get()),
        RequestField::Storage => SortKey::Number(asked.storage.get()),
    };
    Place(key, format!("{}/{}", row.name, row.department))
}
