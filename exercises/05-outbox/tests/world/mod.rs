//! Shared by both parts of the grader: a machine with three files, and parts that follow a script.

#![allow(dead_code, reason = "each part of the grader uses a part of it")]

use crashdisk::Disk;
use domain::{Event, EventId, LessonKey, Offset, Progress, Version};
use outbox::effects::{Effect, Failure};
use outbox::inbox::Inbox;
use outbox::message::{Message, Record};
use outbox::outbox::{Outbox, OutboxError, Row, Rows};
use outbox::relay::Publish;
use outbox::store::Store;
use outbox::stream::{FetchError, Log, PublishError, Stream};
use redb::{
    Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use testbed::note;

/// Room for every message of any test.
pub const ROOMY: u64 = 1_000_000;

/// The name of the worker in most tests.
pub const WORKER: &str = "analytics";

/// One machine: the authority's file, the stream's and the worker's.
pub struct Machine {
    pub store: Disk,
    pub stream: Disk,
    pub worker: Disk,
}

impl Machine {
    pub fn new() -> Self {
        let store = Disk::new();
        Self {
            stream: store.beside(),
            worker: store.beside(),
            store,
        }
    }

    /// The authority with its outbox.
    pub fn authority(&self) -> (Store, Outbox) {
        authority(&self.store, ROOMY)
    }

    /// The stream, which has to open.
    pub fn opened_stream(&self) -> Stream {
        stream_on(&self.stream)
    }

    /// The worker's database and its inbox.
    pub fn inbox(&self) -> (Arc<Database>, Inbox) {
        inbox_on(&self.worker)
    }
}

pub fn database(disk: &Disk) -> Arc<Database> {
    let mut builder = Database::builder();
    builder.set_cache_size(1 << 20);
    let opened = builder.create_with_backend(disk.handle());
    Arc::new(opened.expect("the engine opens what a crash leaves"))
}

pub fn authority(disk: &Disk, max_rows: u64) -> (Store, Outbox) {
    let database = database(disk);
    let outbox = Outbox::open(Arc::clone(&database), max_rows);
    let outbox = outbox.expect("an outbox in a database that opens");
    (Store::new(database, outbox.clone()), outbox)
}

pub fn stream_on(disk: &Disk) -> Stream {
    Stream::open(disk.handle()).unwrap_or_else(|error| {
        panic!("The stream did not open on a disk that was not damaged: {error}")
    })
}

pub fn inbox_on(disk: &Disk) -> (Arc<Database>, Inbox) {
    let database = database(disk);
    let inbox = Inbox::open(Arc::clone(&database), WORKER);
    (database, inbox.expect("an inbox in a database that opens"))
}

/// The first learner's lesson with this number.
pub const fn key(lesson: u64) -> LessonKey {
    LessonKey::new(1, lesson)
}

pub fn event(lesson: u64, version: u64) -> Event {
    Event {
        progress: Progress {
            key: key(lesson),
            version: Version(version),
            steps_done: 7,
            completed: true,
        },
        committed_at_ms: 1_000 * version,
    }
}

pub fn message(lesson: u64, version: u64) -> Message {
    Message::from(&event(lesson, version))
}

pub fn record(offset: u64, lesson: u64, version: u64) -> Record {
    Record {
        offset: Offset(offset),
        message: message(lesson, version),
    }
}

/// A record that no program here can read.
pub fn unreadable(offset: u64, lesson: u64, version: u64) -> Record {
    let mut record = record(offset, lesson, version);
    record.message.payload[0] = 99;
    record
}

/// Lesson and version: what an event is about, in short.
pub fn short(id: EventId) -> (u64, u64) {
    (id.key.lesson.0, id.version.0)
}

pub fn ids(messages: &[Message]) -> Vec<(u64, u64)> {
    messages.iter().map(|message| short(message.id)).collect()
}

/// What waits in the outbox.
pub fn waiting(outbox: &impl Rows) -> Vec<(u64, u64)> {
    let rows = outbox.unsent(usize::MAX).expect("the outbox can be read");
    rows.iter().map(|row| short(row.message.id)).collect()
}

/// What is in the stream.
pub fn published(stream: &impl Log) -> Vec<(u64, u64)> {
    let records = stream.fetch(Offset(0), usize::MAX);
    let records = records.unwrap_or_else(|error| panic!("The stream could not be read: {error}"));
    for (at, record) in records.iter().enumerate() {
        assert_eq!(
            record.offset.0, at as u64,
            "Offsets begin at 0 and rise by one."
        );
    }
    records
        .iter()
        .map(|record| short(record.message.id))
        .collect()
}

/// Records completions of lessons, one after the other.
pub fn commands(store: &Store, lessons: &[u64]) -> Vec<Progress> {
    let record = |lesson: &u64| store.record(key(*lesson), 7, true, 1_000);
    let done = lessons.iter().map(record);
    done.map(|done| done.expect("a command on a disk that works"))
        .collect()
}

/// An outbox whose rows become visible, and whose calls fail, when the test says so.
#[derive(Clone, Default)]
pub struct ScriptedRows(Rc<RefCell<RowsScript>>);

#[derive(Default)]
pub struct RowsScript {
    pub visible: BTreeMap<u64, Message>,
    /// Becomes visible when the next batch is marked.
    pub late: Vec<(u64, Message)>,
    pub marked: Vec<u64>,
    pub fail_marks: usize,
    pub fail_reads: usize,
}

impl ScriptedRows {
    pub fn with(rows: impl IntoIterator<Item = (u64, Message)>) -> Self {
        let scripted = Self::default();
        scripted.0.borrow_mut().visible.extend(rows);
        scripted
    }

    pub fn script(&self) -> std::cell::RefMut<'_, RowsScript> {
        self.0.borrow_mut()
    }
}

impl Rows for ScriptedRows {
    fn unsent(&self, max: usize) -> Result<Vec<Row>, OutboxError> {
        let mut script = self.0.borrow_mut();
        if script.fail_reads > 0 {
            script.fail_reads -= 1;
            return Err(OutboxError::Disk("told to fail".to_owned()));
        }
        let rows = script.visible.iter().take(max);
        Ok(rows
            .map(|(number, message)| Row {
                number: *number,
                message: message.clone(),
            })
            .collect())
    }

    fn mark_sent(&self, numbers: &[u64]) -> Result<(), OutboxError> {
        let mut script = self.0.borrow_mut();
        if script.fail_marks > 0 {
            script.fail_marks -= 1;
            note(format!(
                "marking {numbers:?} fails, as if the relay had died"
            ));
            return Err(OutboxError::Disk("told to fail".to_owned()));
        }
        let late = std::mem::take(&mut script.late);
        for (number, message) in late {
            note(format!("row {number} becomes visible"));
            script.visible.insert(number, message);
        }
        for number in numbers {
            script.visible.remove(number);
        }
        note(format!("rows {numbers:?} were marked as sent"));
        script.marked.extend(numbers);
        Ok(())
    }
}

/// A stream that keeps its batches as they come, and fails when the test says so.
#[derive(Clone, Default)]
pub struct ScriptedStream(Rc<RefCell<StreamScript>>);

#[derive(Default)]
pub struct StreamScript {
    pub batches: Vec<Vec<(u64, u64)>>,
    pub calls: usize,
    pub failures: VecDeque<PublishError>,
}

impl ScriptedStream {
    pub fn script(&self) -> std::cell::RefMut<'_, StreamScript> {
        self.0.borrow_mut()
    }

    pub fn published(&self) -> Vec<(u64, u64)> {
        self.0.borrow().batches.concat()
    }
}

impl Publish for ScriptedStream {
    fn publish(&self, batch: &[Message]) -> Result<(), PublishError> {
        let mut script = self.0.borrow_mut();
        script.calls += 1;
        if let Some(error) = script.failures.pop_front() {
            note(format!("publishing {:?} fails: {error}", ids(batch)));
            return Err(error);
        }
        note(format!("{:?} were published", ids(batch)));
        script.batches.push(ids(batch));
        Ok(())
    }
}

/// A stream that a test writes by hand.
#[derive(Clone, Default)]
pub struct ScriptedLog(Rc<RefCell<LogScript>>);

#[derive(Default)]
pub struct LogScript {
    pub records: Vec<Record>,
    /// The last record that was fetched.
    pub fetched_to: u64,
    pub fail: usize,
}

impl ScriptedLog {
    pub fn of(records: impl IntoIterator<Item = Record>) -> Self {
        let log = Self::default();
        log.script().records.extend(records);
        log
    }

    /// One record each, from offset 0.
    pub fn of_events(events: &[(u64, u64)]) -> Self {
        let records = events.iter().zip(0..);
        Self::of(records.map(|((lesson, version), offset)| record(offset, *lesson, *version)))
    }

    pub fn script(&self) -> std::cell::RefMut<'_, LogScript> {
        self.0.borrow_mut()
    }
}

impl Log for ScriptedLog {
    fn end(&self) -> Offset {
        Offset(self.0.borrow().records.len() as u64)
    }

    fn fetch(&self, from: Offset, max: usize) -> Result<Vec<Record>, FetchError> {
        let mut script = self.0.borrow_mut();
        if script.fail > 0 {
            script.fail -= 1;
            return Err(FetchError::Disk("told to fail".to_owned()));
        }
        let end = Offset(script.records.len() as u64);
        if from > end {
            return Err(FetchError::BeyondEnd { from, end });
        }
        let records = script.records.iter();
        let records = records.filter(|record| record.offset >= from).take(max);
        let records: Vec<Record> = records.cloned().collect();
        if let Some(last) = records.last() {
            script.fetched_to = script.fetched_to.max(last.offset.0);
        }
        Ok(records)
    }
}

/// The rows that the test's effect writes: one for each time it is applied.
const SEEN: TableDefinition<u64, (u64, u64)> = TableDefinition::new("seen");

/// Writes a row each time it is applied, in its transaction; fails as the script says.
#[derive(Clone, Default)]
pub struct Seeing(Arc<Mutex<EffectScript>>);

#[derive(Default)]
pub struct EffectScript {
    /// Lesson and version to how many of the next tries fail.
    pub failures: BTreeMap<(u64, u64), u32>,
    /// These panic whenever they are tried.
    pub panics: BTreeSet<(u64, u64)>,
    /// Each try, whatever its result.
    pub tried: Vec<(u64, u64)>,
}

/// Fails each time.
pub const ALWAYS: u32 = u32::MAX;

impl Seeing {
    pub fn script(&self) -> std::sync::MutexGuard<'_, EffectScript> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn failing(lesson: u64, version: u64, times: u32) -> Self {
        let effect = Self::default();
        effect.script().failures.insert((lesson, version), times);
        effect
    }

    pub fn tries_of(&self, lesson: u64, version: u64) -> usize {
        let script = self.script();
        let tries = script.tried.iter();
        tries.filter(|tried| **tried == (lesson, version)).count()
    }
}

impl Effect for Seeing {
    fn apply(&mut self, transaction: &WriteTransaction, event: &Event) -> Result<(), Failure> {
        let id = short(event.id());
        {
            let mut seen = transaction.open_table(SEEN)?;
            let next = seen.len()?;
            seen.insert(next, id)?;
        }
        let mut script = self.script();
        script.tried.push(id);
        if script.panics.contains(&id) {
            drop(script);
            note(format!("the effect of {id:?} panics"));
            // Not by `panic!`, which the testbed would take for a mistake in the code under test.
            std::panic::resume_unwind(Box::new("told to panic"));
        }
        if let Some(times) = script.failures.get_mut(&id)
            && *times > 0
        {
            *times = if *times == ALWAYS { ALWAYS } else { *times - 1 };
            note(format!("the effect of {id:?} writes a row, and fails"));
            return Err("told to fail".into());
        }
        note(format!("the effect of {id:?} writes a row"));
        Ok(())
    }
}

/// What the effect has committed, in its order.
pub fn seen(database: &Database) -> Vec<(u64, u64)> {
    let reading = database.begin_read().expect("the worker's database");
    match reading.open_table(SEEN) {
        Err(_) => Vec::new(),
        Ok(table) => {
            let rows = table.iter().expect("the worker's rows");
            rows.map(|row| row.expect("a row").1.value()).collect()
        }
    }
}

/// Each only once, at its first appearance.
pub fn firsts(ids: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut known = BTreeSet::new();
    ids.iter().copied().filter(|id| known.insert(*id)).collect()
}

/// Those of one lesson.
pub fn of_lesson(ids: &[(u64, u64)], lesson: u64) -> Vec<u64> {
    let of = ids.iter().filter(|(of, _)| *of == lesson);
    of.map(|(_, version)| *version).collect()
}
