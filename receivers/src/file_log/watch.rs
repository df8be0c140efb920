//! Notification of changes (inotify), and what has to be polled because there is none.

use rustix::{
    fd::{AsFd, OwnedFd},
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};
use std::{
    collections::{HashMap, HashSet},
    fs::File,
    mem::MaybeUninit,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Watches folders for files that come, and files for bytes that come.
pub(super) struct Watch {
    inotify: Option<Arc<OwnedFd>>,
    folders: HashMap<PathBuf, Option<i32>>,
    files: HashMap<i32, u64>,
    buffer: Box<[MaybeUninit<u8>]>,
    /// The system's limit is reached.
    limited: bool,
}

/// What was noticed since the last time.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    /// Files that changed, by their keys.
    pub(super) files: HashSet<u64>,
    /// Names have changed: it is time to look what is there.
    pub(super) names: bool,
    /// There was too much to remember: everything may have changed.
    pub(super) lost: bool,
}

/// File systems whose changes may be made on other machines, where nobody tells: NFS, SMB, CIFS, FUSE, 9p, Ceph,
/// AFS.
const REMOTE: [u32; 7] =
    [0x6969, 0xfe53_4d42, 0xff53_4d42, 0x6573_5546, 0x0102_1997, 0x00c3_6400, 0x5346_414f];

impl Watch {
    /// Without notification where the system gives none.
    pub(super) fn new(receiver: &str) -> Self {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC);
        let inotify = match inotify {
            Ok(fd) => Some(Arc::new(fd)),
            Err(error) => {
                tracing::warn!(receiver, %error, "no notification of changed files: they are polled");
                None
            }
        };
        Self::with(inotify)
    }

    /// One that polls everything.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self::with(None)
    }

    fn with(inotify: Option<Arc<OwnedFd>>) -> Self {
        let buffer = vec![MaybeUninit::uninit(); 64 << 10].into();
        Self { inotify, folders: HashMap::new(), files: HashMap::new(), buffer, limited: false }
    }

    /// Readable when there is something to notice.
    pub(super) fn descriptor(&self) -> Option<Arc<OwnedFd>> {
        self.inotify.clone()
    }

    /// Whether changes of a file are told from now on, under `key`. The watch stays with the file, whatever its
    /// name becomes.
    pub(super) fn file(&mut self, file: &File, key: u64) -> Option<i32> {
        let inotify = self.inotify.as_ref()?;
        if is_remote(file) {
            return None;
        }
        let flags = WatchFlags::MODIFY | WatchFlags::ATTRIB | WatchFlags::MOVE_SELF;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        match inotify::add_watch(inotify, path, flags) {
            Ok(watch) => {
                self.files.insert(watch, key);
                Some(watch)
            }
            Err(error) => {
                if error == Errno::NOSPC && !std::mem::replace(&mut self.limited, true) {
                    tracing::warn!("fs.inotify.max_user_watches is used up: further files are polled");
                }
                None
            }
        }
    }

    /// Nothing more is told about a file.
    pub(super) fn forget(&mut self, watch: i32) {
        self.files.remove(&watch);
        if let Some(inotify) = &self.inotify {
            // Gone already, if the file is.
            inotify::remove_watch(inotify, watch).ok();
        }
    }

    /// Watches these folders and no others. False: some cannot be watched.
    pub(super) fn folders(&mut self, wanted: &HashSet<PathBuf>) -> bool {
        let gone: Vec<_> = self.folders.extract_if(|path, _| !wanted.contains(path)).collect();
        for watch in gone.into_iter().filter_map(|(_, watch)| watch) {
            self.forget(watch);
        }
        for path in wanted {
            if !self.folders.get(path).is_some_and(Option::is_some) {
                let watch = self.folder(path);
                self.folders.insert(path.clone(), watch);
            }
        }
        self.folders.values().all(Option::is_some)
    }

    fn folder(&self, path: &Path) -> Option<i32> {
        let inotify = self.inotify.as_ref()?;
        if File::open(path).is_ok_and(|folder| is_remote(&folder)) {
            return None;
        }
        let flags = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        inotify::add_watch(inotify, path, flags).ok()
    }

    /// All that was told since the last call.
    pub(super) fn take(&mut self) -> Noticed {
        let mut noticed = Noticed::default();
        let Some(inotify) = self.inotify.clone() else { return noticed };
        let mut ended = Vec::new();
        let mut reader = inotify::Reader::new(&*inotify, &mut self.buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    let flags = event.events();
                    if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                        noticed.lost = true;
                    } else if flags.contains(ReadFlags::IGNORED) {
                        ended.push(event.wd());
                    } else if let Some(key) = self.files.get(&event.wd()) {
                        noticed.files.insert(*key);
                        noticed.names |= flags.intersects(ReadFlags::ATTRIB | ReadFlags::MOVE_SELF);
                    } else {
                        noticed.names = true;
                    }
                }
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        for watch in ended {
            self.files.remove(&watch);
            let before = self.folders.len();
            self.folders.retain(|_, own| *own != Some(watch));
            noticed.names |= self.folders.len() < before;
        }
        noticed
    }
}

fn is_remote(file: impl AsFd) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|system| REMOTE.contains(&(system.f_type as u32)))
}
