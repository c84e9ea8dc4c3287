//! What the rows are to each other: names that are there once, references that lead somewhere,
//! grants that fit. And the rules of the kinds themselves, as the API server will apply them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kube::CustomResourceExt;
use kube::core::cel::{CompiledSchema, ValidationErrors, Validator, compile_schema};
use ledger::{AllocationKey, Department, DepartmentTree, Entry, Finding, Ledger, Shares};
use resources::v1alpha1::{
    Allocation, AllocationSpec, Application, ApplicationSpec, Department as DepartmentObject, DepartmentSpec,
    ResourcePool, ResourcePoolSpec,
};
use resources::{names, quantity};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::fault::Fault;
use super::inventory::{APPLICATIONS, ApplicationRow, DEPARTMENTS, DepartmentRow, Inventory, POOLS, PoolRow};
use super::links;
use super::sheet::Row;

/// Adds all that is wrong between the rows. Sums and the kinds' own rules wait until each row is
/// right: they would repeat what is told already.
pub fn all(inventory: &Inventory, faults: &mut Vec<Fault>) {
    names_are_there_once(inventory, faults);
    references_lead_somewhere(inventory, faults);
    no_department_is_above_itself(&inventory.departments, faults);
    if faults.is_empty() {
        grants_fit(inventory, faults);
        kinds_accept(inventory, faults);
        links::check(&inventory.links, faults);
    }
}

fn names_are_there_once(inventory: &Inventory, faults: &mut Vec<Fault>) {
    let Inventory { pools, departments, applications, links } = inventory;
    once(links.iter().map(|link| (link.name.as_str(), &link.row)), faults);
    once(pools.iter().map(|pool| (pool.name.as_str(), &pool.row)), faults);
    once(departments.iter().map(|department| (department.name.as_str(), &department.row)), faults);
    // In the whole city, not only in a department: the name becomes the namespace app-<name>.
    once(applications.iter().map(|application| (application.name.as_str(), &application.row)), faults);
}

fn once<'a>(named: impl Iterator<Item = (&'a str, &'a Row)>, faults: &mut Vec<Fault>) {
    let mut first = HashMap::new();
    for (name, row) in named {
        if let Some(line) = first.insert(name, row.line) {
            faults.push(row.fault("name", format!("{name} is in row {line} already")));
        }
    }
}

fn references_lead_somewhere(inventory: &Inventory, faults: &mut Vec<Fault>) {
    let pools: BTreeSet<&str> = inventory.pools.iter().map(|pool| pool.name.as_str()).collect();
    let departments: BTreeSet<&str> = inventory.departments.iter().map(|department| department.name.as_str()).collect();
    let mut look = |row: &Row, column: &str, name: &str, known: &BTreeSet<&str>, file: &str| {
        // Without a readable file every row would be told of, for one fault.
        if !known.contains(name) && !known.is_empty() {
            faults.push(row.fault(column, format!("{name:?} isn't in {file}")));
        }
    };
    for department in &inventory.departments {
        if !department.parent.is_empty() {
            look(&department.row, "parent", &department.parent, &departments, DEPARTMENTS);
        }
        for pool in department.ceilings.keys() {
            look(&department.row, "ceilings", pool, &pools, POOLS);
        }
    }
    for application in &inventory.applications {
        look(&application.row, "department", &application.department, &departments, DEPARTMENTS);
        look(&application.row, "pool", &application.pool, &pools, POOLS);
    }
}

fn no_department_is_above_itself(departments: &[DepartmentRow], faults: &mut Vec<Fault>) {
    let mut tree = DepartmentTree::default();
    for DepartmentRow { row, name, parent, .. } in departments {
        if !parent.is_empty() && tree.would_break(name, parent) {
            faults.push(row.fault(
                "parent",
                format!("{parent} is below {name}, or the tree gets too deep: a department can't be above itself"),
            ));
            continue;
        }
        let parent = (!parent.is_empty()).then(|| parent.clone());
        tree.insert(name, Department { parent, ..Department::default() });
    }
}

/// Makes the ledgers that the inventory asks for and audits them, as the operator audits its own.
fn grants_fit(inventory: &Inventory, faults: &mut Vec<Fault>) {
    for pool in &inventory.pools {
        for finding in ledger_of(pool, inventory).audit().findings {
            match finding {
                Finding::OverCapacity { resource, limit, out } => {
                    let reason = format!(
                        "the applications of pool {} in {APPLICATIONS} add up to {}, more than its {}",
                        pool.name,
                        quantity::format(resource, out),
                        quantity::format(resource, limit)
                    );
                    faults.push(pool.row.fault(resource.name(), reason));
                }
                Finding::OverCeiling { department, resource, limit, out } => {
                    let row = inventory.departments.iter().find(|row| row.name == department).map(|row| &row.row);
                    let reason = format!(
                        "the applications of {department} and below it add up to {resource} {} in pool {}, more than its ceiling of {}",
                        quantity::format(resource, out),
                        pool.name,
                        quantity::format(resource, limit)
                    );
                    faults.extend(row.map(|row| row.fault("ceilings", reason)));
                }
                other => faults.push(pool.row.fault("name", other.to_string())),
            }
        }
    }
}

fn ledger_of(pool: &PoolRow, inventory: &Inventory) -> Ledger {
    let departments: DepartmentTree = inventory
        .departments
        .iter()
        .map(|DepartmentRow { name, parent, ceilings, .. }| {
            let parent = (!parent.is_empty()).then(|| parent.clone());
            (name.as_str(), Department { parent, ceiling: ceilings.get(&pool.name).copied(), generation: 1 })
        })
        .collect();
    let ours = inventory.applications.iter().filter(|application| application.pool == pool.name);
    let entries: BTreeMap<AllocationKey, Entry> = ours.map(entry).collect();
    Ledger { capacity: pool.capacity, departments, entries, ..Ledger::default() }
}

fn entry(application: &ApplicationRow) -> (AllocationKey, Entry) {
    let ApplicationRow { name, department, amounts, .. } = application;
    let shares = Shares::from([(names::application_namespace(name), *amounts)]);
    let key = AllocationKey::new(names::department_namespace(department), name);
    (key, Entry { uid: Some(name.clone()), shares, ..Entry::default() })
}

/// The rules of the kinds, which the API server would refuse the objects by.
fn kinds_accept(inventory: &Inventory, faults: &mut Vec<Fault>) {
    let Inventory { pools, departments, applications, links: _ } = inventory;
    let rules = Rules::of::<ResourcePool>();
    pools.iter().for_each(|row| rules.check::<ResourcePoolSpec>(&row.row, &row.name, &row.spec, faults));
    let rules = Rules::of::<DepartmentObject>();
    departments.iter().for_each(|row| rules.check::<DepartmentSpec>(&row.row, &row.name, &row.spec, faults));
    let rules = Rules::of::<Application>();
    applications.iter().for_each(|row| rules.check::<ApplicationSpec>(&row.row, &row.name, &row.application, faults));
    let rules = Rules::of::<Allocation>();
    applications.iter().for_each(|row| rules.check::<AllocationSpec>(&row.row, &row.name, &row.allocation, faults));
}

/// The rules of one kind, compiled once for all of its rows: `validate_cel` compiles them for each.
struct Rules {
    compiled: CompiledSchema,
    validator: Validator,
}

impl Rules {
    fn of<K: CustomResourceExt>() -> Self {
        let crd = K::crd();
        let schema = crd.spec.versions.first().and_then(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref());
        let schema = serde_json::to_value(schema).unwrap_or_default();
        Self { compiled: compile_schema(&schema), validator: Validator::new() }
    }

    /// As type `S`, which fills in what a spec may leave out, and then by the rules.
    fn check<S: DeserializeOwned + Serialize>(&self, row: &Row, name: &str, spec: &Value, faults: &mut Vec<Fault>) {
        let spec: S = match serde_json::from_value(spec.clone()) {
            Ok(spec) => spec,
            Err(error) => return faults.push(row.fault("", format!("{name}: {error}"))),
        };
        let object = json!({"metadata": {"name": name}, "spec": spec});
        let broken = self.validator.validate_compiled(&self.compiled, &object, None).err();
        let broken = broken.map(ValidationErrors::into_vec).unwrap_or_default();
        faults.extend(broken.into_iter().map(|rule| row.fault(column_of(&rule.field_path), rule.message)));
    }
}

/// The column that a field of an object comes from: they have the same names, but for a few.
fn column_of(field: &str) -> &str {
    let last = field.rsplit('.').next().unwrap_or(field);
    match field {
        "spec.contract.start" => "contractStart",
        "spec.contract.end" | "spec.contract" => "contractEnd",
        field if field.starts_with("spec.ceilings") => "ceilings",
        "metadata.name" | "" => "name",
        _ if last == "spec" => "",
        _ => last,
    }
}

#[cfg(test)]
mod tests {
    use super::super::inventory::tests::{GOOD_APPLICATIONS, GOOD_DEPARTMENTS, GOOD_FACTS, GOOD_POOLS, parse};
    use super::*;

    fn check(files: [&str; 4]) -> Vec<Fault> {
        let (inventory, mut faults) = parse(files);
        assert_eq!(faults, [], "the rows must be right alone");
        all(&inventory, &mut faults);
        faults
    }

    #[test]
    fn a_good_inventory_has_no_fault() {
        assert_eq!(check([GOOD_POOLS, GOOD_DEPARTMENTS, GOOD_APPLICATIONS, GOOD_FACTS]), []);
    }

    #[test]
    fn what_is_wrong_between_rows_is_told_with_its_place() {
        let cases = [
            (1, "civil-affairs,市民政局", "city,市民政局", DEPARTMENTS, 3, "name", "city is in row 2 already"),
            (1, "420900,city", "420900,county", DEPARTMENTS, 3, "parent", "\"county\" isn't in departments.csv"),
            (
                1,
                "420900,,,联系人,0712-0000000,,,,false",
                "420900,civil-affairs,,联系人,0712-0000000,,,,false",
                DEPARTMENTS,
                3,
                "parent",
                "can't be above itself",
            ),
            (1, "cec:80:160G:20T", "inspur:80:160G:20T", DEPARTMENTS, 3, "ceilings", "\"inspur\" isn't in pools.csv"),
            (
                1,
                "cec:80:160G:20T",
                "cec:80:100G:20T",
                DEPARTMENTS,
                3,
                "ceilings",
                "add up to memory 128G in pool cec, more than its ceiling of 100G",
            ),
            (1, "420900,,,联系人", "420900,,ABC,联系人", DEPARTMENTS, 2, "code", "unified social credit code"),
            (2, "city,portal", "town,portal", APPLICATIONS, 3, "department", "\"town\" isn't in departments.csv"),
            (2, "true,cec,8,", "true,inspur,8,", APPLICATIONS, 3, "pool", "\"inspur\" isn't in pools.csv"),
            (0, "100,200G", "70,200G", POOLS, 2, "cpu", "add up to 72, more than its 70"),
        ];
        for (index, from, to, file, row, column, reason) in cases {
            let good = [GOOD_POOLS, GOOD_DEPARTMENTS, GOOD_APPLICATIONS, GOOD_FACTS];
            let bad = good[index].replacen(from, to, 1);
            assert_ne!(bad, good[index], "{from} isn't there");
            let mut files = good;
            files[index] = &bad;
            let faults = check(files);
            let told = faults.iter().find(|fault| fault.column == column).unwrap_or_else(|| panic!("{to}: {faults:?}"));
            assert_eq!((told.file.as_str(), told.row), (file, row), "{to}: {faults:?}");
            assert!(told.reason.contains(reason), "{to}: {}", told.reason);
        }
    }

    #[test]
    fn a_faulty_cell_hides_nothing_in_other_rows() {
        let pools = GOOD_POOLS.replacen("200G", "200", 1);
        let applications = GOOD_APPLICATIONS.replacen("city,portal", "town,portal", 1);
        let (inventory, mut faults) = parse([&pools, GOOD_DEPARTMENTS, &applications, GOOD_FACTS]);
        all(&inventory, &mut faults);
        let told: Vec<_> = faults.iter().map(|fault| (fault.file.as_str(), fault.column.as_str())).collect();
        assert_eq!(told, [(POOLS, "memory"), (APPLICATIONS, "department")]);
    }

    #[test]
    fn an_application_is_there_once_in_the_whole_city() {
        let twice = format!(
            "{GOOD_APPLICATIONS}city,marriage-registry,另一个,Municipal,Hosted,ExtranetZone,2,false,false,true,true,cec,1,1G,1T,\n"
        );
        let faults = check([GOOD_POOLS, GOOD_DEPARTMENTS, &twice, GOOD_FACTS]);
        assert_eq!(faults, [Fault::new(APPLICATIONS, 4, "name", "marriage-registry is in row 2 already")]);
    }

    #[test]
    fn a_rule_of_a_kind_is_told_by_its_column() {
        let cases = [
            ("spec.contract.end", "contractEnd"),
            ("spec.ceilings[0].memory", "ceilings"),
            ("spec.resources.cpu", "cpu"),
            ("spec.code", "code"),
            ("spec", ""),
        ];
        for (field, column) in cases {
            assert_eq!(column_of(field), column);
        }
    }
}
