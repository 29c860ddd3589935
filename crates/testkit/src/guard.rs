//! Child processes that cannot outlive the test process.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::sync::watch;

use crate::eventually;

/// Starts the program as itself (its pid, its exit status) and, beside it, a watcher that waits
/// for its input to close. Only the test process holds the other end, so the watcher notices
/// every death of it, SIGKILL included; it then ends the program and removes its folder.
///
/// Both are in a process group of their own, out of reach of signals meant for the test's; and a
/// pid is not given away while a group has it as its number, so the watcher cannot hit a stranger.
const WATCHED: &str = r#"
exec 3<&0 </dev/null
folder=$1
shift
(
    trap '' HUP INT TERM
    read -r closed <&3
    kill -s KILL $$
    kill -s TERM -- -$$
    tries=0
    until rm -rf "$folder" || [ $tries -ge 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
) >/dev/null 2>&1 &
exec 3<&-
exec "$@"
"#;

/// A command that runs `program` watched; `doomed` is the folder that goes when the test dies.
pub(crate) fn watched(program: &Path, doomed: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", WATCHED, "sh"]).arg(doomed).arg(program);
    command
}

/// A started [`watched`] command. Dropping it kills it and waits for its end.
pub(crate) struct Guarded {
    name: String,
    pid: Pid,
    child: Mutex<Child>,
    output: watch::Receiver<Output>,
    _life_line: ChildStdin,
}

/// What a process has printed so far.
#[derive(Default)]
pub(crate) struct Output {
    lines: Vec<(Stream, String)>,
    open: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Stream {
    Out,
    Err,
}

impl Guarded {
    pub(crate) fn spawn(name: &str, mut command: Command) -> Self {
        use std::os::unix::process::CommandExt;

        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} could not be started: {error}"));
        let (sender, output) = watch::channel(Output {
            lines: Vec::new(),
            open: 2,
        });
        capture(Stream::Out, child.stdout.take(), sender.clone());
        capture(Stream::Err, child.stderr.take(), sender);
        Self {
            name: name.to_owned(),
            pid: Pid::from_child(&child),
            _life_line: child.stdin.take().expect("the input is a pipe"),
            child: Mutex::new(child),
            output,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Sends `signal`; a process that has ended is left alone.
    pub(crate) fn signal(&self, signal: Signal) {
        let mut child = self.child();
        if ended(&mut child).is_none() {
            kill_process(self.pid, signal).expect("a child that has not been waited for is there");
        }
    }

    pub(crate) fn kill(&self) {
        let mut child = self.child();
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
    }

    pub(crate) fn has_ended(&self) -> bool {
        ended(&mut self.child()).is_some()
    }

    pub(crate) async fn wait_exit(&self, deadline: Duration) -> ExitStatus {
        eventually(deadline, async || {
            ended(&mut self.child())
                .ok_or_else(|| format!("{} has not ended; it printed:\n{}", self.name, self.text()))
        })
        .await
    }

    /// Waits until all that the process and its children print has been read.
    pub(crate) async fn wait_silence(&self, deadline: Duration) {
        let mut output = self.output.clone();
        let closed = output.wait_for(|output| output.open == 0);
        if tokio::time::timeout(deadline, closed).await.is_err() {
            panic!(
                "{} still holds its output open after {deadline:?}",
                self.name
            );
        }
    }

    /// Waits for the first line, printed already or later, for which `wanted` has an answer.
    pub(crate) async fn find_line<T>(
        &self,
        deadline: Duration,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> T {
        self.try_find_line(deadline, wanted)
            .await
            .unwrap_or_else(|why| {
                panic!(
                    "{} {why} the line waited for; it printed:\n{}",
                    self.name,
                    self.text()
                )
            })
    }

    /// As [`Self::find_line`]; `Err` if the process closed its output or the deadline passed.
    pub(crate) async fn try_find_line<T>(
        &self,
        deadline: Duration,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> Result<T, String> {
        let mut output = self.output.clone();
        let find = |output: &Output| output.lines.iter().find_map(|(_, line)| wanted(line));
        let settled = output.wait_for(|output| output.open == 0 || find(output).is_some());
        match tokio::time::timeout(deadline, settled).await {
            Ok(Ok(output)) => find(&output),
            Ok(Err(_)) => find(&self.output.borrow()),
            Err(_) => return Err(format!("did not print within {deadline:?}")),
        }
        .ok_or_else(|| "ended without printing".to_owned())
    }

    /// All that was printed so far, in the order in which it was read.
    pub(crate) fn text(&self) -> String {
        self.lines(|_| true)
    }

    pub(crate) fn text_of(&self, wanted: Stream) -> String {
        self.lines(|stream| stream == wanted)
    }

    fn lines(&self, wanted: impl Fn(Stream) -> bool) -> String {
        let output = self.output.borrow();
        let lines = output.lines.iter().filter(|(stream, _)| wanted(*stream));
        lines.map(|(_, line)| format!("{line}\n")).collect()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guarded {
    #[expect(
        clippy::print_stderr,
        reason = "a failed test shows what its processes printed"
    )]
    fn drop(&mut self) {
        // The watcher is in the group as well: the owner of a folder removes it by itself now.
        // An error means that the group is gone already.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let _ = self.child().wait();
        if std::thread::panicking() {
            eprintln!("--- {} printed:\n{}---", self.name, self.text());
        }
    }
}

fn ended(child: &mut Child) -> Option<ExitStatus> {
    child.try_wait().expect("a child can be waited for")
}

fn capture(
    stream: Stream,
    pipe: Option<impl Read + Send + 'static>,
    output: watch::Sender<Output>,
) {
    let pipe = BufReader::new(pipe.expect("the output is a pipe"));
    std::thread::spawn(move || {
        for line in pipe.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            output.send_modify(|output| output.lines.push((stream, line)));
        }
        output.send_modify(|output| output.open -= 1);
    });
}
