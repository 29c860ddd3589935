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

/// Replaces itself with the program, after it has started a supervisor that waits for its input to
/// close. Only the test process holds the other end, so the supervisor notices every end of it,
/// SIGKILL included; it then kills the program and removes its folder.
///
/// Both have a process group of their own, so that signals for the test's group do not reach them.
/// The system does not reuse the id of a process group, so the supervisor cannot kill another's.
const SUPERVISOR: &str = r#"
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

/// A command that runs `program` under the supervisor; `removed_folder` is removed when the test
/// process dies.
pub(crate) fn supervised(program: &Path, removed_folder: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", SUPERVISOR, "sh"])
        .arg(removed_folder)
        .arg(program);
    command
}

/// A running [`supervised`] command. Dropping it kills it and waits for its end.
pub(crate) struct ChildProcess {
    name: String,
    pid: Pid,
    child: Mutex<Child>,
    output: watch::Receiver<Output>,
    _supervisor_input: ChildStdin,
}

/// The output of a process so far.
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

impl ChildProcess {
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
            _supervisor_input: child.stdin.take().expect("the input is a pipe"),
            child: Mutex::new(child),
            output,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Sends a signal, unless the process has ended.
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

    /// Waits until the process and its children have closed their output.
    pub(crate) async fn wait_output_end(&self, deadline: Duration) {
        let mut output = self.output.clone();
        let closed = output.wait_for(|output| output.open == 0);
        if tokio::time::timeout(deadline, closed).await.is_err() {
            panic!(
                "{} still holds its output open after {deadline:?}",
                self.name
            );
        }
    }

    /// Waits for the first line, printed already or later, for which `wanted` returns a value.
    pub(crate) async fn find_line<T>(
        &self,
        deadline: Duration,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> T {
        self.try_find_line(deadline, wanted)
            .await
            .unwrap_or_else(|why| {
                panic!(
                    "{} {why} the expected line; it printed:\n{}",
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

    /// The output so far, in the order in which it was read.
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

impl Drop for ChildProcess {
    #[expect(
        clippy::print_stderr,
        reason = "a failed test shows what its processes printed"
    )]
    fn drop(&mut self) {
        // The supervisor ends too, since the owner of the folder removes it. An error means that the
        // group is gone already.
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
