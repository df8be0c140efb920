//! Globs with `**` and `{a,b}`, and the walk that finds what they name.

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Component, Path, PathBuf},
};
use tidewatch_config::Mistake;

/// What to read and what not.
pub(super) struct Globs {
    include: Vec<Walk>,
    exclude: GlobSet,
}

/// What a walk has found.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// In order of their names.
    pub(super) paths: BTreeSet<PathBuf>,
    /// The folders in which more may appear.
    pub(super) folders: HashSet<PathBuf>,
    /// There were more than are followed.
    pub(super) too_many: bool,
}

/// One glob without alternatives: where it begins, and the steps from there.
struct Walk {
    root: PathBuf,
    steps: Vec<Step>,
}

enum Step {
    Name(String),
    Pattern(GlobMatcher),
    /// `**`: any folders, or none.
    Folders,
}

/// Alternatives of one glob at most.
const MAX_ALTERNATIVES: usize = 1000;
/// Folders below each other at most that `**` goes through.
const MAX_DEPTH: usize = 64;
/// Files that are followed at most.
const MAX_FILES: usize = 100_000;

impl Globs {
    pub(super) fn new(include: &[String], exclude: &[String]) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut walks = Vec::new();
        for (index, glob) in include.iter().enumerate() {
            match alternatives(glob)
                .and_then(|all| all.iter().map(|one| Walk::new(one)).collect::<Result<Vec<_>, _>>())
            {
                Ok(more) => walks.extend(more),
                Err(error) => mistakes.push(Mistake::new(format!("include[{index}]"), error)),
            }
        }
        let mut set = GlobSetBuilder::new();
        for (index, glob) in exclude.iter().enumerate() {
            match GlobBuilder::new(glob).literal_separator(true).build() {
                Ok(glob) => drop(set.add(glob)),
                Err(error) => {
                    mistakes.push(Mistake::new(format!("exclude[{index}]"), error.kind().to_string()));
                }
            }
        }
        let exclude = set.build().map_err(|error| mistakes.push(Mistake::new("exclude", error.to_string())));
        match exclude {
            Ok(exclude) if mistakes.is_empty() => Ok(Self { include: walks, exclude }),
            _ => Err(mistakes),
        }
    }

    /// Everything that is there now. Folders that cannot be read are as good as empty.
    pub(super) fn find(&self) -> Matches {
        let mut matches = Matches::default();
        for walk in &self.include {
            self.step(&walk.root, &walk.steps, 0, &mut matches);
        }
        matches
    }

    fn step(&self, folder: &Path, steps: &[Step], depth: usize, matches: &mut Matches) {
        match steps {
            [] => {}
            [Step::Name(name)] => {
                watch(folder, matches);
                let path = folder.join(name);
                if path.symlink_metadata().is_ok() {
                    self.add(path, matches);
                }
            }
            [Step::Name(name), rest @ ..] => {
                let next = folder.join(name);
                if next.is_dir() {
                    self.step(&next, rest, depth, matches);
                } else {
                    watch(folder, matches);
                }
            }
            [Step::Pattern(pattern), rest @ ..] => {
                watch(folder, matches);
                for entry in entries(folder).filter(|entry| pattern.is_match(Path::new(&entry.file_name()))) {
                    let path = entry.path();
                    if !rest.is_empty() {
                        if path.is_dir() {
                            self.step(&path, rest, depth, matches);
                        }
                    } else if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                        self.add(path, matches);
                    }
                }
            }
            [Step::Folders, rest @ ..] => {
                self.step(folder, rest, depth, matches);
                // Links are not followed here, or a circle of them would never end.
                let folders =
                    entries(folder).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
                if depth < MAX_DEPTH {
                    folders.for_each(|entry| self.step(&entry.path(), steps, depth + 1, matches));
                }
            }
        }
    }

    fn add(&self, path: PathBuf, matches: &mut Matches) {
        if self.exclude.is_match(&path) {
            return;
        }
        if let Ok(target) = path.read_link() {
            // What it leads to may be replaced, too.
            let target = folder_of(&path).join(target);
            watch(folder_of(&target), matches);
        }
        if matches.paths.len() >= MAX_FILES {
            matches.too_many = true;
        } else {
            matches.paths.insert(path);
        }
    }
}

impl Walk {
    fn new(glob: &str) -> Result<Self, String> {
        let mut walk = Self { root: PathBuf::from("."), steps: Vec::new() };
        if glob.is_empty() {
            return Err("a glob is not empty".into());
        }
        for component in Path::new(glob).components() {
            let Component::Normal(name) = component else {
                if walk.steps.is_empty() {
                    walk.root = match component {
                        Component::RootDir => PathBuf::from("/"),
                        _ => walk.root.join(component),
                    };
                    continue;
                }
                return Err("`..` can only stand at the beginning".into());
            };
            let name = name.to_string_lossy();
            walk.steps.push(match &*name {
                "**" => Step::Folders,
                _ if name.contains(['*', '?', '[', '\\']) => {
                    let glob = GlobBuilder::new(&name).literal_separator(true).build();
                    Step::Pattern(glob.map_err(|error| error.kind().to_string())?.compile_matcher())
                }
                _ => Step::Name(name.into_owned()),
            });
        }
        match walk.steps.last() {
            None => Err("a folder is not a file".into()),
            Some(Step::Folders) => {
                let all = GlobBuilder::new("*").build().map_err(|error| error.to_string())?;
                walk.steps.push(Step::Pattern(all.compile_matcher()));
                Ok(walk)
            }
            Some(_) => Ok(walk),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Where something may appear: the folder, or what there is on the way to it.
fn watch(folder: &Path, matches: &mut Matches) {
    if let Some(there) = folder.ancestors().find(|ancestor| ancestor.is_dir()) {
        matches.folders.insert(there.to_owned());
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok)
}

/// `a{b,c}` as `ab` and `ac`.
fn alternatives(glob: &str) -> Result<Vec<String>, String> {
    let mut open = None;
    let (mut depth, mut commas) = (0, Vec::new());
    let (mut escaped, mut class) = (false, false);
    for (at, character) in glob.char_indices() {
        match character {
            _ if std::mem::take(&mut escaped) => {}
            '\\' => escaped = true,
            ']' => class = false,
            _ if class => {}
            '[' => class = true,
            '{' => {
                depth += 1;
                open.get_or_insert(at);
            }
            ',' if depth == 1 => commas.push(at),
            '}' if depth == 1 => {
                let start = open.unwrap_or(at);
                let bounds = std::iter::once(start).chain(commas).chain([at]).collect::<Vec<_>>();
                let mut all = Vec::new();
                for part in bounds.windows(2) {
                    let one = [&glob[..start], &glob[part[0] + 1..part[1]], &glob[at + 1..]].concat();
                    all.extend(alternatives(&one)?);
                    if all.len() > MAX_ALTERNATIVES {
                        return Err(format!("a glob has at most {MAX_ALTERNATIVES} alternatives"));
                    }
                }
                return Ok(all);
            }
            '}' if depth == 0 => return Err("a `}` without its `{`".into()),
            '}' => depth -= 1,
            _ => {}
        }
    }
    if depth > 0 { Err("a `{` without its `}`".into()) } else { Ok(vec![glob.to_owned()]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(root: &Path, include: &[&str], exclude: &[&str]) -> Vec<String> {
        let inside = |globs: &[&str]| {
            globs.iter().map(|glob| format!("{}/{glob}", root.display())).collect::<Vec<_>>()
        };
        let globs =
            Globs::new(&inside(include), &inside(exclude)).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
        let names = globs.find().paths;
        names.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in ["a.log", "b.log", "b.log.1", "x/c.log", "x/y/d.log", "x/y/z/e.txt", ".hidden.log"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    #[test]
    fn globs_name_what_they_name_in_the_collector() {
        let root = tree();
        let found = |glob: &str| found(root.path(), &[glob], &[]);
        assert_eq!(found("a.log"), ["a.log"]);
        assert_eq!(found("?.log"), ["a.log", "b.log"]);
        assert_eq!(found("*.log"), [".hidden.log", "a.log", "b.log"]);
        assert_eq!(found("[a-b].log*"), ["a.log", "b.log", "b.log.1"]);
        assert_eq!(found("**/*.log"), [".hidden.log", "a.log", "b.log", "x/c.log", "x/y/d.log"]);
        assert_eq!(found("x/**"), ["x/c.log", "x/y/d.log", "x/y/z/e.txt"]);
        assert_eq!(found("x/**/d.log"), ["x/y/d.log"]);
        assert_eq!(found("{a,x/{c,none}}.log"), ["a.log", "x/c.log"]);
        assert!(found("none/*.log").is_empty());
    }

    #[test]
    fn what_is_excluded_is_not_found() {
        let root = tree();
        assert_eq!(found(root.path(), &["**/*"], &["x/**", "*.1", ".*"]), ["a.log", "b.log"]);
        assert_eq!(found(root.path(), &["**/*.log"], &["**/{b,d}.log"]), [".hidden.log", "a.log", "x/c.log"]);
    }

    #[test]
    fn folders_are_told_in_which_files_may_appear() {
        let root = tree();
        let folders = |glob: &str| {
            let globs = Globs::new(&[format!("{}/{glob}", root.path().display())], &[]).ok().unwrap();
            let mut folders: Vec<_> = globs.find().folders.into_iter().collect();
            folders.sort();
            folders
                .iter()
                .map(|path| path.strip_prefix(root.path()).unwrap().display().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(folders("x/*.log"), ["x"]);
        assert_eq!(folders("none/deeper/*.log"), [""], "the nearest folder that is there");
        assert_eq!(folders("x/**/*.log"), ["x", "x/y", "x/y/z"]);
    }

    #[test]
    fn what_is_no_glob_is_told_at_its_place() {
        let wrong = ["/x/a[", "/x/{a", "/x/a}", "", "/"].map(str::to_owned);
        let mistakes = Globs::new(&wrong, &["[".to_owned()]).err().unwrap();
        let paths: Vec<_> = mistakes.iter().map(|mistake| mistake.path.as_str()).collect();
        assert_eq!(
            paths,
            ["include[0]", "include[1]", "include[2]", "include[3]", "include[4]", "exclude[0]"]
        );
        let many = "{a,b}".repeat(12);
        assert!(Globs::new(&[many], &[]).is_err());
    }
}
