//! A terminal as a screen: lines drawn in place, keys read one by one, and all as it was when it is left, also by an
//! error or by Ctrl-C.

use crate::cli::out::{Failure, print};
use console::{Key, Term};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{IsTerminal as _, Write as _, stdin};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// The other screen, without a cursor; and back.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
/// The exit code of what Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// The terminal, until it is dropped.
pub(super) struct Screen {
    term: Term,
    before: Termios,
    keys: Receiver<Key>,
}

/// Whether somebody is there to look, and to type.
pub(super) fn is_there() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

/// Columns and lines of the terminal.
pub(super) fn size() -> Option<(usize, usize)> {
    let (height, width) = Term::stdout().size_checked()?;
    Some((width.into(), height.into()))
}

/// Whether colours are wanted: not without a terminal that has them, and not with NO_COLOR.
pub(super) fn colour() -> bool {
    Term::stdout().features().colors_supported()
}

impl Screen {
    pub(super) fn enter() -> Result<Self, Failure> {
        let before = tcgetattr(stdin()).map_err(Failure::internal)?;
        let mut quiet = before.clone();
        // What is typed between two looks at the keys is not shown either.
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        tcsetattr(stdin(), OptionalActions::Now, &quiet).map_err(Failure::internal)?;
        let (send, keys) = channel();
        let at_end = before.clone();
        std::thread::spawn(move || {
            // Ends with the terminal.
            while let Ok(key) = Term::stdout().read_key_raw() {
                if key == Key::CtrlC {
                    // Whoever waits for an answer is not asked; nothing is drawn after it.
                    let mut out = std::io::stdout().lock();
                    drop(out.write_all(LEAVE.as_bytes()).and_then(|()| out.flush()));
                    let _ = tcsetattr(stdin(), OptionalActions::Now, &at_end);
                    std::process::exit(INTERRUPTED);
                }
                if send.send(key).is_err() {
                    break;
                }
            }
        });
        print(ENTER);
        Ok(Self { term: Term::stdout(), before, keys })
    }

    pub(super) fn size(&self) -> (usize, usize) {
        let (height, width) = self.term.size();
        (width.into(), height.into())
    }

    /// Draws all lines in place.
    pub(super) fn draw(&self, lines: &[String]) {
        // Cleared before it is written: behind a full line, clearing would take its last column.
        let clear = if lines.len() > 1 { "" } else { "\u{1b}[2J" };
        let lines: Vec<String> = lines.iter().map(|line| format!("\u{1b}[2K{line}")).collect();
        print(&format!("{clear}\u{1b}[H{}", lines.join("\r\n")));
    }

    /// The next key, if one is typed in this time; once the terminal is gone, that to quit.
    pub(super) fn key(&self, wait: Duration) -> Option<Key> {
        match self.keys.recv_timeout(wait) {
            Ok(key) => Some(key),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Key::Char('q')),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        print(LEAVE);
        // A terminal that is gone needs nothing.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
