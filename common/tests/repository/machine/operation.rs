//! What can happen, as data that proptest makes and shrinks.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

/// How many processes publish.
pub(super) const PUBLISHERS: usize = 3;
/// One reader that follows, and one that loads again and again.
pub(super) const READERS: usize = 2;
/// One thing that happens. A publisher or a reader is named by its place.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// A publisher that has nothing to do begins a run, and one at work goes on; then it sleeps.
    Run(usize, Task, Until),
    /// A publisher at work goes on, and sleeps again.
    Go(usize, Until),
    /// A publisher at work goes on; then something is wrong with its next call.
    Fault(usize, Until, Fault),
    /// A publisher is killed, and another process takes its place.
    Crash(usize, Last),
    /// A publisher is stopped: it gives up its run and releases the lease.
    GiveUp(usize, Last),
    /// The current lease expires.
    LeasePasses,
    /// A publisher renews its lease.
    Renew(usize),
    /// A write that is still under way arrives; 0 is the last that was made.
    Arrive(usize),
    /// A reader gets so many answers, the first of them perhaps wrong.
    Look(usize, usize, Option<ReadFault>),
    /// The server crashes and forgets the last commit, which it had confirmed to nobody.
    TakeBack,
    /// The store is lost and rebuilt.
    Rebuild,
    /// All kept versions are looked at.
    LookBack,
    /// At rest, a part that the head names is lost, or corrupted.
    Spoil(usize, bool),
}

/// How far a publisher goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// So many calls, or less if the run is over.
    Calls(usize),
    /// Until it is about to commit, or its run is over.
    Commit,
    /// Until its run is over.
    End,
}

/// What a run is for.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// To publish the last version with some edits.
    Sync(Vec<Edit>),
    /// To publish a state of so many versions before, and to pin it.
    RollBack(usize),
    /// To hold on to the published version.
    Pin,
    /// To let it go.
    Unpin,
    /// To let a held delta pass.
    Approve(u8),
}

/// What a source can do to a catalogue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Edit {
    /// A movie comes, or changes.
    Movie(usize, u32),
    /// A movie goes.
    Gone(usize),
    /// A person has another name, which its movies show.
    Rename(u8),
    /// A person is of the species of humans or of none, by which its movies sort it.
    Human(bool),
    /// Every movie changes.
    All(u32),
}

/// What can be wrong with a publisher's call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// It takes place and the answer is lost.
    Lost,
    /// It does not take place.
    Refused,
    /// It seems to fail, and arrives later, perhaps more than once.
    Late,
    /// It takes place, and arrives once more later.
    Twice,
    /// A reading of the head is of so many changes ago.
    Old(usize),
}

/// What became of the call at which a publisher ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Last {
    /// It was not made.
    Undone,
    /// It took place.
    Done,
    /// It is still under way.
    Late,
}

/// A wrong response to a reader.
#[derive(Clone, Copy, Debug)]
pub(super) enum ReadFault {
    /// The head of so many changes ago.
    Old(usize),
    /// A part is not there yet.
    Missing,
}

/// The retention, and what happens.
pub(super) fn histories() -> impl Strategy<Value = (u64, Vec<Operation>)> {
    (2..7_u64, vec(operation(), 1..60))
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{
        Arrive, Crash, Fault, GiveUp, Go, LeasePasses, Look, LookBack, Rebuild, Renew, Run, Spoil,
        TakeBack,
    };
    let publisher = || 0..PUBLISHERS;
    prop_oneof![
        14 => (publisher(), task(), until(1..16))
            .prop_map(|(publisher, task, until)| Run(publisher, task, until)),
        8 => (publisher(), until(1..8)).prop_map(|(publisher, until)| Go(publisher, until)),
        5 => (publisher(), until(0..2), fault())
            .prop_map(|(publisher, until, fault)| Fault(publisher, until, fault)),
        2 => (publisher(), last()).prop_map(|(publisher, last)| Crash(publisher, last)),
        1 => (publisher(), last()).prop_map(|(publisher, last)| GiveUp(publisher, last)),
        7 => Just(LeasePasses),
        1 => publisher().prop_map(Renew),
        3 => (0..4_usize).prop_map(Arrive),
        8 => (0..READERS, 1..8_usize, prop::option::weighted(0.3, read_fault()))
            .prop_map(|(reader, calls, fault)| Look(reader, calls, fault)),
        2 => Just(TakeBack),
        1 => Just(Rebuild),
        1 => Just(LookBack),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(part, corrupt)| Spoil(part, corrupt)),
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
        4 => (0..8_usize).prop_map(Edit::Gone),
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

fn last() -> impl Strategy<Value = Last> {
    prop_oneof![Just(Last::Undone), Just(Last::Done), Just(Last::Late)]
}

fn read_fault() -> impl Strategy<Value = ReadFault> {
    prop_oneof![
        (1..8_usize).prop_map(ReadFault::Old),
        Just(ReadFault::Missing),
    ]
}
