//! A whole chain: JSON lines of a file become envelopes in another, by a configuration of `configs/`.

use crate::{Result, agents::Places, directory::Directory, running::Running};
use std::{
    fmt::Write as _,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// What to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Chain {
    /// Folder of the benchmarks
    #[arg(long, default_value = "bench")]
    bench: PathBuf,
    /// The agent [default: tidewatch in cargo's target folder]
    #[arg(long)]
    agent: Option<PathBuf>,
    /// Where files are written, in a new folder that is removed [default: cargo's target folder]
    #[arg(long)]
    directory: Option<PathBuf>,
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Events in the file
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
}

/// Hosts, two of which are in the inventory.
const HOSTS: [&str; 4] = ["host-a", "host-b", "host-c", "host-d"];

impl Chain {
    pub(crate) async fn run(self) -> Result<()> {
        let places = Places::new(&self.bench, None)?;
        let parent = self.directory.as_deref().unwrap_or(&places.target);
        let agent = self.agent.clone().unwrap_or_else(|| places.target.join("release/tidewatch"));
        let config = places.bench.join("../configs/observio.yaml");
        println!("| events | CPU seconds | events per CPU second | seconds | peak MB |");
        println!("|---|---|---|---|---|");
        for _ in 0..self.rounds {
            let directory = Directory::new(parent, "bench-chain")?;
            let folder = directory.canonicalize()?;
            let input = folder.join("events.jsonl");
            write_events(&input, self.events)?;
            let command = [
                "env".to_owned(),
                format!("INPUT={}", input.display()),
                format!("OUTPUT={}", folder.display()),
                "LISTEN=127.0.0.1:0".to_owned(),
                agent.display().to_string(),
                "--config".to_owned(),
                config.display().to_string(),
            ];
            let started = Instant::now();
            let mut running = Running::start("chain", &command, &directory).await?;
            running.during(lines(&folder.join("envelopes.jsonl"), self.events)).await??;
            let (seconds, cpu) = (started.elapsed().as_secs_f64(), running.cpu_seconds());
            println!(
                "| {} | {cpu:.2} | {:.0} | {seconds:.2} | {:.1} |",
                self.events,
                self.events as f64 / cpu,
                running.peak_memory_mb(),
            );
            running.stop().await?;
        }
        Ok(())
    }
}

/// Events like those of the sample; one in fifty is over a limit.
fn write_events(path: &Path, events: u64) -> Result<()> {
    let mut file = io::BufWriter::new(fs::File::create_new(path)?);
    let mut line = String::new();
    for number in 0..events {
        let (host, minute, second) = (HOSTS[(number % 4) as usize], number / 60 % 60, number % 60);
        let value = if number % 50 == 0 { 85.5 } else { (number % 790) as f64 / 10.0 };
        line.clear();
        writeln!(
            line,
            r#"{{"tenant_id": "acme", "host": "{host}", "metric": "cpu_load", "value": {value}, "ts_event": "2025-10-21T10:{minute:02}:{second:02}Z", "unit": "percent", "tags": {{"rack": "r{}"}}}}"#,
            number % 9
        )?;
        file.write_all(line.as_bytes())?;
    }
    Ok(file.flush()?)
}

/// Waits for so many lines in a file that grows.
async fn lines(path: &Path, count: u64) -> io::Result<()> {
    let mut file = loop {
        match fs::File::open(path) {
            Ok(file) => break file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => sleep(Duration::from_millis(20)).await,
            Err(error) => return Err(error),
        }
    };
    let (mut found, mut buffer) = (0, vec![0; 1 << 20]);
    while found < count {
        match file.read(&mut buffer)? {
            0 => sleep(Duration::from_millis(20)).await,
            read => found += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64,
        }
    }
    Ok(())
}
