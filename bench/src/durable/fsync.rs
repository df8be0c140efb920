//! What the disk can do by itself.

use crate::{Result, signal::Signal, template::Template};
use std::{
    fs::{File, remove_file},
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

const LONG_ENOUGH: Duration = Duration::from_secs(2);

/// How often in a second the disk appends and syncs one request of 100 log records of each sender.
pub(super) fn rate(directory: &Path, senders: u64) -> Result<f64> {
    let mut group = Vec::new();
    for mut request in Template::several(Signal::Logs, 100, usize::try_from(senders)?, 1) {
        group.extend_from_slice(request.stamped(1));
    }
    let path = directory.join("fsync");
    let mut file = File::create_new(&path)?;
    let (begin, mut syncs) = (Instant::now(), 0_u32);
    while begin.elapsed() < LONG_ENOUGH {
        file.write_all(&group)?;
        file.sync_data()?;
        syncs += 1;
    }
    let seconds = begin.elapsed().as_secs_f64();
    remove_file(path)?;
    Ok(f64::from(syncs) / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Directory;

    #[test]
    fn every_disk_syncs_and_nothing_is_left_behind() {
        let name = format!("tidewatch-bench-fsync-{}", std::process::id());
        let directory = Directory::new(&std::env::temp_dir(), &name).unwrap();
        assert!(rate(&directory, 1).unwrap() > 0.0);
        assert_eq!(std::fs::read_dir(&*directory).unwrap().count(), 0);
    }
}
