//! Runs the real binary.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod webhook;

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// A test that hangs fails after this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, without the environment's ideas of colours.
pub(crate) fn tidewatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidewatch"));
    command.args(arguments).env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    command
}

/// What a command printed, and how it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    ended(tidewatch(arguments).output().expect("the binary runs"))
}

pub(crate) fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A configuration in a file of its own.
pub(crate) struct File {
    _folder: TempDir,
    pub(crate) path: PathBuf,
}

impl File {
    pub(crate) fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent.yaml");
        std::fs::write(&path, text).expect("written");
        Self { _folder: folder, path }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.path.to_str().expect("UTF-8")
    }
}

/// A running agent, which logs JSON. Killed when dropped.
pub(crate) struct Agent {
    child: Child,
    log: BufReader<ChildStderr>,
    /// The lines so far.
    pub(crate) lines: Vec<Value>,
    /// What it said about its configuration before the log began.
    pub(crate) warnings: String,
}

impl Agent {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(config: &str) -> Self {
        let file = File::new(config);
        Self::spawn(&mut tidewatch(&["--config", file.as_str()]))
    }

    /// The same with a command of one's own.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        command.args(["--set", "service::telemetry::logs::encoding=json"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        let mut agent = Self { child, log, lines: Vec::new(), warnings: String::new() };
        agent.wait_for("ready");
        agent
    }

    /// Reads the log until a line says `message`; every line of it must be JSON.
    pub(crate) fn wait_for(&mut self, message: &str) -> Value {
        loop {
            let mut line = String::new();
            if self.log.read_line(&mut line).expect("a line") == 0 {
                panic!("the agent ended before it said `{message}`: {:#?}", self.lines);
            }
            if self.lines.is_empty() && !line.starts_with('{') {
                self.warnings.push_str(&line);
                continue;
            }
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
            self.lines.push(line.clone());
            if line["message"] == message {
                return line;
            }
        }
    }

    /// A line that has come already.
    pub(crate) fn line(&self, is: impl Fn(&Value) -> bool) -> &Value {
        self.lines.iter().find(|line| is(line)).unwrap_or_else(|| panic!("no such line: {:#?}", self.lines))
    }

    /// Where the agent's own metrics are.
    pub(crate) fn metrics(&self) -> String {
        let ready = self.line(|line| line["message"] == "ready");
        ready["metrics"].as_str().expect("an address").to_owned()
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).expect("the agent's threads").count()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for the end, and reads the rest of the log.
    pub(crate) fn wait(mut self) -> (ExitStatus, Vec<Value>) {
        let status = wait_for_the_end(&mut self.child);
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).expect("the rest");
        let mut lines = std::mem::take(&mut self.lines);
        lines.extend(rest.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
        (status, lines)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Ended already, as it should be.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Sends a signal, e.g. `TERM`.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

/// How an agent ended; one that does not is killed.
pub(crate) fn wait_for_the_end(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("a status") {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().ok();
            panic!("the agent does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Status and body of a GET request.
pub(crate) fn get(address: &str, path: &str) -> (u16, String) {
    request(address, &format!("GET {path} HTTP/1.1\r\n"), "")
}

/// Status and body of a POST request with JSON; `headers` end with a line break each.
pub(crate) fn post(address: &str, path: &str, headers: &str, json: &str) -> (u16, String) {
    let length = json.len();
    let head =
        format!("POST {path} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
    request(address, &(head + headers), json)
}

/// Status and body of a request whose head is up to the test, but for the last empty line.
pub(crate) fn request_with(address: &str, head: &str) -> (u16, String) {
    exchange(address, &format!("{head}connection: close\r\n\r\n"))
}

fn request(address: &str, head: &str, body: &str) -> (u16, String) {
    exchange(address, &format!("{head}host: {address}\r\nconnection: close\r\n\r\n{body}"))
}

fn exchange(address: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("an answer");
    let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}
