//! Every complete configuration that the documentation shows, and every file in `configs/`, is valid.

mod common;

use common::{File, run};
use std::{
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn examples_of_components_are_valid() {
    let kinds = ["receivers", "processors", "exporters", "extensions"];
    let manuals: Vec<PathBuf> =
        kinds.iter().flat_map(|kind| files(&Path::new(ROOT).join(kind).join("src"), "README.md")).collect();
    assert!(!manuals.is_empty());
    for manual in manuals {
        assert!(check(&manual) > 0, "{} has no complete example", manual.display());
    }
}

#[test]
fn examples_of_the_documentation_are_valid() {
    check(&Path::new(ROOT).join("README.md"));
    for page in files(&Path::new(ROOT).join("docs"), ".md") {
        check(&page);
    }
}

#[test]
fn configurations_that_are_ready_to_run_are_valid() {
    let configs = files(&Path::new(ROOT).join("configs"), ".yaml");
    assert!(!configs.is_empty());
    for config in configs {
        validate(config.to_str().expect("UTF-8"), &config);
    }
}

/// The files in a folder, and in those below it, whose names end like this.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_str().is_some_and(|path| path.ends_with(end)) {
            found.push(path);
        }
    }
    found
}

/// Validates a page's complete configurations, and says how many there are. Other YAML shows a part of one.
fn check(page: &Path) -> usize {
    let markdown = fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    let blocks = markdown.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let complete: Vec<&str> = blocks.filter(|text| text.contains("\nservice:")).collect();
    for example in &complete {
        validate(File::new(example).as_str(), page);
    }
    complete.len()
}

fn validate(config: &str, origin: &Path) {
    let ended = run(&["validate", "--config", config]);
    assert_eq!(ended.code, Some(0), "{}:\n{}", origin.display(), ended.stderr);
}
