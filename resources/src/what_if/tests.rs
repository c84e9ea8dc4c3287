use ledger::{Amount, Bundle, Department, Entry};

use super::*;
use crate::amounts::Resources;
use crate::v1alpha1::Allocation;

const G: u64 = 1_000_000_000;
const T: u64 = 1_000 * G;

fn amounts(cpu: &str, memory: &str, storage: &str) -> Resources {
    Resources { cpu: cpu.into(), memory: memory.into(), storage: storage.into() }
}

fn allocation(name: &str, resources: Resources) -> Allocation {
    let spec = AllocationSpec {
        application: name.into(),
        pool: "cec".into(),
        resources,
        namespaces: vec![],
        lease: None,
        decision: Some("qd-1".into()),
    };
    Allocation::new(name, spec)
}

fn written(cpu: &str, memory: &str, storage: &str) -> Written {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Written { cpu: text(cpu), memory: text(memory), storage: text(storage) }
}

fn change(application: &str, resources: Written) -> Change {
    Change {
        pool: "cec".into(),
        department: Some("civil".into()),
        application: (!application.is_empty()).then(|| application.to_owned()),
        mode: Mode::Set,
        count: 1,
        resources,
    }
}

/// The city's whole contract as one pool, in which `app` has the amounts.
fn ledger(cpu: u64, memory: u64, storage: u64) -> Ledger {
    let mut ledger =
        Ledger { revision: 41, capacity: Bundle::new(23_751_000, 31_353 * G, 2_143 * T), ..Ledger::default() };
    ledger.departments.insert("civil", Department { generation: 1, ..Department::default() });
    let entry = Entry {
        uid: Some("uid-app".into()),
        generation: 3,
        shares: [("app-app".to_owned(), Bundle::new(cpu * 1_000, memory * G, storage * T))].into(),
        ..Entry::default()
    };
    ledger.entries.insert(AllocationKey::new("dept-civil", "app"), entry);
    ledger
}

fn verdicts(ledger: &Ledger, changes: &[Change]) -> Vec<Verdict> {
    let app = allocation("app", ledger.entries.values().map(Entry::granted).sum::<Bundle>().into());
    let planned = lines(changes, |_, name| if name == "app" { vec![&app] } else { vec![] }).unwrap();
    let lines: Vec<Line> = planned.into_iter().map(|planned| planned.line).collect();
    evaluate(ledger, None, &lines).unwrap().verdicts
}

/// Memory is full, and the what-if of 8C16G names the 16 G that are missing.
#[test]
fn acceptance_2_the_missing_memory_of_a_full_contract_is_named() {
    let ledger = ledger(15_676, 31_353, 1_000);
    let new = Change { department: None, ..change("", size("8C16G").unwrap()) };
    let got = verdicts(&ledger, &[new]);
    let [Verdict::Refused(reasons)] = &got[..] else { panic!("{got:?}") };
    let [Reason::InsufficientCapacity { resource, limit, asked, free, .. }] = &reasons[..] else {
        panic!("{reasons:?}")
    };
    assert_eq!(*resource, Resource::Memory);
    let g = |amount: u64| Amount::new(amount * G);
    assert_eq!((*limit, *asked, *free), (g(31_353), g(16), g(0)));
    let outlook = ledger::outlook(ledger.free(), ledger::Mix(Bundle::new(1_000, 2 * G, 0)));
    assert_eq!(outlook.stranded.cpu, Amount::new(8_075_000));
    assert_eq!(outlook.binding, Some(Resource::Memory));
}

#[test]
fn what_the_plan_gives_back_is_free_later_only() {
    let ledger = ledger(15_676, 31_353, 1_000);
    let shrink = change("app", written("", "31337G", ""));
    let new = change("other", size("8C16G").unwrap());
    assert_eq!(verdicts(&ledger, &[new.clone(), shrink.clone()]), [Verdict::AfterRelease, Verdict::Fits]);
    assert_eq!(verdicts(&ledger, &[shrink]), [Verdict::Fits]);
    let both = verdicts(&ledger, &[new.clone(), Change { application: Some("third".into()), ..new }]);
    assert!(both.iter().all(|verdict| !verdict.fits()), "{both:?}");
}

#[test]
fn new_ones_fit_up_to_the_last_unit() {
    let ledger = ledger(10, 31_353 - 48, 1);
    let new = Change { count: 4, ..change("", size("8C16G").unwrap()) };
    let got = verdicts(&ledger, &[new]);
    assert_eq!(got.iter().filter(|verdict| **verdict == Verdict::Fits).count(), 3, "{got:?}");
}

#[test]
fn every_resource_that_is_short_is_named() {
    let ledger = ledger(23_751, 31_353, 1);
    let got = verdicts(&ledger, &[change("", size("8C16G").unwrap())]);
    let [Verdict::Refused(reasons)] = &got[..] else { panic!("{got:?}") };
    let named: Vec<_> = reasons.iter().filter_map(Reason::resource).collect();
    assert_eq!(named, [Resource::Cpu, Resource::Memory]);
}

#[test]
fn a_ceiling_stops_it_and_is_named() {
    let mut ledger = ledger(10, 20, 1);
    let ceiling = Some(Bundle::new(12_000, 100 * G, 10 * T));
    ledger.departments.insert("civil", Department { ceiling, generation: 1, ..Department::default() });
    let got = verdicts(&ledger, &[change("other", size("8C16G").unwrap())]);
    let [Verdict::Refused(reasons)] = &got[..] else { panic!("{got:?}") };
    assert!(matches!(&reasons[0], Reason::CeilingExceeded { department, .. } if department == "civil"), "{reasons:?}");
    let unknown = Change { department: Some("nobody".into()), ..change("", size("1C1G").unwrap()) };
    let got = verdicts(&ledger, &[unknown]);
    assert!(matches!(&got[..], [Verdict::Refused(reasons)] if reasons[0].code() == "UnknownDepartment"), "{got:?}");
}

#[test]
fn a_line_that_says_what_is_there_changes_nothing() {
    let ledger = ledger(10, 20, 1);
    assert_eq!(verdicts(&ledger, &[change("app", written("10", "20G", "1T"))]), [Verdict::Unchanged]);
    assert_eq!(verdicts(&ledger, &[change("app", written("10000m", "", ""))]), [Verdict::Unchanged]);
}

#[test]
fn amounts_are_set_or_added_and_kept_as_written() {
    let app = allocation("app", amounts("10", "20Gi", "1T"));
    let target = |mode, resources| {
        let planned = lines(&[Change { mode, ..change("app", resources) }], |_, _| vec![&app]).unwrap();
        let Resources { cpu, memory, storage } = planned[0].line.spec.resources.clone();
        assert_eq!(planned[0].line.spec.decision, None, "an admin's own amounts have no decision");
        format!("{cpu} {memory} {storage}")
    };
    assert_eq!(target(Mode::Set, written("12", "", "")), "12 20Gi 1T");
    assert_eq!(target(Mode::Add, written("500m", "4Gi", "")), "10500m 24Gi 1T");
    assert_eq!(target(Mode::Set, written("0", "0", "0")), "0 0 0");
}

#[test]
fn what_is_wrong_with_a_plan_is_named_by_row_and_field() {
    let flaws = |change: Change| match lines(&[change], |_, _| vec![]) {
        Ok(_) => vec![],
        Err(flaws) => flaws.into_iter().map(|flaw| (flaw.field, flaw.cause.code())).collect(),
    };
    let good = || change("app", written("1", "1G", "1T"));
    assert_eq!(flaws(good()), []);
    assert_eq!(flaws(Change { pool: String::new(), ..good() }), [("pool", "Missing")]);
    assert_eq!(flaws(Change { department: None, ..good() }), [("department", "Missing")]);
    assert_eq!(flaws(Change { application: Some("App".into()), ..good() }), [("application", "Name")]);
    assert_eq!(flaws(Change { count: 2, ..good() }), [("count", "CountOfOne")]);
    assert_eq!(flaws(Change { count: 0, ..change("", written("1", "", "")) }), [("count", "Count")]);
    assert_eq!(flaws(change("app", written("", "", ""))), [("cpu", "Missing")]);
    assert_eq!(
        flaws(change("app", written("1.5", "128", "1T"))),
        [("cpu", "AmountFraction"), ("memory", "AmountWithoutUnit")]
    );
    let twice = lines(&[good(), good()], |_, _| vec![]).unwrap_err();
    assert_eq!((twice[0].change, twice[0].cause.code()), (1, "Twice"));
    let many = Change { count: u32::MAX, ..change("", written("1", "", "")) };
    assert_eq!(flaws(many), [("count", "TooMany")]);
}

#[test]
fn a_size_is_read_as_people_write_it() {
    for (text, expected) in [("8C16G", "8 16G 0"), ("8c16g", "8 16G 0"), ("64C128G10T", "64 128G 10T")] {
        let Written { cpu, memory, storage } = size(text).unwrap();
        assert_eq!(format!("{} {} {}", cpu.unwrap(), memory.unwrap(), storage.unwrap()), expected);
    }
    for text in ["", "8", "8C", "8C16", "8C16T", "C16G", "8C16G5", "-8C16G", "8.5C16G"] {
        assert_eq!(size(text), None, "{text}");
    }
}

#[test]
fn cells_become_a_change() {
    let cells = |cells: &[(&'static str, &str)]| -> BTreeMapOf {
        cells.iter().map(|(field, text)| (*field, (*text).to_owned())).collect()
    };
    type BTreeMapOf = std::collections::BTreeMap<&'static str, String>;
    let good = cells(&[("pool", "cec"), ("mode", "增加"), ("count", "3"), ("cpu", " 8 "), ("memory", "")]);
    let expected =
        Change { pool: "cec".into(), mode: Mode::Add, count: 3, resources: written("8", "", ""), ..Change::default() };
    assert_eq!(from_cells(0, &good), Ok(expected));
    let bad = from_cells(4, &cells(&[("mode", "Grow"), ("count", "many")])).unwrap_err();
    let told: Vec<_> = bad.iter().map(|flaw| (flaw.change, flaw.field, flaw.cause.code())).collect();
    assert_eq!(told, [(4, "mode", "Word"), (4, "count", "Count")]);
}
