//! Rows, how they are timed, and how one is held against another.
//!
//! All rows are timed in turn, round after round, so that a slow moment of the machine falls on a row and on
//! its limit alike. A row's figure is the median over the rounds; its ratio is the median of the ratios
//! inside a round. Time is that of the processor for this thread, so that work beside it on the same machine
//! makes caches cold, and counts for no more; every row is the work of one thread.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// How long a run takes.
#[derive(Clone, Copy)]
pub struct Effort {
    rounds: usize,
    sample: Duration,
    warm_up: Duration,
}

impl Effort {
    /// Figures to quote: about one second for each row.
    pub const FULL: Self =
        Self { rounds: 101, sample: Duration::from_millis(8), warm_up: Duration::from_millis(100) };
    /// Two calls of each row: one to calibrate, one sample.
    pub const SMOKE: Self = Self { rounds: 1, sample: Duration::ZERO, warm_up: Duration::ZERO };

    /// Whether this is [`Effort::SMOKE`].
    pub fn is_smoke(self) -> bool {
        self.sample.is_zero()
    }
}

/// What a row is held against: `weight` times another row of the same run, or a fixed time.
pub struct Limit {
    row: Option<&'static str>,
    /// How many of the row; without one, nanoseconds.
    weight: f64,
    /// The row's figure must be at most this many limits; `None` only shows the ratio.
    target: Option<f64>,
}

impl Limit {
    /// At most `target` times the row `name`.
    pub fn times(target: f64, name: &'static str) -> Option<Self> {
        Some(Self { row: Some(name), weight: 1.0, target: Some(target) })
    }

    /// Shown beside `weight` times the row `name`; no target.
    pub fn beside(weight: f64, name: &'static str) -> Option<Self> {
        Some(Self { row: Some(name), weight, target: None })
    }

    /// At most this long.
    pub fn microseconds(most: f64) -> Option<Self> {
        Some(Self { row: None, weight: most * 1e3, target: Some(1.0) })
    }
}

/// So many operations, timed together: what is prepared before them does not count.
type Calls = Box<dyn FnMut(u32) -> Duration>;

/// Processor time that this thread has taken.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

enum Work {
    Time {
        call: Box<dyn FnMut()>,
        divisor: f64,
    },
    /// As `Time`, but for what is prepared for each call.
    Prepared {
        calls: Calls,
        divisor: f64,
    },
    /// The samples of another row, held against another limit.
    Again(&'static str),
    Size {
        bytes: u64,
        bytes_max: Option<u64>,
    },
}

struct Row {
    name: &'static str,
    note: String,
    limit: Option<Limit>,
    work: Work,
}

/// The rows of a run, in the order of the table.
pub struct Bench {
    rows: Vec<Row>,
    effort: Effort,
    /// Beginnings of the names that are wanted; empty for all.
    only: Vec<String>,
}

/// One line of the table.
pub struct Outcome {
    /// Unique name, and key of the report.
    pub name: &'static str,
    /// What a reader must know to read the figure.
    pub note: String,
    /// The figure.
    pub value: Value,
    /// Median ratio to the limit, where there is one.
    pub ratio: Option<f64>,
    /// Largest ratio that is good enough.
    pub target: Option<f64>,
}

/// A figure and its limit in the same unit.
pub enum Value {
    /// Nanoseconds of one operation: the median, and the median of the limit.
    Time { median_ns: f64, limit_ns: Option<f64> },
    /// Bytes, and the most that they may be.
    Size { bytes: u64, limit_bytes: Option<u64> },
}

impl Outcome {
    /// Whether the target is met; `None` if the row has none.
    pub fn met(&self) -> Option<bool> {
        Some(self.ratio? <= self.target?)
    }
}

impl Bench {
    /// A run without rows, of those whose names begin with one of `only`, or of all if there is none.
    pub fn new(effort: Effort, only: Vec<String>) -> Self {
        Self { rows: Vec::new(), effort, only }
    }

    /// Whether rows are wanted whose names begin with one of `beginnings`: what only they need may else be left out.
    pub fn wants(&self, beginnings: &[&str]) -> bool {
        let meet =
            |only: &String| beginnings.iter().any(|b| b.starts_with(only.as_str()) || only.starts_with(b));
        self.only.is_empty() || self.only.iter().any(meet)
    }

    /// How much of something a row is measured at: `full`, or `smoke` where figures mean nothing.
    pub fn scale<T>(&self, full: T, smoke: T) -> T {
        if self.effort.is_smoke() { smoke } else { full }
    }

    /// Adds a timed row. `call` does the operation once, and panics if the operation does not do what it
    /// should.
    pub fn time(
        &mut self,
        name: &'static str,
        note: &str,
        limit: Option<Limit>,
        call: impl FnMut() + 'static,
    ) {
        self.time_many(name, note, limit, 1, call);
    }

    /// As [`Bench::time`], where one call does `count` operations; the figures are for one of them.
    pub fn time_many(
        &mut self,
        name: &'static str,
        note: &str,
        limit: Option<Limit>,
        count: u32,
        call: impl FnMut() + 'static,
    ) {
        self.add(name, note, limit, Work::Time { call: Box::new(call), divisor: f64::from(count) });
    }

    /// As [`Bench::time_many`], where `prepare` makes what each `call` consumes, and its time does not count.
    pub fn time_prepared<T>(
        &mut self,
        name: &'static str,
        note: &str,
        limit: Option<Limit>,
        count: u32,
        mut prepare: impl FnMut() -> T + 'static,
        mut call: impl FnMut(T) + 'static,
    ) {
        let calls = move |batch| {
            let prepared: Vec<T> = (0..batch).map(|_| prepare()).collect();
            let started = processor_time();
            prepared.into_iter().for_each(&mut call);
            processor_time() - started
        };
        self.add(name, note, limit, Work::Prepared { calls: Box::new(calls), divisor: f64::from(count) });
    }

    /// Holds the row `of` against another limit, as a row of its own.
    pub fn again(&mut self, name: &'static str, note: &str, of: &'static str, limit: Option<Limit>) {
        self.add(name, note, limit, Work::Again(of));
    }

    /// Adds the size of something, with the most that it may be.
    pub fn size(&mut self, name: &'static str, note: &str, bytes: usize, bytes_max: Option<u64>) {
        self.add(name, note, None, Work::Size { bytes: bytes as u64, bytes_max });
    }

    fn add(&mut self, name: &'static str, note: &str, limit: Option<Limit>, work: Work) {
        assert!(self.rows.iter().all(|row| row.name != name), "two rows are called `{name}`");
        // The short rows are limits of others.
        if name.len() > 2 && !self.only.is_empty() && !self.only.iter().any(|only| name.starts_with(only)) {
            return;
        }
        self.rows.push(Row { name, note: note.to_owned(), limit, work });
    }

    /// Times every row and holds it against its limit.
    pub fn run(mut self) -> Vec<Outcome> {
        let effort = self.effort;
        let batches: Vec<u32> = self.rows.iter_mut().map(|row| row.work.calibrate(effort)).collect();
        let mut samples: Vec<Vec<f64>> = vec![Vec::with_capacity(effort.rounds); self.rows.len()];
        for _ in 0..effort.rounds {
            for ((row, batch), taken) in self.rows.iter_mut().zip(&batches).zip(&mut samples) {
                taken.extend(row.work.sample(*batch));
            }
        }
        let names: Vec<&str> = self.rows.iter().map(|row| row.name).collect();
        let find = |name: &str| names.iter().position(|other| *other == name);
        for (place, row) in self.rows.iter().enumerate() {
            if let Work::Again(of) = row.work {
                samples[place] = find(of).map(|of| samples[of].clone()).unwrap_or_default();
            }
        }
        let limits: Vec<Option<Vec<f64>>> = self
            .rows
            .iter()
            .zip(&samples)
            .map(|(row, own)| {
                let limit = row.limit.as_ref()?;
                Some(match limit.row {
                    Some(name) => samples[find(name)?].iter().map(|sample| sample * limit.weight).collect(),
                    None => vec![limit.weight; own.len()],
                })
            })
            .collect();
        self.rows
            .into_iter()
            .zip(samples)
            .zip(limits)
            .map(|((row, own), limit)| row.outcome(own, limit))
            .collect()
    }
}

impl Work {
    /// Time of one call; `None` if nothing is timed.
    fn call(&mut self) -> Option<Duration> {
        match self {
            Work::Prepared { calls, .. } => Some(calls(1)),
            Work::Time { call, .. } => {
                let started = processor_time();
                call();
                Some(processor_time() - started)
            }
            Work::Again(_) | Work::Size { .. } => None,
        }
    }

    /// How many calls make one sample.
    fn calibrate(&mut self, effort: Effort) -> u32 {
        let (started, mut spent, mut calls) = (Instant::now(), Duration::ZERO, 0_u32);
        while calls == 0 || started.elapsed() < effort.warm_up {
            let Some(time) = self.call() else { return 0 };
            spent += time;
            calls += 1;
        }
        let one = spent.as_secs_f64() / f64::from(calls);
        (effort.sample.as_secs_f64() / one).ceil().max(1.0) as u32
    }

    /// Nanoseconds of one operation, over `batch` calls.
    fn sample(&mut self, batch: u32) -> Option<f64> {
        let (spent, divisor) = match self {
            Work::Time { call, divisor } => {
                let started = processor_time();
                (0..batch).for_each(|_| call());
                (processor_time() - started, *divisor)
            }
            Work::Prepared { calls, divisor } => (calls(batch), *divisor),
            Work::Again(_) | Work::Size { .. } => return None,
        };
        Some(spent.as_secs_f64() * 1e9 / f64::from(batch) / divisor)
    }
}

impl Row {
    fn outcome(self, own: Vec<f64>, limit: Option<Vec<f64>>) -> Outcome {
        let (value, ratio, target) = match self.work {
            Work::Time { .. } | Work::Prepared { .. } | Work::Again(_) => {
                let ratios =
                    limit.as_ref().map(|limit| own.iter().zip(limit).map(|(own, limit)| own / limit));
                let ratio = ratios.map(|ratios| median(ratios.collect()));
                let value = Value::Time { median_ns: median(own), limit_ns: limit.map(median) };
                (value, ratio, self.limit.and_then(|limit| limit.target))
            }
            Work::Size { bytes, bytes_max } => {
                let ratio = bytes_max.map(|max| bytes as f64 / max as f64);
                (Value::Size { bytes, limit_bytes: bytes_max }, ratio, bytes_max.map(|_| 1.0))
            }
        };
        Outcome { name: self.name, note: self.note, value, ratio, target }
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    if samples.len() % 2 == 1 { samples[middle] } else { (samples[middle - 1] + samples[middle]) / 2.0 }
}
