//! `links.csv`: the links of the extranet. An inventory may be without.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use resources::names::{CITY_CORE, LINK_NAME_MAX};
use resources::v1alpha1::LinkLevel;
use resources::validate;
use serde_json::{Value, json};

use super::fault::Fault;
use super::inventory::filled;
use super::sheet::{Cells, Row, Sheet};

pub const LINKS: &str = "links.csv";

const COLUMNS: &[&str] =
    &["name", "displayName", "level", "division", "uplinks", "address", "class", "carrier", "bandwidthMbps", "sample"];
const LEVELS: &[&str] = &["Interconnect", "Provider", "County", "Township", "Village"];

#[derive(Debug)]
pub struct LinkRow {
    pub row: Row,
    pub name: String,
    pub spec: Value,
}

pub fn read(dir: &Path, faults: &mut Vec<Fault>) -> Vec<LinkRow> {
    if !dir.join(LINKS).exists() {
        return Vec::new();
    }
    Sheet::read(dir, LINKS, COLUMNS, faults).rows.into_iter().map(|row| link(row, faults)).collect()
}

fn link(row: Row, faults: &mut Vec<Fault>) -> LinkRow {
    let mut cells = Cells { row: &row, faults };
    let name = cells.name("name", LINK_NAME_MAX);
    let level: Option<LinkLevel> = cells.word("level", LEVELS);
    let mut spec = json!({
        "displayName": cells.text("displayName", 1, 100),
        "level": level,
        "uplinks": cells.parts("uplinks"),
        "probe": {"icmp": {"address": cells.text("address", 2, 45)}},
        "class": cells.text("class", 1, 30),
        "sample": cells.flag("sample"),
    });
    let texts = [("division", cells.text("division", 0, 12)), ("carrier", cells.text("carrier", 0, 60))];
    for (key, value) in filled(texts) {
        spec[key] = value;
    }
    let bandwidth = row.cell("bandwidthMbps");
    if !bandwidth.is_empty() {
        match bandwidth.parse::<i64>() {
            Ok(bandwidth) => spec["bandwidthMbps"] = json!(bandwidth),
            Err(_) => faults.push(row.fault("bandwidthMbps", format!("{bandwidth:?} isn't a whole number of Mbit/s"))),
        }
    }
    LinkRow { name, spec, row }
}

/// What is wrong between the rows, and by the rules of the kind.
pub fn check(links: &[LinkRow], faults: &mut Vec<Fault>) {
    let known: BTreeSet<&str> = links.iter().map(|link| link.name.as_str()).chain([CITY_CORE]).collect();
    let mut addresses: BTreeMap<&str, u64> = BTreeMap::new();
    for LinkRow { row, name, spec } in links {
        for uplink in spec["uplinks"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !known.contains(uplink) {
                faults.push(row.fault("uplinks", format!("{uplink:?} isn't in {LINKS}")));
            }
        }
        // Two links at one address would be one link under two names.
        if let Some(line) = addresses.insert(row.cell("address"), row.line) {
            faults.push(row.fault("address", format!("{} is in row {line} already", row.cell("address"))));
        }
        match serde_json::from_value(spec.clone()) {
            Ok(spec) => faults.extend(validate::extranet_link(name, &spec).into_iter().map(|flaw| {
                let field = flaw.field.trim_start_matches("spec.").trim_start_matches("metadata.");
                let column = field.split(['.', '[']).next().unwrap_or(field);
                row.fault(if column == "probe" { "address" } else { column }, flaw.wrong.to_string())
            })),
            Err(error) => faults.push(row.fault("", format!("{name}: {error}"))),
        }
    }
}

/// Gives every 127.x address another first number: the simulator of the extranet has the same numbers under its own.
pub fn renumber(links: &mut [LinkRow], first: u8) {
    for link in links {
        let address = &mut link.spec["probe"]["icmp"]["address"];
        if let Some(rest) = address.as_str().and_then(|address| address.strip_prefix("127.")) {
            *address = json!(format!("{first}.{rest}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "name,displayName,level,division,uplinks,address,class,carrier,bandwidthMbps,sample\n";

    fn parse(rows: &str) -> (Vec<LinkRow>, Vec<Fault>) {
        let mut faults = Vec::new();
        let sheet = Sheet::parse(LINKS, format!("{HEADER}{rows}").as_bytes(), COLUMNS, &mut faults);
        let links: Vec<LinkRow> = sheet.rows.into_iter().map(|row| link(row, &mut faults)).collect();
        if faults.is_empty() {
            check(&links, &mut faults);
        }
        (links, faults)
    }

    #[test]
    fn a_row_becomes_a_link_with_what_it_says_and_nothing_else() {
        let (mut links, faults) =
            parse("county-420902,孝南区,County,420902,city-core,127.65.0.254,county,电信,1000,true\n");
        assert_eq!(faults, []);
        renumber(&mut links, 100);
        let expected = json!({
            "displayName": "孝南区", "level": "County", "division": "420902", "uplinks": ["city-core"], "class": "county",
            "probe": {"icmp": {"address": "100.65.0.254"}}, "carrier": "电信", "bandwidthMbps": 1000, "sample": true,
        });
        assert_eq!(links[0].spec, expected);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_column() {
        let good = "county-1,县,County,1,city-core,10.0.0.1,county,,,false\n";
        let cases = [
            ("county-1,县,County,1,city-core,10.0.0.1,county,,,false\n", "address"),
            ("township-1,乡,Township,1,county-9,10.0.0.2,township,,,false\n", "uplinks"),
            ("township-1,乡,Township,1,township-1,10.0.0.2,township,,,false\n", "uplinks"),
            ("township-1,乡,Town,1,county-1,10.0.0.2,township,,,false\n", "level"),
            ("township-1,乡,Township,1,county-1,gateway,township,,,false\n", "address"),
            ("township-1,乡,Township,1,county-1,10.0.0.2,township,,fast,false\n", "bandwidthMbps"),
            ("city-core,乡,Township,1,county-1,10.0.0.2,township,,,false\n", "name"),
        ];
        for (bad, column) in cases {
            let (_, faults) = parse(&format!("{good}{bad}"));
            assert!(faults.iter().any(|fault| fault.column == column && fault.row == 3), "{bad}: {faults:?}");
        }
    }
}
