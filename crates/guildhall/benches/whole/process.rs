//! Processes that end with their owner, and what the system knows about them.

use std::{
    fs,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::Context as _;

/// A process that is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
}

impl Process {
    /// Start it with pipes; its errors are ours.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} does not start", command.get_program().display()))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Ok(Self {
            child,
            input,
            output,
        })
    }

    /// Its standard input and output, once.
    pub(crate) fn streams(&mut self) -> anyhow::Result<(ChildStdin, ChildStdout)> {
        self.input
            .take()
            .zip(self.output.take())
            .context("the streams are taken already")
    }

    /// Its standard output, once; its input stays open.
    pub(crate) fn output(&mut self) -> anyhow::Result<ChildStdout> {
        self.output.take().context("the output is taken already")
    }

    /// Memory in MiB; pages that processes share count in proportion.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let kib: f64 = line
            .and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok())
            .context("/proc tells no PSS")?;
        Ok(kib / 1024.0)
    }

    /// Processor time of all its threads so far, in microseconds. Finer than the ticks of
    /// `/proc/PID/stat`.
    pub(crate) fn processor_time(&self) -> anyhow::Result<f64> {
        let mut nanoseconds = 0.0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // A thread may end while we look.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            let ran: f64 = text
                .split_whitespace()
                .next()
                .and_then(|number| number.parse().ok())
                .context("/proc tells no schedstat")?;
            nanoseconds += ran;
        }
        Ok(nanoseconds / 1000.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
