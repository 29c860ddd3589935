use std::time::Duration;

use common::models::Event;
use common::repository::{Delivery, LoggedEvent};
use jiff::Timestamp;

/// Events that a webhook has not accepted are dropped at this age.
const MAX_AGE: Duration = Duration::from_hours(3 * 24);

/// An event to be delivered.
pub(super) struct PendingEvent {
    pub(super) number: u64,
    pub(super) id: String,
    pub(super) event: Event,
}

/// The events that a webhook has not accepted yet.
pub(super) struct PendingEvents {
    /// Oldest first.
    pub(super) events: Vec<PendingEvent>,
    /// Number of dropped events before them: too old, unreadable, or no longer in the log.
    pub(super) dropped: u64,
    /// The number of the last event before `events`.
    pub(super) delivered: u64,
}

impl PendingEvents {
    pub(super) fn new(log: Vec<LoggedEvent>, delivery: &Delivery, now: Timestamp) -> Self {
        let newest = log.last().map_or(0, |event| event.number);
        let delivered = match delivery.delivered {
            delivered if delivered <= newest => delivered,
            // The log is new, as after a loss of the database.
            _ => log
                .first()
                .map_or(0, |event| event.number.saturating_sub(1)),
        };
        let is_recent = |event: &Event| {
            let age = Duration::try_from(now.duration_since(event.timestamp));
            age.unwrap_or_default() < MAX_AGE
        };
        let events: Vec<_> = log
            .into_iter()
            .filter(|logged| logged.number > delivered)
            .filter_map(|logged| {
                let event = logged.event?;
                Some(PendingEvent {
                    number: logged.number,
                    id: logged.id,
                    event,
                })
            })
            .skip_while(|pending| !is_recent(&pending.event))
            .collect();
        let before = events.first().map_or(newest, |first| first.number - 1);
        Self {
            events,
            dropped: before.saturating_sub(delivered),
            delivered: before.max(delivered),
        }
    }
}

#[cfg(test)]
mod tests {
    use common::models::EventData;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    /// A log of events that happened an hour apart.
    fn log(numbers: std::ops::RangeInclusive<u64>) -> Vec<LoggedEvent> {
        let event = |number: u64| Event {
            data: EventData::Test {},
            timestamp: at(number),
        };
        numbers
            .map(|number| LoggedEvent {
                number,
                id: number.to_string(),
                event: Some(event(number)),
            })
            .collect()
    }

    fn at(hour: u64) -> Timestamp {
        Timestamp::UNIX_EPOCH + HOUR * u32::try_from(hour).unwrap()
    }

    /// First and last number of the pending events, and how many were dropped.
    fn pending(log: Vec<LoggedEvent>, delivered: u64, now: Timestamp) -> (Option<(u64, u64)>, u64) {
        let delivery = Delivery {
            delivered,
            ..Delivery::default()
        };
        let pending = PendingEvents::new(log, &delivery, now);
        let numbers: Vec<_> = pending.events.iter().map(|event| event.number).collect();
        let ends = numbers.first().copied().zip(numbers.last().copied());
        (ends, pending.dropped)
    }

    #[test]
    fn events_that_were_not_delivered_are_pending_and_none_is_dropped() {
        assert_eq!(pending(log(1..=9), 0, at(9)), (Some((1, 9)), 0));
        assert_eq!(pending(log(1..=9), 6, at(9)), (Some((7, 9)), 0));
        assert_eq!(pending(log(1..=9), 9, at(9)), (None, 0));
        assert_eq!(pending(Vec::new(), 0, at(9)), (None, 0));
    }

    #[test]
    fn events_of_three_days_ago_and_those_that_left_the_log_are_dropped_and_counted() {
        assert_eq!(pending(log(1..=9), 2, at(6 + 72)), (Some((7, 9)), 4));
        assert_eq!(pending(log(1..=9), 2, at(9 + 72)), (None, 7));
        assert_eq!(pending(log(5..=9), 2, at(9)), (Some((5, 9)), 2));
    }

    #[test]
    fn all_events_of_a_new_log_are_pending() {
        assert_eq!(pending(log(1..=3), 40, at(3)), (Some((1, 3)), 0));
    }
}
