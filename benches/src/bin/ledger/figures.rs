//! The lines of a run: a figure, what it is held against in the same run, and whether it meets its target.

use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

/// What is good enough.
#[derive(Clone, Copy)]
pub enum Target {
    /// The ratio must be at least this.
    AtLeast(f64),
    /// The ratio must be at most this.
    AtMost(f64),
    /// The figure is only shown.
    Shown,
}

impl Target {
    fn met(self, ratio: Option<f64>) -> Option<bool> {
        match self {
            Self::AtLeast(least) => ratio.map(|ratio| ratio >= least),
            Self::AtMost(most) => ratio.map(|ratio| ratio <= most),
            Self::Shown => None,
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::AtLeast(number) | Self::AtMost(number) => Some(number),
            Self::Shown => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(number) => format!(">= {number:.2}"),
            Self::AtMost(number) => format!("<= {number:.2}"),
            Self::Shown => String::new(),
        }
    }
}

/// One line of the table.
pub struct Line {
    name: String,
    figure: f64,
    unit: &'static str,
    limit: Option<f64>,
    target: Target,
    note: String,
}

impl Line {
    fn ratio(&self) -> Option<f64> {
        self.limit.map(|limit| self.figure / limit)
    }
}

/// All lines of a run, in order.
#[derive(Default)]
pub struct Figures {
    lines: Vec<Line>,
    /// Whether each line is also said as soon as it is there.
    said: bool,
}

impl Figures {
    /// No lines yet; each is also said on standard error as soon as it is there.
    pub fn said() -> Self {
        Self { said: true, ..Self::default() }
    }

    /// A figure beside its limit, in the same unit.
    pub fn add(
        &mut self,
        name: &str,
        (figure, unit): (f64, &'static str),
        limit: Option<f64>,
        target: Target,
        note: impl Into<String>,
    ) {
        let note = note.into();
        if self.said {
            eprintln!("{name}: {} {unit}  {note}", number(figure));
        }
        self.lines.push(Line { name: name.to_owned(), figure, unit, limit, target, note });
    }

    /// A figure that is only shown.
    pub fn show(&mut self, name: &str, figure: (f64, &'static str), note: impl Into<String>) {
        self.add(name, figure, None, Target::Shown, note);
    }

    /// A figure that may be so much at most.
    pub fn at_most(&mut self, name: &str, (figure, unit): (f64, &'static str), most: f64, note: &str) {
        self.add(name, (figure, unit), Some(most), Target::AtMost(1.0), note);
    }

    /// The figure with this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.lines.iter().find(|line| line.name == name).map(|line| line.figure)
    }

    /// One line for each figure.
    pub fn table(&self) -> String {
        let width = self.lines.iter().map(|line| line.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        let head = ("row", "figure", "unit", "limit", "ratio", "target", "met");
        let _ = writeln!(
            text,
            "{:width$}  {:>9} {:5} {:>9} {:>6} {:>8} {:4} note",
            head.0, head.1, head.2, head.3, head.4, head.5, head.6
        );
        for line in &self.lines {
            let met = match line.target.met(line.ratio()) {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            };
            let limit = line.limit.map(number).unwrap_or_default();
            let ratio = line.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
            let row = format!(
                "{:width$}  {:>9} {:5} {limit:>9} {ratio:>6} {:>8} {met:4} {}",
                line.name,
                number(line.figure),
                line.unit,
                line.target.text(),
                line.note
            );
            let _ = writeln!(text, "{}", row.trim_end());
        }
        text
    }

    /// Writes all lines as `file` in the repository's target/bench/ and says where that is.
    pub fn write(&self, file: &str) -> io::Result<PathBuf> {
        let folder = folder();
        fs::create_dir_all(&folder)?;
        let path = folder.canonicalize()?.join(file);
        let row = |line: &Line| {
            let met = line.target.met(line.ratio());
            json!({
                "figure": line.figure, "unit": line.unit, "limit": line.limit, "ratio": line.ratio(),
                "target": line.target.number(), "met": met, "note": line.note,
            })
        };
        let rows: Map<_, _> = self.lines.iter().map(|line| (line.name.clone(), row(line))).collect();
        fs::write(&path, format!("{:#}\n", Value::Object(rows)))?;
        Ok(path)
    }
}

/// Where reports and the folders of running ledgers are: target/bench/ of the repository.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench")
}

fn number(figure: f64) -> String {
    match figure {
        large if large >= 100.0 => format!("{large:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        small => format!("{small:.2}"),
    }
}

/// Times that something took, to be read as percentiles.
#[derive(Default)]
pub struct Times(Vec<f32>);

impl Times {
    /// Adds one.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time.as_secs_f32());
    }

    /// Adds all of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The percentiles `of` (0 to 100), in milliseconds; 0 without any time.
    pub fn percentiles<const N: usize>(&mut self, of: [f64; N]) -> [f64; N] {
        self.0.sort_by(f32::total_cmp);
        let last = self.0.len().saturating_sub(1);
        of.map(|percent| {
            let place = (percent / 100.0 * last as f64).round() as usize;
            self.0.get(place).map_or(0.0, |seconds| f64::from(*seconds) * 1e3)
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Resident memory of a process in MiB: now, and at most so far.
pub fn memory(process: u32) -> io::Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib / 1024.0)
    };
    field("VmRSS:").zip(field("VmHWM:")).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Processor time so far, in seconds: of this process, and of its threads whose names begin with a word.
pub fn processor(word: &str) -> (f64, f64) {
    /// Of `sysconf(_SC_CLK_TCK)`, which Linux fixed at 100 for programs.
    const TICKS: f64 = 100.0;
    let seconds = |path: &Path| {
        let stat = fs::read_to_string(path).ok()?;
        let (name, fields) = stat.split_once('(')?.1.rsplit_once(") ")?;
        let times: f64 =
            fields.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Some((name.starts_with(word), times / TICKS))
    };
    let all = seconds(Path::new("/proc/self/stat")).map_or(0.0, |(_, time)| time);
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let named = threads.filter_map(|thread| seconds(&thread.path().join("stat"))).filter(|(named, _)| *named);
    (all, named.map(|(_, time)| time).sum())
}
