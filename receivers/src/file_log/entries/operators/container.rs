//! `container`: what runtimes of containers write around the lines of their logs.

use super::{
    config::{ContainerConfig, ContainerFormat},
    json::{Numbers, object},
};
use crate::file_log::entries::{record::Record, time};
use std::borrow::Cow;
use tidewatch_otlp::write::{Map, Value};
use tidewatch_parse::time::Layout;

#[derive(Debug)]
pub(super) struct Container {
    format: Option<ContainerFormat>,
    pub(super) add_metadata: bool,
    pub(super) max_size: usize,
    time: Layout,
}

/// A line, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::file_log::entries) struct Part {
    pub(in crate::file_log::entries) stream: Stream,
    /// Whether it is the last part.
    pub(in crate::file_log::entries) last: bool,
}

/// Where a container wrote it. Parts of both may alternate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::file_log::entries) enum Stream {
    Stdout,
    Stderr,
}

/// Docker cuts longer lines into parts of this many bytes, and only the last one ends with a newline.
const DOCKER_PART: usize = 16 << 10;

impl Container {
    pub(super) fn build(config: &ContainerConfig) -> Self {
        Self {
            format: config.format,
            add_metadata: config.add_metadata_from_filepath,
            max_size: config.max_log_size.as_usize(),
            time: Layout::rfc3339(),
        }
    }

    /// Takes a line apart: the log becomes the body.
    ///
    /// # Errors
    /// The body is not what a runtime writes.
    pub(super) fn run(&self, record: &mut Record<'_>, now: u64) -> Result<Part, String> {
        let Value::Text(line) = &record.body else { return Err("the body is no text".into()) };
        let format = match self.format {
            None if line.starts_with('{') => ContainerFormat::Docker,
            Some(format) => format,
            // The offset of the time tells both apart, and both are read alike.
            None => ContainerFormat::Containerd,
        };
        match format {
            ContainerFormat::Docker => self.docker(line.clone(), record, now),
            ContainerFormat::Containerd | ContainerFormat::Crio => self.cri(line.clone(), record, now),
        }
    }

    fn docker<'a>(&self, line: Cow<'a, str>, record: &mut Record<'a>, now: u64) -> Result<Part, String> {
        let mut fields = object(line, Numbers::Doubles)?;
        let mut text = |key: &str| match fields.remove(key) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(format!("Docker's line has no text `{key}`")),
        };
        let (time, stream, mut log) = (text("time")?, text("stream")?, text("log")?);
        let time = time::read(now, |now| self.time.parse(&time, now))?;
        let part =
            Part { stream: Stream::named(&stream)?, last: log.ends_with('\n') || log.len() < DOCKER_PART };
        if let Some(line) = log.strip_suffix('\n').map(str::len) {
            match &mut log {
                Cow::Borrowed(log) => *log = &log[..line],
                Cow::Owned(log) => log.truncate(line),
            }
        }
        record.attributes.extend(fields);
        record.attributes.insert("log.iostream", stream);
        (record.time, record.body) = (time, Value::Text(log));
        Ok(part)
    }

    /// `2024-04-13T07:59:37.505201169Z stdout F the line`, `P` for a part.
    fn cri<'a>(&self, line: Cow<'a, str>, record: &mut Record<'a>, now: u64) -> Result<Part, String> {
        match line {
            Cow::Borrowed(line) => {
                let [time, stream, tag, log] = split(line)?;
                self.set_cri(time, (stream.into(), tag.into(), log.into()), record, now)
            }
            Cow::Owned(line) => {
                let [time, stream, tag, log] = split(&line)?;
                let owned = |text: &str| Cow::Owned(text.to_owned());
                self.set_cri(time, (owned(stream), owned(tag), owned(log)), record, now)
            }
        }
    }

    fn set_cri<'a>(
        &self,
        time: &str,
        (stream, tag, log): (Cow<'a, str>, Cow<'a, str>, Cow<'a, str>),
        record: &mut Record<'a>,
        now: u64,
    ) -> Result<Part, String> {
        let part = Part { stream: Stream::named(&stream)?, last: tag.split(':').next() != Some("P") };
        record.time = time::read(now, |now| self.time.parse(time, now))?;
        record.attributes.insert("logtag", tag);
        record.attributes.insert("log.iostream", stream);
        record.body = Value::Text(log);
        Ok(part)
    }
}

fn split(line: &str) -> Result<[&str; 4], String> {
    let mut parts = line.splitn(4, ' ');
    let (time, stream, tag) = (parts.next(), parts.next(), parts.next());
    let (Some(time), Some(stream), Some(tag)) = (time, stream, tag) else {
        return Err("the line is of no container".into());
    };
    Ok([time, stream, tag, parts.next().unwrap_or_default()])
}

impl Stream {
    fn named(name: &str) -> Result<Self, String> {
        match name {
            "stdout" => Ok(Self::Stdout),
            "stderr" => Ok(Self::Stderr),
            _ => Err("the line is of no container: it names neither stdout nor stderr".into()),
        }
    }
}

/// Pod and container as the path of a file names them:
/// `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log`, perhaps rotated.
pub(in crate::file_log::entries) fn pod(path: &str) -> Option<Map<'static>> {
    let mut parts = path.rsplit(['/', '\\']);
    let (file, container, pod) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next()?;
    let (restarts, rotated) = file.split_once(".log")?;
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let rotation = |text: &str| {
        let times = text.strip_prefix('.').and_then(|text| text.split_once('-'));
        times.is_some_and(|(day, time)| digits(day, 8) && digits(time, 6))
    };
    let mut names = pod.split('_');
    let (namespace, name, uid) = (names.next()?, names.next()?, names.next()?);
    let is_uid = !uid.is_empty() && uid.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    let fits = names.next().is_none()
        && !namespace.is_empty()
        && !name.is_empty()
        && is_uid
        && !container.is_empty()
        && !container.contains(['.', '_'])
        && !restarts.is_empty()
        && digits(restarts, restarts.len())
        && (rotated.is_empty() || rotation(rotated));
    let text = |text: &str| Value::from(text.to_owned());
    fits.then(|| {
        Map::from_iter([
            ("k8s.namespace.name", text(namespace)),
            ("k8s.pod.name", text(name)),
            ("k8s.pod.uid", text(uid)),
            ("k8s.container.name", text(container)),
            ("k8s.container.restart_count", text(restarts)),
        ])
    })
}
