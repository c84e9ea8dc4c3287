use super::*;

pub const GOOD_POOLS: &str = "name,displayName,providerName,providerCode,contractId,contractStart,contractEnd,cpu,memory,storage,text,declaredStorage,sample\n\
    cec,中电长城网际资源池,中电长城网际,cec,X-1,2020-01-01,2026-12-31,100,200G,20T,\"100核, 200G, 20T\",20T,true\n";
pub const GOOD_DEPARTMENTS: &str = "name,displayName,tier,division,parent,code,contactName,contactPhone,owners,users,ceilings,sample\n\
    city,市政府,Municipal,420900,,,联系人,0712-0000000,,,,false\n\
    civil-affairs,市民政局,Municipal,420900,city,,联系人,0712-0000000,li,zhang;group:clerks,cec:80:160G:20T,true\n";
pub const GOOD_APPLICATIONS: &str = "department,name,displayName,tier,hosting,zone,securityGrade,domesticIt,keyEvent,sample,sampleQuota,pool,cpu,memory,storage,description\n\
    civil-affairs,marriage-registry,婚姻登记系统,Municipal,Hosted,ExtranetZone,3,false,false,true,true,cec,64,128G,10T,婚姻登记\n\
    city,portal,门户,Municipal,Hosted,InternetZone,2,false,true,false,true,cec,8,16G,500G,\n";
pub const GOOD_FACTS: &str = "application,label,value,unit,asOf,source\nportal,事项,55524,个,2020-07-17,访谈\n";

/// Reads the four texts as the four files.
pub fn parse(files: [&str; 4]) -> (Inventory, Vec<Fault>) {
    let mut faults = Vec::new();
    let [pools, departments, applications, facts] = files;
    let mut sheet = |file, text: &str, columns| Sheet::parse(file, text.as_bytes(), columns, &mut faults);
    let pools = sheet(POOLS, pools, POOL_COLUMNS);
    let departments = sheet(DEPARTMENTS, departments, DEPARTMENT_COLUMNS);
    let applications = sheet(APPLICATIONS, applications, APPLICATION_COLUMNS);
    let facts = sheet(FACTS, facts, FACT_COLUMNS);
    let inventory = Inventory::of(pools, departments, applications, &facts, &mut faults);
    (inventory, faults)
}

pub fn good() -> Inventory {
    let (inventory, faults) = parse([GOOD_POOLS, GOOD_DEPARTMENTS, GOOD_APPLICATIONS, GOOD_FACTS]);
    assert_eq!(faults, []);
    inventory
}

#[test]
fn a_good_row_becomes_what_it_says_and_no_more() {
    let inventory = good();
    let department = &inventory.departments[1];
    assert_eq!(
        department.spec,
        json!({
            "displayName": "市民政局", "tier": "Municipal", "division": "420900", "parent": "city", "sample": true,
            "contact": {"name": "联系人", "phone": "0712-0000000"},
            "members": {"owners": ["li"], "users": ["zhang", "group:clerks"]},
            "ceilings": [{"pool": "cec", "cpu": "80", "memory": "160G", "storage": "20T"}],
        })
    );
    assert_eq!(inventory.departments[0].spec.get("members"), None);
    let portal = &inventory.applications[1];
    assert_eq!(
        portal.application["facts"],
        json!([{"label": "事项", "value": "55524", "unit": "个", "asOf": "2020-07-17", "source": "访谈"}])
    );
    assert_eq!(portal.application.get("description"), None);
    assert_eq!(
        portal.allocation,
        json!({"application": "portal", "pool": "cec", "resources": {"cpu": "8", "memory": "16G", "storage": "500G"}})
    );
    assert_eq!(inventory.named_only().applications.len(), 1);
}

/// Each row: which file, what is replaced by what, and the column and reason that must be told.
#[test]
fn a_faulty_cell_is_told_with_its_file_row_column_and_reason() {
    let cases = [
        (0, "cec,中", "Cec,中", POOLS, 2, "name", "isn't a name"),
        (0, "2026-12-31", "2026-13-31", POOLS, 2, "contractEnd", "isn't a date"),
        (0, "2026-12-31", "2019-12-31", POOLS, 2, "contractEnd", "is before contractStart"),
        (0, "200G,20T,\"", "200GB,20T,\"", POOLS, 2, "memory", "\"200GB\" has the unit \"GB\""),
        (0, ",20T,true", ",20,true", POOLS, 2, "declaredStorage", "has no unit"),
        (0, ",true", ",yes", POOLS, 2, "sample", "neither true nor false"),
        (1, "市政府,Municipal", "市政府,City", DEPARTMENTS, 2, "tier", "is none of NationalProvincial"),
        (1, "civil-affairs,市民政局", "civil-affairs,", DEPARTMENTS, 3, "displayName", "is empty"),
        (1, "420900,city", "42O900,city", DEPARTMENTS, 3, "division", "isn't a division code"),
        (1, "cec:80:160G:20T", "cec:80:160G", DEPARTMENTS, 3, "ceilings", "isn't pool:cpu:memory:storage"),
        (1, "cec:80:160G:20T", "cec:80:160:20T", DEPARTMENTS, 3, "ceilings", "\"160\" has no unit"),
        (1, "cec:80:160G:20T", "cec:80:160G:20T;cec:1:1G:1T", DEPARTMENTS, 3, "ceilings", "twice"),
        (1, "zhang;group:clerks", "zhang;;wang", DEPARTMENTS, 3, "users", "empty part"),
        (2, "cec,64,", "cec,-64,", APPLICATIONS, 2, "cpu", "is negative"),
        (2, "cec,64,", "cec,1e3,", APPLICATIONS, 2, "cpu", "has an exponent"),
        (2, "cec,64,", "cec,6.4,", APPLICATIONS, 2, "cpu", "has a fraction"),
        (2, "128G", "128", APPLICATIONS, 2, "memory", "has no unit"),
        (2, "10T", "1.5T", APPLICATIONS, 2, "storage", "such as 1500G"),
        (2, "cec,64,128G,10T", "cec,0,0G,0T", APPLICATIONS, 2, "cpu", "all zero"),
        (2, "ExtranetZone,3", "ExtranetZone,4", APPLICATIONS, 2, "securityGrade", "grade 4 and above"),
        (2, "ExtranetZone,3", "ExtranetZone,x", APPLICATIONS, 2, "securityGrade", "no grade"),
        (2, "Hosted,InternetZone", "Hosted,Internet", APPLICATIONS, 3, "zone", "is none of InternetZone"),
        (2, "civil-affairs,marriage-registry", "civil-affairs,Marriage", APPLICATIONS, 2, "name", "isn't a name"),
        (3, "portal,", "portals,", FACTS, 2, "application", "isn't in applications.csv"),
        (3, "2020-07-17", "July", FACTS, 2, "asOf", "isn't a date"),
    ];
    for (index, from, to, file, row, column, reason) in cases {
        let good = [GOOD_POOLS, GOOD_DEPARTMENTS, GOOD_APPLICATIONS, GOOD_FACTS];
        let bad = good[index].replacen(from, to, 1);
        assert_ne!(bad, good[index], "{from} isn't there");
        let mut files = good;
        files[index] = &bad;
        let (_, faults) = parse(files);
        assert_eq!(faults.len(), 1, "{to}: {faults:?}");
        let fault = &faults[0];
        assert_eq!((fault.file.as_str(), fault.row, fault.column.as_str()), (file, row, column), "{to}");
        assert!(fault.reason.contains(reason), "{to}: {}", fault.reason);
    }
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let pools = GOOD_POOLS.replace("200G", "200");
    let applications = GOOD_APPLICATIONS.replace("64,128G", "-64,128");
    let (_, faults) = parse([&pools, GOOD_DEPARTMENTS, &applications, GOOD_FACTS]);
    let columns: Vec<&str> = faults.iter().map(|fault| fault.column.as_str()).collect();
    // The pool's own text repeats its memory and is no amount.
    assert_eq!(columns, ["memory", "cpu", "memory"]);
}
