use super::*;

const COLUMNS: &[&str] = &["name", "text", "sample"];

fn parse(bytes: &[u8]) -> (Sheet, Vec<Fault>) {
    let mut faults = Vec::new();
    let sheet = Sheet::parse("file.csv", bytes, COLUMNS, &mut faults);
    (sheet, faults)
}

#[test]
fn cells_are_found_by_their_header_and_rows_by_their_line() {
    let (sheet, faults) = parse(b"sample,name,text\ntrue,a,\"x, y\"\n\nfalse,b,\xe5\xa9\x9a\n");
    assert_eq!(faults, []);
    let found: Vec<_> = sheet.rows.iter().map(|row| (row.line, row.cell("name"), row.cell("text"))).collect();
    assert_eq!(found, [(2, "a", "x, y"), (4, "b", "婚")]);
}

#[test]
fn lines_are_counted_as_editors_count_them() {
    let cases: [(&[u8], &[u64]); 4] = [
        (b"name,text,sample\r\na,b,true\r\n\r\nc,d,true\r\n", &[2, 4]),
        (b"\xef\xbb\xbfname,text,sample\na,b,true\nc,d,true", &[2, 3]),
        (b"name,text,sample\n\n\na,b,true\n", &[4]),
        (b"name,text,sample\na,\"b\nb\",true\nc,d,true\n", &[2, 4]),
    ];
    for (bytes, expected) in cases {
        let (sheet, _) = parse(bytes);
        let lines: Vec<u64> = sheet.rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, expected, "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_mark_of_the_byte_order_is_no_part_of_the_header() {
    let (sheet, faults) = parse(b"\xef\xbb\xbfname,text,sample\na,b,true\n");
    assert_eq!((faults, sheet.rows.len()), (vec![], 1));
}

#[test]
fn what_is_no_table_is_told_by_row() {
    let cases: [(&[u8], u64, &str, &str); 8] = [
        (b"name,text\na,b\n", 1, "sample", "the column is missing"),
        (b"name,text,sample,extra\n", 1, "extra", "isn't a column"),
        (b"name,name,text,sample\n", 1, "name", "twice"),
        (b"name,text,sample\na,b,true\na,b\n", 3, "", "has 2 fields, the header has 3"),
        (b"name,text,sample\na,\xff,true\n", 2, "", "isn't UTF-8"),
        (b"name,text,sample\n\xff,b,true\n", 2, "", "isn't UTF-8"),
        (b"name,text,sample\na,b ,true\n", 2, "text", "blank"),
        (b"name,text,sample\na,\"b\nc\",true\n", 2, "text", "line break"),
    ];
    for (bytes, row, column, reason) in cases {
        let (_, faults) = parse(bytes);
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(faults.len(), 1, "{shown}: {faults:?}");
        assert_eq!((faults[0].row, faults[0].column.as_str()), (row, column), "{shown}");
        assert!(faults[0].reason.contains(reason), "{:?}", faults[0]);
    }
}
