//! A table for people: aligned columns, with colours.

use anstyle::{AnsiColor, Style};

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();

/// A column's title and alignment.
pub(super) enum Column {
    Left(&'static str),
    Right(&'static str),
}

/// A value and its colour.
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(super) fn new(value: impl ToString, style: Style) -> Self {
        let text = value.to_string();
        // Spaces at the end of a line can be removed only if no colour follows them.
        let style = if text.is_empty() { PLAIN } else { style };
        Self { text, style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// The lines of a table, its titles first. Every column is as wide as its longest value.
pub(super) fn lines<const N: usize>(columns: [Column; N], rows: Vec<[Cell; N]>) -> Vec<String> {
    let titles = columns
        .each_ref()
        .map(|(Column::Left(title) | Column::Right(title))| Cell::new(title, BOLD));
    let rows: Vec<_> = [titles].into_iter().chain(rows).collect();
    let widths: [_; N] = std::array::from_fn(|at| {
        let widths = rows.iter().map(|row| row[at].width());
        widths.max().unwrap_or_default()
    });
    rows.iter()
        .map(|row| line(&columns, &widths, row))
        .collect()
}

fn line(columns: &[Column], widths: &[usize], row: &[Cell]) -> String {
    let mut line = String::new();
    for ((column, width), cell) in columns.iter().zip(widths).zip(row) {
        let spaces = " ".repeat(width - cell.width());
        let Cell { text, style } = cell;
        line.push_str(&match column {
            Column::Left(_) => format!("{style}{text}{style:#}{spaces}  "),
            Column::Right(_) => format!("{spaces}{style}{text}{style:#}  "),
        });
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_value_whatever_its_colour() {
        let columns = [
            Column::Right("RUN"),
            Column::Left("OUTCOME"),
            Column::Left("REASON"),
        ];
        let lines = lines(
            columns,
            vec![
                [
                    Cell::new(12_345, PLAIN),
                    Cell::new("held", YELLOW),
                    Cell::new("è", PLAIN),
                ],
                [
                    Cell::new(7, DIM),
                    Cell::new("unchanged", DIM),
                    Cell::new("", DIM),
                ],
            ],
        );
        let plain: Vec<_> = lines
            .iter()
            .map(|line| strip_str(line).to_string())
            .collect();
        assert_eq!(
            plain,
            [
                "  RUN  OUTCOME    REASON",
                "12345  held       è",
                "    7  unchanged"
            ]
        );
        assert!(
            lines[1].contains("\u{1b}[33mheld\u{1b}[0m"),
            "{:?}",
            lines[1]
        );
    }
}
