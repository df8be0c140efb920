//! Medians, and Markdown tables of them.

/// The value in the middle, or between the two in the middle; NaN of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// A line of a table.
pub(crate) fn line<T: AsRef<str>>(cells: &[T]) -> String {
    cells.iter().fold("|".to_owned(), |line, cell| line + " " + cell.as_ref() + " |") + "\n"
}

/// The lines that a table begins with.
pub(crate) fn head(columns: &[&str]) -> String {
    line(columns) + "|" + &"---|".repeat(columns.len()) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_even_number_the_two_in_the_middle_are_halved() {
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 3.0]) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn tables_have_as_many_dashes_as_columns() {
        assert_eq!(head(&["a", "b"]), "| a | b |\n|---|---|\n");
    }
}
