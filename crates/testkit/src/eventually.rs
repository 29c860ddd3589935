use std::{fmt::Display, panic::Location, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

const PAUSE: Duration = Duration::from_millis(10);

/// The result of an attempt of [`eventually`]: `true`, `Some` or `Ok` ends the wait.
pub trait Attempt {
    /// The value that [`eventually`] returns.
    type Value;

    /// The value, or the reason to try again.
    fn settle(self) -> Result<Self::Value, String>;
}

impl Attempt for bool {
    type Value = ();

    fn settle(self) -> Result<(), String> {
        if self {
            Ok(())
        } else {
            Err("it is still false".to_owned())
        }
    }
}

impl<T> Attempt for Option<T> {
    type Value = T;

    fn settle(self) -> Result<T, String> {
        self.ok_or_else(|| "it is still none".to_owned())
    }
}

impl<T, E: Display> Attempt for Result<T, E> {
    type Value = T;

    fn settle(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

/// Repeats `attempt` every 10 ms until it succeeds, and returns its value.
///
/// For conditions without an event to wait for. A hanging attempt ends at the deadline too.
///
/// # Panics
///
/// When the deadline has passed, with the last reason.
#[track_caller]
pub fn eventually<A: Attempt>(
    deadline: Duration,
    mut attempt: impl AsyncFnMut() -> A,
) -> impl Future<Output = A::Value> {
    let caller = Location::caller();
    async move {
        let end = Instant::now() + deadline;
        let mut reason = "the first attempt has not ended".to_owned();
        loop {
            match timeout_at(end, attempt()).await.map(Attempt::settle) {
                Ok(Ok(value)) => return value,
                Ok(Err(why)) => reason = why,
                Err(_) => {}
            }
            if Instant::now() >= end {
                panic!("gave up after {deadline:?} at {caller}: {reason}");
            }
            sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_returns_the_first_success() {
        let mut tries = 0;
        let value = eventually(Duration::from_secs(5), async || {
            tries += 1;
            if tries < 3 {
                Err("too early")
            } else {
                Ok(tries)
            }
        })
        .await;
        assert_eq!(value, 3);
    }

    #[tokio::test]
    #[should_panic(expected = "still closed")]
    async fn a_failed_wait_reports_the_last_reason() {
        let closed: Result<(), _> = Err("still closed");
        eventually(Duration::from_millis(30), async || closed).await;
    }

    #[tokio::test]
    #[should_panic(expected = "the first attempt has not ended")]
    async fn a_hanging_attempt_ends_at_the_deadline() {
        eventually(Duration::from_millis(30), async || {
            std::future::pending::<bool>().await
        })
        .await;
    }
}
