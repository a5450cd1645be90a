//! A bar on stderr for what takes long: how far, how fast, how much time is left. Nothing where nobody watches.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts up to a number that may not be known yet.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar for `what` are counted; 0 is an unknown end.
    pub(super) fn new(what: &'static str, end: u64) -> Self {
        // indicatif draws nothing if stderr is no terminal.
        let bar = ProgressBar::new(end);
        let style = format!("{{bar:30}} {{pos}} of {{len}} {what}, {{per_sec}}, {{eta}} left");
        if let Ok(style) = ProgressStyle::with_template(&style) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So far.
    pub(super) fn set(&self, done: u64, end: u64) {
        self.0.set_length(end);
        self.0.set_position(done);
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.0.finish_and_clear();
    }
}
