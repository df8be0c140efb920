//! Any schedule of appends, rotations of every kind, answers and restarts, against a model: every line once where the
//! receiver was never killed, and at least once where it was.

use super::{
    super::{round::Load, watch::Watch, worker::Worker},
    kit::{Place, lines_of},
};
use proptest::prelude::*;
use serde_json::json;
use std::{
    collections::HashMap,
    fs,
    time::{Duration, Instant},
};

#[derive(Debug, Clone, Copy)]
enum Step {
    /// So many lines, of which the last one is left without its end for a moment.
    Append {
        file: usize,
        lines: usize,
        split: bool,
    },
    Rename {
        file: usize,
    },
    /// A copy, in one or two parts, and the truncation.
    CopyTruncate {
        file: usize,
        halves: bool,
        pause: bool,
    },
    /// The oldest rotated file that is not packed yet.
    Pack {
        file: usize,
        halves: bool,
    },
    /// The oldest rotated file, if all of it was delivered.
    Delete {
        file: usize,
    },
    /// A round; what it makes is answered now, or with a later round.
    Round {
        answer: bool,
    },
    /// With everything answered and written.
    Restart,
    /// With nothing more answered; what was written is there.
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let file = 0..2_usize;
    prop_oneof![
        6 => (file.clone(), 1..40_usize, any::<bool>()).prop_map(|(file, lines, split)| Step::Append { file, lines, split }),
        2 => file.clone().prop_map(|file| Step::Rename { file }),
        2 => (file.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(file, halves, pause)| Step::CopyTruncate { file, halves, pause }),
        1 => (file.clone(), any::<bool>()).prop_map(|(file, halves)| Step::Pack { file, halves }),
        1 => file.prop_map(|file| Step::Delete { file }),
        6 => any::<bool>().prop_map(|answer| Step::Round { answer }),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
    ]
}

struct World {
    place: Place,
    worker: Box<Worker>,
    now: Instant,
    waiting: Vec<Load>,
    arrived: HashMap<String, usize>,
    written: Vec<String>,
    /// Rotated files of each log, the oldest first, and how many lines had been written by then.
    rotated: [Vec<(String, usize)>; 2],
    rotations: usize,
    killed: bool,
    /// Nothing tells of changes.
    polled: bool,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new(polled: bool) -> Self {
        let place = Place::new(json!({"start_at": "beginning", "compression": "auto"})).with_storage();
        let mut worker = place.worker();
        if polled {
            worker.watch = Watch::none();
        }
        // What was there before the very first start is not asked where it came from.
        worker.round(Instant::now(), true);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let rotated = [Vec::new(), Vec::new()];
        let (waiting, arrived, written) = (Vec::new(), HashMap::new(), Vec::new());
        let now = Instant::now();
        Self {
            place,
            worker,
            now,
            waiting,
            arrived,
            written,
            rotated,
            rotations: 0,
            killed: false,
            polled,
            runtime,
        }
    }

    fn name(file: usize) -> String {
        format!("{file}.log")
    }

    fn take(&mut self, step: Step) {
        self.now += Duration::from_millis(250);
        match step {
            Step::Append { file, lines, split } => {
                for _ in 0..lines {
                    let line =
                        format!("{file} {:06} {}", self.written.len(), "x".repeat(self.written.len() % 40));
                    let text = format!("{line}\n");
                    let (first, rest) = text.split_at(if split { text.len() / 2 } else { 0 });
                    if split && lines < 3 {
                        self.place.append(&Self::name(file), first);
                        self.round(true);
                        self.place.append(&Self::name(file), rest);
                    } else {
                        self.place.append(&Self::name(file), &text);
                    }
                    self.written.push(line.trim_end().to_owned());
                }
            }
            Step::Rename { file } => {
                if let Some(name) = self.rotate(file) {
                    self.place.rename(&Self::name(file), &name);
                }
            }
            Step::CopyTruncate { file, halves, pause } => {
                let Some(name) = self.rotate(file) else { return };
                let content = fs::read(self.place.path(&Self::name(file))).unwrap();
                let middle = if halves { content.len() / 2 } else { 0 };
                self.place.append(&name, &content[..middle]);
                if halves {
                    self.round(true);
                }
                self.place.append(&name, &content[middle..]);
                if pause {
                    self.round(true);
                }
                self.place.truncate(&Self::name(file));
            }
            Step::Pack { file, halves } => {
                let Some((name, _)) = self.rotated[file].iter_mut().find(|(name, _)| !name.ends_with(".gz"))
                else {
                    return;
                };
                let old = name.clone();
                name.push_str(".gz");
                let new = name.clone();
                let packed = self.place.gzip(&old);
                let middle = if halves { packed.len() / 2 } else { 0 };
                self.place.append(&new, &packed[..middle]);
                if halves {
                    self.round(true);
                }
                self.place.append(&new, &packed[middle..]);
                self.round(false);
                self.place.remove(&old);
            }
            Step::Delete { file } => {
                let Some((name, until)) = self.rotated[file].first().cloned() else { return };
                if self.written[..until].iter().all(|line| self.arrived.contains_key(line))
                    && self.waiting.is_empty()
                {
                    self.place.remove(&name);
                    self.rotated[file].remove(0);
                }
            }
            Step::Round { answer } => self.round(answer),
            Step::Restart => {
                self.answer();
                self.restart();
            }
            Step::Kill => {
                self.killed = true;
                self.waiting.clear();
                self.restart();
            }
        }
    }

    /// The name that a log is rotated to, if it is there.
    fn rotate(&mut self, file: usize) -> Option<String> {
        let is_there =
            fs::metadata(self.place.path(&Self::name(file))).is_ok_and(|metadata| metadata.len() > 0);
        self.rotations += usize::from(is_there);
        let name = format!("{file}.log.{}", self.rotations);
        is_there.then(|| {
            self.rotated[file].push((name.clone(), self.written.len()));
            name
        })
    }

    fn round(&mut self, answer: bool) {
        self.now += Duration::from_millis(250);
        if answer {
            self.answer();
        }
        if let Some(load) = self.worker.round(self.now, true).load {
            for line in lines_of(&load) {
                *self.arrived.entry(line).or_default() += 1;
            }
            self.waiting.push(load);
        }
        self.write();
    }

    fn answer(&mut self) {
        for load in std::mem::take(&mut self.waiting) {
            self.worker.acknowledge(load.stretches);
        }
        self.write();
    }

    fn write(&mut self) {
        self.place.state().write_later(self.worker.take_changes());
    }

    fn restart(&mut self) {
        self.runtime.block_on(self.place.written());
        self.worker = self.place.worker();
        if self.polled {
            self.worker.watch = Watch::none();
        }
    }

    /// Everything has the time that it needs.
    fn finish(&mut self) {
        for _ in 0..60 {
            self.now += Duration::from_secs(1);
            self.round(true);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_line_arrives_whatever_happens_to_its_file(polled in any::<bool>(), steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new(polled);
        steps.into_iter().for_each(|step| world.take(step));
        world.finish();
        let World { arrived, written, killed, .. } = &world;
        for line in written {
            let times = arrived.get(line).copied().unwrap_or(0);
            prop_assert!(times >= 1, "lost: {line}");
            prop_assert!(times == 1 || *killed, "{times} times: {line}");
        }
        prop_assert_eq!(arrived.len(), written.len(), "lines that nobody wrote");
    }
}
