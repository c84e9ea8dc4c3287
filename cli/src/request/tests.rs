use serde_json::json;

use super::*;

fn allocation(name: &str, application: &str, pool: &str, cpu: &str) -> Allocation {
    serde_json::from_value(json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": {"namespace": "dept-a", "name": name},
        "spec": {"application": application, "pool": pool, "resources": {"cpu": cpu, "memory": "128G", "storage": "10T"}}
    }))
    .unwrap()
}

fn change(cpu: Option<&str>, add_cpu: Option<&str>, add_storage: Option<&str>) -> Change {
    Change {
        move_to: None,
        common: common(),
        pool: None,
        cpu: cpu.map(str::to_owned),
        add_cpu: add_cpu.map(str::to_owned),
        memory: None,
        add_memory: None,
        storage: None,
        add_storage: add_storage.map(str::to_owned),
    }
}

fn common() -> Common {
    Common {
        application: "marriage-registry".into(),
        department: OneDepartment::default(),
        justification: "more couples register in May".into(),
        output: Report::Text,
    }
}

#[test]
fn an_amount_is_named_whole_or_as_what_is_added() {
    let has = allocation("a", "a", "cec", "64").spec.resources;
    let cases = [
        (change(Some("72"), None, None), ["72", "128G", "10T"]),
        (change(None, Some("8"), None), ["72", "128G", "10T"]),
        (change(None, Some("500m"), Some("1500G")), ["64500m", "128G", "11500G"]),
    ];
    for (change, [cpu, memory, storage]) in cases {
        let after = change.afterwards(&has).unwrap();
        assert_eq!((&*after.cpu, &*after.memory, &*after.storage), (cpu, memory, storage));
    }
    let wrong = change(None, None, Some("5")).afterwards(&has).unwrap_err().to_string();
    assert!(wrong.starts_with("--add-storage \"5\" has no unit"), "{wrong}");
    assert!(change(None, None, None).afterwards(&has).is_err());
}

#[test]
fn the_allocation_is_the_only_one_or_that_of_the_pool() {
    let all = || {
        vec![
            allocation("one", "one", "cec", "8"),
            allocation("two", "two", "cec", "8"),
            allocation("two-inspur", "two", "inspur", "8"),
            allocation("released", "released", "cec", "0"),
        ]
    };
    let mut zero = all();
    zero[3].spec.resources = Bundle::ZERO.into();
    let name = |application, pool| chosen(zero.clone(), "dept-a", application, pool).map(|found| found.name_any());
    assert_eq!(name("one", None).unwrap(), "one");
    assert_eq!(name("two", Some("inspur")).unwrap(), "two-inspur");
    assert!(matches!(name("two", None), Err(Error::SeveralPools { .. })));
    assert!(matches!(name("one", Some("inspur")), Err(Error::NothingAllocated { .. })));
    assert!(matches!(name("released", None), Err(Error::NothingAllocated { .. })));
}

#[test]
fn all_that_is_wrong_is_told_before_anything_is_sent() {
    let resources = Resources { cpu: "-8".into(), memory: "128".into(), storage: "1.5T".into() };
    let wrong = check(&spec(RequestType::Change, &common(), "zhang".into(), "cec".into(), resources, None));
    let told = wrong.unwrap_err().to_string();
    for part in ["spec.resources.cpu is negative", "spec.resources.memory has no unit", "such as 1500G"] {
        assert!(told.contains(part), "{told}");
    }
    let release = spec(RequestType::Release, &common(), "zhang".into(), "cec".into(), Bundle::ZERO.into(), None);
    assert!(check(&release).is_ok());
}
