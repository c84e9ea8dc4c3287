use std::io::Write;

use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;

use super::write::{Asked, Book, csv_head, csv_rows, template};
use super::*;
use crate::language::Language;

const COLUMNS: [Column; 2] = [Column::new("name", "名称", "Name"), Column::new("cpu", "CPU(核)", "CPU (cores)")];

fn rows() -> Vec<Vec<Cell>> {
    let texts = ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "\rx", "'=1", "市民政局, \"一\"", "a\nb"];
    texts.iter().map(|text| vec![Cell::from(*text), Cell::Number("0.5".into())]).collect()
}

/// What is taken back from what was written: blanks around a text are lost, nothing else is.
fn taken_back(table: &Table) -> Vec<String> {
    table.rows[1..].iter().map(|row| row.cell(0).to_owned()).collect()
}

#[test]
fn a_csv_is_for_excel_and_has_no_formulas() {
    let mut bytes = csv_head(&COLUMNS, Language::Chinese);
    bytes.extend(csv_rows(&rows()));
    assert!(bytes.starts_with("\u{feff}名称,CPU(核)\r\n'=1+1,0.5\r\n'+x,".as_bytes()));
    let text = String::from_utf8(bytes.clone()).unwrap();
    let starts = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes()).into_records();
    assert!(starts.skip(1).all(|record| !record.unwrap()[0].starts_with(DANGEROUS)));
    let table = Table::read(&bytes).unwrap();
    let expected = ["=1+1", "+x", "-x", "@SUM(A1)", "\tx", "\rx", "'=1", "市民政局, \"一\"", "a\nb"];
    assert_eq!(taken_back(&table), expected);
    assert_eq!(table.rows[1].number, 2);
}

#[test]
fn a_workbook_comes_back_as_it_was_written() {
    let mut book = Book::new("应用系统", &COLUMNS, Language::English).unwrap();
    for row in rows() {
        book.push(&row).unwrap();
    }
    let bytes = book.finish().unwrap();
    let table = Table::read(&bytes).unwrap();
    assert_eq!(table.rows[0].cells, ["Name", "CPU (cores)"]);
    assert_eq!((table.rows[1].cell(0), table.rows[1].cell(1)), ("=1+1", "0.5"));
    // No cell of it is a formula.
    let sheet = unzipped(&bytes, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>"), "{sheet}");
}

fn unzipped(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    std::io::read_to_string(archive.by_name(name).unwrap()).unwrap()
}

#[test]
fn a_template_says_what_may_be_written() {
    let asked = Asked {
        column: Column::new("tier", "层级", "Tier"),
        needed: true,
        words: words::TIERS,
        note: ("行政层级", "Level of government"),
        example: "市级",
    };
    let bytes = template("模板", &[asked], Language::Chinese, 100).unwrap();
    assert_eq!(Table::read(&bytes).unwrap().rows[0].cells, ["层级*"]);
    assert!(asked.column.is_called("层级*") && asked.column.is_called("TIER") && !asked.column.is_called("级"));
    assert!(unzipped(&bytes, "xl/worksheets/sheet1.xml").contains("国家/省级,市级,县级"));
    assert!(unzipped(&bytes, "xl/comments1.xml").contains("行政层级"));
}

#[test]
fn what_a_chinese_excel_saves_is_read() {
    let (bytes, _, _) = encoding_rs::GB18030.encode("名称,说明\r\n民政,婚姻登记\r\n");
    let table = Table::read(&bytes).unwrap();
    assert_eq!(table.rows[1].cells, ["民政", "婚姻登记"]);
}

#[test]
fn bounds_hold_before_anything_is_kept() {
    let long = "x\n".repeat(read::ROWS_MAX + 2);
    let wide = format!("{}\n", ",".repeat(read::COLUMNS_MAX));
    let cell = "x".repeat(5_000);
    let cases: [(&[u8], Unreadable); 7] = [
        (b"", Unreadable::Empty),
        (b" , ,\r\n", Unreadable::Empty),
        (b"a\0b", Unreadable::Damaged),
        (b"PK\x03\x04 and nothing", Unreadable::Damaged),
        (long.as_bytes(), Unreadable::TooLong),
        (wide.as_bytes(), Unreadable::TooLong),
        (cell.as_bytes(), Unreadable::TooLong),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Table::read(bytes), Err(expected));
    }
}

/// 20 MB of blanks in 20 kB, which a reader would unpack.
#[test]
fn a_bomb_is_refused_without_unpacking_it_into_memory() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("xl/workbook.xml", SimpleFileOptions::default()).unwrap();
    for _ in 0..20 {
        archive.write_all(&vec![b' '; 1024 * 1024]).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    assert!(bytes.len() < 100_000, "{}", bytes.len());
    assert_eq!(Table::read(&bytes), Err(Unreadable::Bomb));
}

/// As a range it would be 17 billion cells.
#[test]
fn a_cell_at_the_far_end_of_the_sheet_costs_nothing() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "name").unwrap();
    sheet.write_string(1_048_575, 16_383, "x").unwrap();
    assert_eq!(Table::read(&book.save_to_buffer().unwrap()), Err(Unreadable::TooLong));
}
