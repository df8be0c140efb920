//! Small files with credentials, read again when they have changed.

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};
use tidewatch_component::StartError;

/// How often a file in use is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// Files of credentials are small; what is larger is some other file.
const MAX_BYTES: u64 = 1 << 20;

/// What a file holds. It is looked at when it is used; a version that cannot be used leaves the last one.
pub(crate) struct Watched<T> {
    path: PathBuf,
    parse: fn(&str) -> Result<T, String>,
    state: Mutex<State<T>>,
}

struct State<T> {
    value: Arc<T>,
    looked: Instant,
    stamp: Option<(SystemTime, u64)>,
}

impl<T> Watched<T> {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// The file cannot be read, or `parse` says what is wrong in it.
    pub(crate) fn open(path: PathBuf, parse: fn(&str) -> Result<T, String>) -> Result<Self, StartError> {
        let stamp = stamp(&path);
        let read = read(&path).map_err(|error| error.to_string()).and_then(|text| parse(&text));
        let value = read.map_err(|error| StartError::new(path.display(), error))?;
        let state = State { value: Arc::new(value), looked: Instant::now(), stamp };
        Ok(Self { path, parse, state: Mutex::new(state) })
    }

    /// What it holds now, or did a second ago.
    pub(crate) fn get(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= INTERVAL {
            state.looked = Instant::now();
            let stamp = stamp(&self.path);
            if stamp != state.stamp {
                self.reload(&mut state, stamp);
            }
        }
        state.value.clone()
    }

    fn reload(&self, state: &mut State<T>, stamp: Option<(SystemTime, u64)>) {
        let read = read(&self.path).map_err(|error| error.to_string());
        match read.and_then(|text| (self.parse)(&text)) {
            Ok(value) => {
                state.value = Arc::new(value);
                tracing::info!(file = %self.path.display(), "changed credentials are in use");
            }
            Err(error) => {
                tracing::warn!(file = %self.path.display(), error, "changed credentials cannot be used");
            }
        }
        // A bad version is reported once, and looked at again when it changes again.
        state.stamp = stamp;
    }
}

fn read(path: &PathBuf) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

fn stamp(path: &PathBuf) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<u32, String> {
        text.trim().parse().map_err(|_| "not a number".to_owned())
    }

    /// Puts a new version of the file in place and makes the next use look at it.
    fn change(watched: &Watched<u32>, text: &str) {
        std::fs::write(&watched.path, text).expect("written");
        watched.state.lock().expect("a lock").looked -= INTERVAL;
    }

    #[test]
    fn a_good_version_replaces_and_a_bad_one_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("number");
        std::fs::write(&path, "1").expect("written");
        let watched = Watched::open(path, number).expect("a number");
        assert_eq!(*watched.get(), 1);
        change(&watched, "22");
        assert_eq!(*watched.get(), 22);
        change(&watched, "word");
        assert_eq!(*watched.get(), 22);
        change(&watched, "55555");
        assert_eq!(*watched.get(), 55555);
    }

    #[test]
    fn what_cannot_be_used_at_first_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("number");
        let open = || Watched::open(path.clone(), number).err().expect("an error").0;
        assert!(open().contains("No such file"), "{}", open());
        std::fs::write(&path, "word").expect("written");
        assert_eq!(open(), format!("{}: not a number", path.display()));
        std::fs::write(&path, vec![b'1'; MAX_BYTES as usize + 1]).expect("written");
        assert!(open().ends_with("it is larger than 1 MiB"));
    }
}
