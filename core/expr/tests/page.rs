//! The page for users, `docs/ottl.md`, names what there is and nothing else, and its examples compile.

use std::collections::BTreeSet;
use tidewatch_expr::{Condition, Context, Expression, Statement, converters, editors};

const PAGE: &str = include_str!("../../../docs/ottl.md");

/// The cells of the tables under a heading, headers left out.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading));
    let lines = section.unwrap_or_else(|| panic!("no section {heading}")).lines();
    let tables = lines.filter(|line| line.starts_with("| `"));
    tables
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

fn code(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn firsts(heading: &str) -> BTreeSet<String> {
    rows(heading).iter().flat_map(|row| code(&row[0])).collect()
}

#[test]
fn every_function_is_on_the_page_as_it_is_called() {
    assert_eq!(firsts("Converters"), converters().collect());
    assert_eq!(firsts("Editors"), editors().collect());
}

#[test]
fn every_path_is_on_the_page() {
    for row in rows("Contexts and paths") {
        let name = code(&row[0]).remove(0);
        let context = Context::ALL.into_iter().find(|context| context.name() == name).unwrap();
        // Those of owners have rows of their own.
        let owners = Context::ALL.into_iter().map(Context::name).filter(|owner| *owner != name);
        let prefixes: Vec<_> = owners.map(|owner| format!("{owner}.")).collect();
        let own = context.paths().filter(|path| !prefixes.iter().any(|prefix| path.starts_with(prefix)));
        assert_eq!(code(&row[1]).into_iter().collect::<BTreeSet<_>>(), own.collect(), "{name}");
    }
    let contexts: BTreeSet<_> = Context::ALL.into_iter().map(|context| context.name().to_owned()).collect();
    assert_eq!(firsts("Contexts and paths"), contexts);
}

#[test]
fn examples_compile() {
    let compiles = |text: &str, context| {
        Statement::parse(text, context).is_ok() || Expression::parse(text, context).is_ok()
    };
    let mut seen = 0;
    for heading in ["Converters", "Editors"] {
        for row in rows(heading) {
            for example in code(&row[2]) {
                seen += 1;
                assert!(Context::ALL.into_iter().any(|context| compiles(&example, context)), "{example}");
            }
        }
    }
    assert!(seen >= converters().chain(editors()).count());
    let blocks = PAGE.split("```ottl\n").skip(1).filter_map(|block| block.split("```").next());
    for line in blocks.flat_map(str::lines).filter(|line| !line.is_empty()) {
        let compiles = |context| {
            Statement::parse_prefixed(line, context).is_ok()
                || Condition::parse_prefixed(line, context).is_ok()
        };
        assert!(Context::ALL.into_iter().any(compiles), "{line}");
    }
}
