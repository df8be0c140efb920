//! Every complete configuration in a component's README is one.

mod common;

use common::{File, run};
use std::{fs, path::PathBuf};

/// The READMEs beside the components.
fn readmes() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folders =
        ["receivers", "processors", "exporters", "extensions"].map(|kind| root.join(kind).join("src"));
    let components = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let readmes = components.map(|component| component.expect("an entry").path().join("README.md"));
    readmes.filter(|path| path.exists()).collect()
}

/// Its YAML blocks.
fn examples(markdown: &str) -> impl Iterator<Item = &str> {
    markdown.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next())
}

#[test]
fn examples_are_valid() {
    let readmes = readmes();
    assert!(!readmes.is_empty());
    for path in readmes {
        let markdown = fs::read_to_string(&path).expect("a README");
        // Others show a part of one.
        let complete: Vec<&str> = examples(&markdown).filter(|text| text.contains("\nservice:")).collect();
        assert!(!complete.is_empty(), "{} has no complete example", path.display());
        for example in complete {
            let file = File::new(example);
            let ended = run(&["validate", "--config", file.as_str()]);
            assert_eq!(ended.code, Some(0), "{}:\n{}", path.display(), ended.stderr);
        }
    }
}
