//! Imports: everything is checked before anything is written, the same file twice changes nothing.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use support::{Answer, City, call};

async fn send(city: &City, token: &str, path: &str, file: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/api/v1/imports/{path}");
    city.send(call("POST", &path).bearer(token).header("content-type", "text/csv").body(file.into())).await
}

fn outcomes(report: &Value) -> Vec<&str> {
    report["rows"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect()
}

fn found(report: &Value) -> Vec<(u64, &str, &str)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let one = |one: &'_ Value| {
        (
            one["row"].as_u64().unwrap(),
            one["column"].as_str().unwrap().to_owned(),
            one["code"].as_str().unwrap().to_owned(),
        )
    };
    findings.map(one).map(|(row, column, code)| (row, &*column.leak(), &*code.leak())).collect()
}

const APPLICATIONS: &str = "\u{feff}应用标识*,使用单位标识*,应用系统,层级,网络区域,等保级别,信创,数据标记\r\n\
    marriage-registry,civil-affairs,婚姻登记系统,市级,政务外网区,三级,是,\r\n\
    pension,civil-affairs,养老服务系统,市级,互联网区,二级,否,示例\r\n";

#[tokio::test]
async fn a_file_is_tried_written_and_then_changes_nothing() {
    let city = City::new();
    let dry = send(&city, "admin", "applications?dryRun=true", APPLICATIONS).await;
    assert_eq!(dry.status, 200, "{}", dry.text());
    let dry = dry.json();
    assert_eq!(
        (outcomes(&dry), &dry["findings"], &dry["dryRun"]),
        (vec!["Changed", "Created"], &json!([]), &json!(true))
    );
    assert!(city.cluster.objects.lock().unwrap().is_empty(), "a dry run writes nothing");
    let done = send(&city, "admin", "applications", APPLICATIONS).await.json();
    assert_eq!((outcomes(&done), &done["complete"]), (vec!["Changed", "Created"], &json!(true)));
    {
        let objects = city.cluster.objects.lock().unwrap();
        // Only what the row says: facts, contact and the like stay who else wrote them.
        let spec = json!({
            "displayName": "婚姻登记系统", "tier": "Municipal", "zone": "ExtranetZone", "securityGrade": 3, "domesticIt": true
        });
        assert!(objects.iter().any(|(_, object)| object["spec"] == spec), "{objects:?}");
        assert!(
            objects
                .iter()
                .any(|(_, object)| object["spec"]["sample"] == true && object["metadata"]["name"] == "pension")
        );
    }
    let again = send(&city, "admin", "applications", APPLICATIONS).await.json();
    assert_eq!(outcomes(&again), ["Unchanged", "Unchanged"]);
    assert_eq!(city.cluster.objects.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn one_wrong_row_and_nothing_is_written() {
    let city = City::new();
    let file = "name,department,displayName,tier,securityGrade,zone\n\
        Bad Name,civil-affairs,x,Municipal,2,DMZ\n\
        good,atlantis,x,市级,2,DMZ\n\
        school-000,civil-affairs,x,市级,2,DMZ\n\
        new-one,civil-affairs,,乡级,四级,Moon\n\
        fine,civil-affairs,x,市级,2,DMZ\n\
        fine,civil-affairs,x,市级,2,DMZ\n";
    let expected = [
        (2, "应用标识", "Name"),
        (3, "使用单位标识", "UnknownDepartment"),
        (4, "使用单位标识", "ApplicationElsewhere"),
        (5, "层级", "Word"),
        (5, "应用系统", "Missing"),
        (5, "网络区域", "Word"),
        (5, "等保级别", "GradeTooHigh"),
        (7, "应用标识", "Twice"),
    ];
    let dry = send(&city, "admin", "applications?dryRun=true", file).await.json();
    let mut got = found(&dry);
    got.sort_unstable();
    let mut wanted = expected.to_vec();
    wanted.sort_unstable();
    assert_eq!(got, wanted);
    let problem = send(&city, "admin", "applications", file).await.problem(422);
    assert_eq!(
        (&problem["code"], problem["errors"].as_array().unwrap().len()),
        (&json!("ImportFaulty"), expected.len())
    );
    assert_eq!(problem["errors"][0]["field"], "rows[2].应用标识");
    assert!(city.cluster.objects.lock().unwrap().is_empty());
    // The head.
    let head = send(&city, "admin", "applications?dryRun=true", "name,colour\nx,red\n").await.json();
    assert_eq!(found(&head), [(1, "colour", "UnknownColumn"), (1, "使用单位标识", "MissingColumn")]);
}

#[tokio::test]
async fn what_was_exported_can_be_imported() {
    let city = City::new();
    for (list, format) in [("applications", "csv"), ("applications", "xlsx"), ("departments", "csv")] {
        let file = city.get("admin", &format!("/api/v1/{list}?format={format}")).await.bytes;
        let report = send(&city, "admin", &format!("{list}?dryRun=true"), file).await.json();
        assert_eq!(report["findings"], json!([]), "{list} {format}");
        assert!(outcomes(&report).iter().all(|outcome| *outcome == "Unchanged"), "{list} {format}: {report}");
    }
}

#[tokio::test]
async fn departments_are_written_from_the_top_down() {
    let city = City::new();
    let file = "name,displayName,tier,parent,users,ceilings\n\
        office,办公室,市级,bureau,u1;group:g,cec:4:8G:1T\n\
        bureau,局,市级,,,cec:40:80G:10T;inspur:1:1G:1T\n";
    let done = send(&city, "admin", "departments", file).await.json();
    assert_eq!(outcomes(&done), ["Created", "Created"]);
    {
        let objects = city.cluster.objects.lock().unwrap();
        let names: Vec<_> = objects.iter().map(|(_, object)| object["metadata"]["name"].clone()).collect();
        assert_eq!(names, ["bureau", "office"]);
        assert_eq!(objects[1].1["spec"]["members"], json!({"users": ["u1", "group:g"]}));
        assert_eq!(objects[0].1["spec"]["ceilings"].as_array().unwrap().len(), 2);
    }
    let bad = "name,displayName,tier,parent,ceilings,code\n\
        a,A,市级,b,cec:1:1:1T,123\n\
        b,B,市级,a,mars:1:1G:1T,\n\
        c,C,市级,nobody,cec:1,\n";
    let report = send(&city, "admin", "departments?dryRun=true", bad).await.json();
    let codes: Vec<_> = found(&report).into_iter().map(|(row, _, code)| (row, code)).collect();
    for expected in [
        (2, "AmountWithoutUnit"),
        (2, "Code"),
        (2, "DepartmentCycle"),
        (3, "UnknownPool"),
        (3, "DepartmentCycle"),
        (4, "Ceiling"),
        (4, "UnknownDepartment"),
    ] {
        assert!(codes.contains(&expected), "{expected:?}: {codes:?}");
    }
}

#[tokio::test]
async fn who_may_not_write_the_catalogue_is_told_so_at_once() {
    let city = City::new();
    for token in ["zhang", "approver", "auditor"] {
        send(&city, token, "applications?dryRun=true", APPLICATIONS).await.problem(403);
    }
    send(&city, "stranger", "applications", APPLICATIONS).await.problem(401);
    send(&city, "admin", "pools", APPLICATIONS).await.problem(404);
    send(&city, "admin", "applications?dry=true", APPLICATIONS).await.problem(400);
}

#[tokio::test]
async fn a_cluster_that_goes_away_half_way_is_said_and_repeating_finishes() {
    let city = City::new();
    let rows: Vec<String> = (0..30).map(|number| format!("new-{number:02},civil-affairs,x,市级\n")).collect();
    let file = format!("name,department,displayName,tier\n{}", rows.concat());
    *city.cluster.writes_left.lock().unwrap() = Some(5);
    let part = send(&city, "admin", "applications", file.clone()).await;
    assert_eq!(part.status, 207, "{}", part.text());
    let part = part.json();
    assert_eq!((&part["complete"], &part["created"]), (&json!(false), &json!(5)));
    assert!(outcomes(&part).contains(&"Failed") && outcomes(&part).contains(&"NotReached"));
    *city.cluster.writes_left.lock().unwrap() = None;
    city.cluster.away.store(false, Ordering::SeqCst);
    let rest = send(&city, "admin", "applications", file).await.json();
    assert_eq!((&rest["complete"], &rest["created"], &rest["unchanged"]), (&json!(true), &json!(25), &json!(5)));
}

const REQUESTS: &str = "使用单位标识,申请类别,应用标识,应用系统,资源池,CPU,内存,存储,测算依据,层级,等保级别\n\
    civil-affairs,变更,marriage-registry,,cec,80,128G,10T,高峰期登记量翻倍现有配额已满,,\n\
    civil-affairs,新增,pension,养老服务系统,inspur,8,16G,1T,养老服务平台一期建设所需资源,市级,二级\n";

#[tokio::test]
async fn requests_are_asked_for_once() {
    let city = City::new();
    let dry = send(&city, "zhang", "requests?dryRun=true", REQUESTS).await.json();
    assert_eq!((outcomes(&dry), &dry["findings"]), (vec!["Created", "Created"], &json!([])));
    assert_eq!(city.cluster.writes.load(Ordering::SeqCst), 0);
    let done = send(&city, "zhang", "requests", REQUESTS).await.json();
    assert_eq!(outcomes(&done), ["Created", "Created"]);
    let first = done["rows"][0]["request"].clone();
    assert_eq!(first["department"], "civil-affairs");
    let again = send(&city, "zhang", "requests", REQUESTS).await.json();
    assert_eq!((outcomes(&again), &again["complete"]), (vec!["Duplicate", "Duplicate"], &json!(true)));
    assert_eq!(again["rows"][0]["request"], first, "it leads to the first");
    assert_eq!(city.cluster.writes.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_wrong_request_is_told_by_its_column() {
    let city = City::new();
    let file = "department,type,application,pool,cpu,memory,storage,justification,start\n\
        education,变更,school-000,cec,8,8G,1T,因为需要更多的计算资源支撑,\n\
        civil-affairs,变更,marriage-registry,mars,8,128,1T,short,1 Dec\n\
        civil-affairs,新增,other,cec,8,8G,1T,因为需要更多的计算资源支撑,\n";
    let report = send(&city, "zhang", "requests?dryRun=true", file).await.json();
    let got = found(&report);
    for expected in [
        (2, "使用单位标识", "UnknownDepartment"),
        (3, "资源池", "UnknownPool"),
        (3, "内存", "AmountWithoutUnit"),
        (3, "测算依据", "Length"),
        (3, "开始日期", "Date"),
        (4, "应用系统", "NewApplicationMissing"),
    ] {
        assert!(got.contains(&expected), "{expected:?}: {got:?}");
    }
}

#[tokio::test]
async fn templates_are_for_everybody_and_say_what_to_write() {
    let city = City::new();
    for kind in ["applications", "departments", "requests", "request-form"] {
        let answer = city.get("zhang", &format!("/api/v1/imports/{kind}/template")).await;
        assert!(answer.status == 200 && answer.bytes.starts_with(b"PK"), "{kind}");
    }
    let csv = city.get("zhang", "/api/v1/imports/requests/template?format=csv").await.text();
    assert!(csv.starts_with("\u{feff}使用单位标识,申请类别,应用标识,"), "{csv}");
    // An empty template is no import.
    let empty = city.get("zhang", "/api/v1/imports/requests/template").await.bytes;
    assert_eq!(found(&send(&city, "zhang", "requests?dryRun=true", empty).await.json())[0].2, "TableEmpty");
}

/// The form of a request says the same when it is read back.
#[tokio::test]
async fn the_form_goes_out_filled_and_comes_back_as_a_request() {
    let city = City::new();
    let form = city.get("zhang", "/api/v1/requests/civil-affairs/qr-1/form.xlsx").await;
    assert_eq!(form.status, 200, "{}", form.text());
    let dry = send(&city, "zhang", "request-form?dryRun=true", form.bytes.clone()).await.json();
    assert_eq!((&dry["findings"], outcomes(&dry)), (&json!([]), vec!["Duplicate"]), "{dry}");
    assert_eq!(dry["rows"][0]["request"], json!({"department": "civil-affairs", "name": "qr-1"}));
    city.get("li", "/api/v1/requests/civil-affairs/qr-1/form.xlsx").await.problem(404);
    // A blank one lacks everything, and each thing is told at its row.
    let blank = city.get("zhang", "/api/v1/imports/request-form/template").await.bytes;
    let report = send(&city, "zhang", "request-form?dryRun=true", blank).await.json();
    let got = found(&report);
    assert!(got.iter().any(|(row, column, code)| *row > 20 && *column == "申请类别" && *code == "Missing"), "{got:?}");
    assert!(!got.iter().any(|(_, column, _)| *column == "使用单位"), "the department is filled in already");
    let other = send(&city, "zhang", "request-form?dryRun=true", "a,b\n1,2\n").await.json();
    assert_eq!(found(&other)[0].2, "NotTheForm");
}

#[tokio::test]
async fn a_filled_form_becomes_a_request_with_its_further_lines() {
    let city = City::new();
    let lines = [
        ("使用单位", "市民政局"),
        ("项目负责人", "张三"),
        ("系统名称", "婚姻登记系统"),
        ("申请类别*", "变更"),
        ("服务商/资源池", "cec"),
        ("CPU(核)", "80"),
        ("内存(G)", "128"),
        ("存储", "10T"),
        ("备份", "每日"),
        ("测算依据", "高峰期登记量翻倍, 现有配额已满"),
        ("使用期限(起)", "2026-12-01"),
        ("统一社会信用代码", ""),
        ("项目负责人电话", ""),
        ("技术联系人", ""),
        ("技术联系人电话", ""),
        ("承建单位", ""),
        ("运维单位", ""),
        ("项目名称", ""),
        ("资金来源", "财政"),
        ("建设内容概况", ""),
        ("建设周期", ""),
        ("预计上线日期", ""),
        ("应用标识", ""),
        ("层级", "市级"),
        ("业务描述", ""),
        ("服务对象", ""),
        ("用户规模", "50 万"),
    ];
    let file: String = lines.iter().map(|(label, value)| format!("块,{label},\"{value}\"\n")).collect();
    let done = send(&city, "zhang", "request-form", file).await;
    assert_eq!(done.status, 200, "{}", done.text());
    let request = done.json()["rows"][0]["request"].clone();
    let path = format!("/api/v1/requests/civil-affairs/{}", request["name"].as_str().unwrap());
    let shown = city.get("zhang", &path).await.json();
    assert_eq!(shown["application"], "marriage-registry", "found by its name");
    assert_eq!(shown["resources"], json!({"cpu": "80", "memory": "128G", "storage": "10T"}));
    assert_eq!(shown["details"], json!([{"label": "项目负责人", "value": "张三"}, {"label": "备份", "value": "每日"}]));
    assert_eq!((&shown["basis"]["funding"], &shown["basis"]["users"]), (&json!("财政"), &json!("50 万")));
}
