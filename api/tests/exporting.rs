//! Lists as files: all pages, the filters and rights of the list, nothing that a spreadsheet runs.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should say so at once")]

mod support;

use resources::v1alpha1::Application;
use serde_json::json;
use support::{Answer, City, application, call};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn lines(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.bytes.starts_with("\u{feff}".as_bytes()));
    answer.text().trim_start_matches('\u{feff}').lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn every_list_is_given_as_csv_and_as_a_workbook() {
    let city = City::new();
    for list in ["applications", "departments", "allocations", "requests", "pools"] {
        let json = city.get("admin", &format!("/api/v1/{list}?limit=200")).await;
        let total = match list {
            "pools" => 2,
            _ => usize::try_from(json.json()["total"].as_u64().unwrap()).unwrap(),
        };
        let csv = city.get("admin", &format!("/api/v1/{list}?format=csv")).await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert!(csv.header("content-disposition").starts_with("attachment"), "{list}");
        assert_eq!(lines(&csv).len(), total + 1, "{list}");
        let xlsx = city.get("admin", &format!("/api/v1/{list}?format=xlsx")).await;
        assert_eq!(xlsx.header("content-type"), XLSX);
        assert!(xlsx.bytes.starts_with(b"PK"), "{list}");
        let accept =
            city.send(call("GET", &format!("/api/v1/{list}")).bearer("admin").header("accept", "text/csv").empty());
        assert_eq!(accept.await.bytes, csv.bytes, "{list}");
        city.get("admin", &format!("/api/v1/{list}?format=pdf")).await.problem(400);
        city.get("stranger", &format!("/api/v1/{list}?format=csv")).await.problem(401);
    }
}

#[tokio::test]
async fn a_file_has_the_lists_filters_order_and_rights() {
    let city = City::new();
    let names = |answer: &Answer| -> Vec<String> {
        lines(answer).into_iter().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    };
    let all = city.get("admin", "/api/v1/applications?format=csv&department=education&sort=-name&limit=3").await;
    let names_all = names(&all);
    assert_eq!((names_all.len(), names_all[0].as_str()), (120, "school-119"), "all pages, in the list's order");
    let own = city.get("zhang", "/api/v1/applications?format=csv").await;
    assert_eq!(names(&own), ["marriage-registry"]);
    let head = lines(&own)[0].clone();
    assert!(head.starts_with("应用标识,应用系统,数据标记,"), "{head}");
    let english = call("GET", "/api/v1/applications?format=csv").bearer("zhang").header("accept-language", "en");
    assert!(lines(&city.send(english.empty()).await)[0].starts_with("Application id,Application,Mark,"));
    // Amounts: as written with the unit, and as a number in the column's unit.
    assert!(lines(&own)[1].contains(",64,64,128G,128,10T,10,32,32,64G,64,5T,5"), "{}", lines(&own)[1]);
    assert!(lines(&all)[1].contains(",示例,"), "sample data is marked");
    assert!(!lines(&own)[1].contains("示例"));
}

#[tokio::test]
async fn nothing_in_a_file_is_run_as_a_formula() {
    let city = City::new();
    let evil = json!("=cmd|' /C calc'!A0");
    let mut object = application("civil-affairs", "evil", "x", "Municipal");
    object["spec"]["displayName"] = evil;
    object["spec"]["description"] = json!("@SUM(1+1)");
    city.put::<Application>(object);
    city.settle().await;
    let answer = city.get("admin", "/api/v1/applications?format=csv&q=evil").await;
    let line = lines(&answer)[1].clone();
    assert!(line.contains(",'=cmd|") && line.ends_with(",'@SUM(1+1)"), "{line}");
}
