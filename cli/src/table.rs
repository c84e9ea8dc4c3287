//! Tables for terminals: columns by the width that characters take on the screen (a Chinese
//! character takes two), cut or wrapped so that a line fits.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::Width;

/// Columns of a terminal that a table keeps to.
pub const COLUMNS: usize = 100;
/// Between two columns, as kubectl has at least.
const GAP: usize = 2;
/// A column that gives way keeps this much: enough to tell names apart.
const KEPT: usize = 8;

/// What happens to a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shown whole, flush left.
    Text,
    /// Shown whole, flush right.
    Number,
    /// Cut with `…` where the line is too long.
    Cut,
    /// Goes on in the next line where the line is too long.
    Wrap,
}

/// A head and the kind of what is below it.
pub type Column = (&'static str, Kind);

/// The table as text, its lines without trailing blanks.
#[must_use]
pub fn render(columns: &[Column], rows: &[Vec<String>], width: Width) -> String {
    let mut widths = natural_widths(columns, rows);
    if width == Width::Narrow {
        give_way(columns, &mut widths);
    }
    let heads: Vec<String> = columns.iter().map(|(head, _)| (*head).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&heads).chain(rows) {
        for line in lines(columns, &widths, row) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn natural_widths(columns: &[Column], rows: &[Vec<String>]) -> Vec<usize> {
    let widest = |index: usize, head: &str| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.width());
        cells.fold(head.width(), usize::max)
    };
    columns.iter().enumerate().map(|(index, (head, _))| widest(index, head)).collect()
}

/// Takes from the widest column that may give way, one character at a time, until a line fits.
fn give_way(columns: &[Column], widths: &mut [usize]) {
    let gaps = GAP * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > COLUMNS {
        let flexible = |index: &usize| matches!(columns[*index].1, Kind::Cut | Kind::Wrap) && widths[*index] > KEPT;
        let Some(widest) = (0..widths.len()).filter(flexible).max_by_key(|&index| widths[index]) else { return };
        widths[widest] -= 1;
    }
}

fn lines(columns: &[Column], widths: &[usize], row: &[String]) -> Vec<String> {
    let cells: Vec<Vec<String>> = columns
        .iter()
        .zip(widths)
        .enumerate()
        .map(|(index, ((_, kind), &width))| {
            let cell = row.get(index).map_or("", String::as_str);
            match kind {
                Kind::Text | Kind::Number => vec![cell.to_owned()],
                Kind::Cut => vec![cut(cell, width)],
                Kind::Wrap => wrap(cell, width),
            }
        })
        .collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(1);
    (0..height)
        .map(|line| {
            let parts = cells.iter().zip(widths).zip(columns).map(|((cell, &width), (_, kind))| {
                let text = cell.get(line).map_or("", String::as_str);
                let blanks = " ".repeat(width.saturating_sub(text.width()));
                if *kind == Kind::Number { format!("{blanks}{text}") } else { format!("{text}{blanks}") }
            });
            parts.collect::<Vec<_>>().join(&" ".repeat(GAP))
        })
        .collect()
}

/// At most `width` columns of the text; `…` stands for what is left out.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if kept.width() + character.width().unwrap_or(0) + 1 > width {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// The text in lines of at most `width` columns, broken at blanks where there are any.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let mut rest = word;
        loop {
            let line = lines.last_mut().expect("there is always a line");
            let blank = usize::from(!line.is_empty());
            if line.width() + blank + rest.width() <= width {
                if blank == 1 {
                    line.push(' ');
                }
                line.push_str(rest);
                break;
            }
            if !line.is_empty() {
                lines.push(String::new());
                continue;
            }
            // A word longer than a line, which Chinese sentences are: it is broken anywhere.
            let end = fitting(rest, width.max(2));
            line.push_str(&rest[..end]);
            rest = &rest[end..];
            lines.push(String::new());
        }
    }
    lines
}

/// How many bytes of the text fit `width` columns; at least one character.
fn fitting(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (index, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > width && index > 0 {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_line_up_also_with_chinese_in_them() {
        let columns = [("NAME", Kind::Text), ("CPU", Kind::Number), ("POOL", Kind::Text)];
        let rows = [row(&["婚姻登记", "8", "cec"]), row(&["exchange", "1200", "inspur"])];
        let text = render(&columns, &rows, Width::Narrow);
        assert_eq!(text, "NAME       CPU  POOL\n婚姻登记     8  cec\nexchange  1200  inspur\n");
    }

    #[test]
    fn no_line_is_longer_than_the_terminal() {
        let columns = [("A", Kind::Cut), ("B", Kind::Number), ("C", Kind::Cut), ("D", Kind::Wrap)];
        let long = "政务信息资源交换共享平台".repeat(6);
        let sentence = "memory doesn't fit the pool: asked 4000G more, free 3764G. Ask for less ".repeat(3);
        for (a, c, d) in
            [("x", "y", "z"), (&*long, &*long, &*long), ("a", &*long, &*sentence), (&*sentence, "b", &*long)]
        {
            let text = render(&columns, &[row(&[a, "31353G", c, d])], Width::Narrow);
            assert!(text.lines().all(|line| line.width() <= COLUMNS), "{text}");
            let wide = render(&columns, &[row(&[a, "31353G", c, d])], Width::Wide);
            assert_eq!(wide.lines().count(), 2);
            assert!(wide.contains(a) && wide.contains(c.trim_end()), "{wide}");
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        let cases = [
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abcde…"),
            ("婚姻登记", 8, "婚姻登记"),
            ("婚姻登记", 6, "婚姻…"),
            ("婚姻登记", 5, "婚姻…"),
        ];
        for (text, width, expected) in cases {
            assert_eq!(cut(text, width), expected);
        }
    }

    #[test]
    fn nothing_of_what_is_wrapped_is_lost() {
        let cases = [
            ("one two three", 7, vec!["one two", "three"]),
            ("婚姻登记系统", 5, vec!["婚姻", "登记", "系统"]),
            ("a 婚姻登记", 4, vec!["a", "婚姻", "登记"]),
            ("", 4, vec![""]),
        ];
        for (text, width, expected) in cases {
            assert_eq!(wrap(text, width), expected);
        }
    }
}
