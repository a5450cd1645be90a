//! `remit audit top`: a ledger at work, as a live view; each refresh is held to a checkpoint that goes on from the one
//! before.

mod board;
mod frame;
mod screen;
#[cfg(test)]
mod tests;
mod view;

use super::follow::Followed;
use super::source::Of;
use crate::cli::clock;
use crate::cli::out::{Done, Failure, Outcome, print};
use crate::cli::text::time;
use board::{Board, By};
use clap::{Args, ValueEnum};
use console::Key;
use remit_verifier::types::Seconds;
use screen::Screen;
use std::time::Duration;

/// The shortest and the longest window.
const WINDOW_MIN: Seconds = Seconds(60);
const WINDOW_MAX: Seconds = Seconds(7 * 24 * 3600);
/// The longest time between two looks at the ledger.
const EVERY_MAX: Seconds = Seconds(3600);
/// Columns and lines where there is no terminal.
const PAPER: (usize, usize) = (100, 40);
/// The age of a checkpoint is drawn anew so often.
const TICK: Duration = Duration::from_secs(1);
/// Lines that a page key goes through.
const LINES_OF_PAGE: usize = 10;

#[derive(Args)]
pub(super) struct Top {
    #[command(flatten)]
    log: Of,
    /// By what the most active are told apart; b changes it.
    #[arg(long, value_enum, default_value = "agent")]
    by: By,
    /// What is summed up: so much ledger time up to the newest entry, from 1m to 7d; it moves on by a sixtieth.
    #[arg(long, value_name = "SPAN", default_value = "10m", value_parser = window)]
    window: Seconds,
    /// A checkpoint that is older is called stale.
    #[arg(long, value_name = "SPAN", default_value = "1m", value_parser = time::span)]
    stale: Seconds,
    /// How often it is looked for a newer checkpoint, from 1s to 1h.
    #[arg(long, value_name = "SPAN", default_value = "2s", value_parser = every)]
    every: Seconds,
    /// Shows what is there once, as text.
    #[arg(long)]
    once: bool,
    /// Ends after so many refreshes.
    #[arg(long, value_name = "N", hide = true)]
    stop_after: Option<u64>,
}

fn window(text: &str) -> Result<Seconds, String> {
    between(text, WINDOW_MIN, WINDOW_MAX)
}

fn every(text: &str) -> Result<Seconds, String> {
    between(text, Seconds(1), EVERY_MAX)
}

fn between(text: &str, least: Seconds, most: Seconds) -> Result<Seconds, String> {
    let span = time::span(text)?;
    if (least..=most).contains(&span) {
        return Ok(span);
    }
    Err(format!("`{text}` is not between {} and {}", frame::spanned(least.0), frame::spanned(most.0)))
}

/// The name of a grouping, as it is typed.
fn name_of(by: By) -> String {
    by.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// A log that is followed, and what is shown of it.
struct Shown {
    followed: Followed,
    board: Board,
}

impl Top {
    pub(super) fn run(self, as_json: bool) -> Outcome {
        let log = self.log.open()?;
        let (window, stale) = (self.window.millis(), self.stale.millis());
        let mut board = Board::new(&log.genesis.origin, log.ledger, self.by, window, stale);
        let followed = Followed::read(log, |_, row| board.row(row))?;
        board.head = followed.head;
        let shown = Shown { followed, board };
        if self.once || !shown.followed.log.grows() {
            return shown.once();
        }
        match (as_json, screen::is_there()) {
            (true, _) => self.lines(shown),
            (false, true) => self.watch(shown),
            (false, false) => shown.once(),
        }
    }

    /// A JSON object for each refresh.
    fn lines(&self, mut shown: Shown) -> Outcome {
        let mut left = self.stop_after;
        loop {
            print(&format!("{}\n", shown.board.view(&shown.followed.teller, clock::now()?)));
            left = left.map(|left| left.saturating_sub(1));
            if left == Some(0) {
                return Ok(Done::default().with("entries", shown.board.head.size.0));
            }
            std::thread::sleep(Duration::from_secs(self.every.0));
            shown.step()?;
        }
    }

    /// The view, until somebody quits.
    fn watch(&self, mut shown: Shown) -> Outcome {
        let screen = Screen::enter()?;
        let colour = screen::colour();
        let mut next = clock::now()?.0;
        loop {
            let now = clock::now()?;
            if !shown.board.paused && now.0 >= next {
                shown.step()?;
                next = now.0 + self.every.millis().0;
            }
            screen.draw(&shown.board.frame(&shown.followed.teller, screen.size(), colour, clock::now()?));
            let wait = Duration::from_millis(next.saturating_sub(now.0).max(1)).min(TICK);
            let wait = if shown.board.paused { TICK } else { wait };
            if screen.key(wait).is_some_and(|key| quits(&mut shown.board, &key)) {
                let head = shown.board.head;
                return Ok(Done::default().with("entries", head.size.0));
            }
        }
    }
}

/// What a key does; says whether it is the one to quit.
fn quits(board: &mut Board, key: &Key) -> bool {
    match key {
        Key::Char('q') | Key::Escape => return true,
        Key::Char('b') => board.regroup(),
        Key::Char('p') => board.paused = !board.paused,
        Key::ArrowDown => board.scroll(1, true),
        Key::ArrowUp => board.scroll(1, false),
        Key::PageDown => board.scroll(LINES_OF_PAGE, true),
        Key::PageUp => board.scroll(LINES_OF_PAGE, false),
        Key::Home => board.scroll(board.offset(), false),
        _ => {}
    }
    false
}

impl Shown {
    /// Looks for a newer checkpoint. That nobody answers is shown, and it is asked again; whatever is refused ends it.
    fn step(&mut self) -> Result<(), Failure> {
        let board = &mut self.board;
        let came = self.followed.step(|_, row| board.row(row));
        match came {
            Ok(came) => {
                board.fault = None;
                if came {
                    board.proved(self.followed.head);
                }
                Ok(())
            }
            Err(failure) if failure.is_fault() => {
                board.fault = Some(failure.to_string());
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    /// What is there, once.
    fn once(self) -> Outcome {
        let (now, teller) = (clock::now()?, &self.followed.teller);
        let mut lines = self.board.frame(teller, screen::size().unwrap_or(PAPER), screen::colour(), now);
        // Nobody types here.
        lines.pop();
        let text: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        Ok(Done::say(text.join("\n").trim_end()).with_all(self.board.view(teller, now)))
    }
}
