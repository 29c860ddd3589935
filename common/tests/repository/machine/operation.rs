//! The operations of a history, as data that proptest generates and shrinks.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::fixture::PartDamage;

/// Processes that publish.
pub(super) const PUBLISHERS: usize = 3;
/// One reader that follows, and one that loads again and again.
pub(super) const READERS: usize = 2;

/// One step of a history. Publishers and readers are named by their indexes.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// An idle publisher begins a run, a busy one resumes; then it pauses.
    Run(usize, Task, Until),
    /// A busy publisher resumes, then pauses.
    Resume(usize, Until),
    /// A busy publisher resumes; then its next call fails.
    Fault(usize, Until, Fault),
    /// A publisher is killed, and another process replaces it.
    Kill(usize, LastCall),
    /// A publisher is stopped: it abandons its run and releases the lease.
    Stop(usize, LastCall),
    /// The current lease expires.
    ExpireLease,
    /// A publisher renews its lease.
    Renew(usize),
    /// A delayed write reaches the store; 0 is the newest.
    DeliverLateWrite(usize),
    /// A reader makes this number of calls. The first can fail.
    Read(usize, usize, Option<ReadFault>),
    /// The server crashes and loses the last commit, which it had not acknowledged.
    RevertCommit,
    /// The store is lost and rebuilt.
    RebuildStore,
    /// Every available version is read.
    ReadHistory,
    /// While no call is under way, a part that the head names is lost, or corrupted.
    DamagePart(usize, PartDamage),
}

/// Where a publisher pauses.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// After this number of calls, or at the end of the run.
    Calls(usize),
    /// Before the commit, or at the end of the run.
    Commit,
    /// At the end of the run.
    End,
}

/// The task of a run.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// Publish the current version with edits.
    Sync(Vec<Edit>),
    /// Publish the state of this number of versions before, and pin it.
    RollBack(usize),
    /// Pin the published version.
    Pin,
    /// Remove the pin.
    Unpin,
    /// Approve a held delta.
    Approve(u8),
}

/// An edit of the source.
#[derive(Clone, Copy, Debug)]
pub(super) enum Edit {
    /// A movie is added or changed.
    Movie(usize, u32),
    /// A movie is removed.
    Remove(usize),
    /// A person gets another name, which its movies show.
    Rename(u8),
    /// A person is human or not, which its movies sort by.
    Human(bool),
    /// Every movie changes.
    All(u32),
}

/// A fault of a publisher's call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It succeeds, and the response is lost.
    Lost,
    /// It is refused.
    Refused,
    /// It times out, and reaches the store later, perhaps more than once.
    Late,
    /// It succeeds, and reaches the store a second time later.
    Twice,
    /// A read of the head returns that of this number of changes before.
    Old(usize),
}

/// The end of a publisher's last call.
#[derive(Clone, Copy, Debug)]
pub(super) enum LastCall {
    /// Never sent.
    Undone,
    /// Successful.
    Done,
    /// Delayed.
    Late,
}

/// A wrong response to a reader.
#[derive(Clone, Copy, Debug)]
pub(super) enum ReadFault {
    /// The head of this number of changes before.
    Old(usize),
    /// A missing part.
    Missing,
}

/// A retention and a list of operations.
pub(super) fn histories() -> impl Strategy<Value = (u64, Vec<Operation>)> {
    (2..7_u64, vec(operation(), 1..60))
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{
        DamagePart, DeliverLateWrite, ExpireLease, Fault, Kill, Read, ReadHistory, RebuildStore,
        Renew, Resume, RevertCommit, Run, Stop,
    };
    let publisher = || 0..PUBLISHERS;
    prop_oneof![
        14 => (publisher(), task(), until(1..16))
            .prop_map(|(publisher, task, until)| Run(publisher, task, until)),
        8 => (publisher(), until(1..8)).prop_map(|(publisher, until)| Resume(publisher, until)),
        5 => (publisher(), until(0..2), fault())
            .prop_map(|(publisher, until, fault)| Fault(publisher, until, fault)),
        2 => (publisher(), last()).prop_map(|(publisher, last)| Kill(publisher, last)),
        1 => (publisher(), last()).prop_map(|(publisher, last)| Stop(publisher, last)),
        7 => Just(ExpireLease),
        1 => publisher().prop_map(Renew),
        3 => (0..4_usize).prop_map(DeliverLateWrite),
        8 => (0..READERS, 1..8_usize, prop::option::weighted(0.3, read_fault()))
            .prop_map(|(reader, calls, fault)| Read(reader, calls, fault)),
        2 => Just(RevertCommit),
        1 => Just(RebuildStore),
        1 => Just(ReadHistory),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(part, corrupts)| {
            let damage = if corrupts { PartDamage::Corrupt } else { PartDamage::Remove };
            DamagePart(part, damage)
        }),
    ]
}

fn until(calls: Range<usize>) -> impl Strategy<Value = Until> {
    prop_oneof![
        3 => calls.prop_map(Until::Calls),
        2 => Just(Until::Commit),
        2 => Just(Until::End),
    ]
}

fn task() -> impl Strategy<Value = Task> {
    prop_oneof![
        12 => vec(edit(), 0..4).prop_map(Task::Sync),
        2 => (0..4_usize).prop_map(Task::RollBack),
        1 => Just(Task::Pin),
        3 => Just(Task::Unpin),
        1 => any::<u8>().prop_map(Task::Approve),
    ]
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        6 => (0..8_usize, 1..9_u32).prop_map(|(number, edition)| Edit::Movie(number, edition)),
        4 => (0..8_usize).prop_map(Edit::Remove),
        1 => (0..4_u8).prop_map(Edit::Rename),
        1 => any::<bool>().prop_map(Edit::Human),
        1 => (1..9_u32).prop_map(Edit::All),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::Lost),
        1 => Just(Fault::Refused),
        3 => Just(Fault::Late),
        2 => Just(Fault::Twice),
        1 => (1..6_usize).prop_map(Fault::Old),
    ]
}

fn last() -> impl Strategy<Value = LastCall> {
    prop_oneof![
        Just(LastCall::Undone),
        Just(LastCall::Done),
        Just(LastCall::Late)
    ]
}

fn read_fault() -> impl Strategy<Value = ReadFault> {
    prop_oneof![
        (1..8_usize).prop_map(ReadFault::Old),
        Just(ReadFault::Missing),
    ]
}
