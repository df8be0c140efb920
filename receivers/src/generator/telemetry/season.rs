//! Gauges that follow the time of day: users and, with them, CPU.

use crate::generator::service::Service;
use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Normal};
use std::f64::consts::TAU;

/// When a season peaks: of a day, at 14:00 UTC.
const PEAK: f64 = 14.0 / 24.0;
/// Users of a service on average, and how far the season takes them from there.
const USERS: f64 = 500.0;
const SWING: f64 = 0.6;
/// Standard deviation of the noise, as a share of the value.
const NOISE: f64 = 0.02;
/// CPU of a service without users, and that of a user.
const IDLE: f64 = 0.1;
const PER_USER: f64 = 0.0006;

/// A gauge and what it shows.
pub(super) struct Reading {
    pub(super) name: String,
    pub(super) unit: &'static str,
    pub(super) value: f64,
}

pub(super) struct Season {
    /// Nanoseconds.
    period: f64,
    noise: Normal<f64>,
    random: StdRng,
}

impl Season {
    pub(super) fn new(period: std::time::Duration, seed: u64) -> Self {
        let noise = Normal::new(1.0, NOISE).expect("a finite deviation");
        Self { period: period.as_nanos() as f64, noise, random: StdRng::seed_from_u64(seed) }
    }

    /// What the gauges of a service show at `time`, in Unix nanoseconds.
    pub(super) fn read(&mut self, service: &Service, time: u64) -> [Reading; 2] {
        let turn = time as f64 % self.period / self.period - PEAK;
        let usual = USERS * (1.0 + SWING * (turn * TAU).cos());
        let users = usual * self.noise.sample(&mut self.random);
        let cpu = (IDLE + PER_USER * usual) * self.noise.sample(&mut self.random);
        [
            Reading {
                name: format!("{}.active_users", service.name),
                unit: "{user}",
                value: users.round().max(0.0),
            },
            Reading { name: "process.cpu.utilization".into(), unit: "1", value: cpu.clamp(0.0, 1.0) },
        ]
    }
}
