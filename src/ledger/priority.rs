//! The writer goes first: there is one, and everybody waits for it.

use std::cell::Cell;

/// How much nicer than the writer its submitters are. With two of them on two cores the writer waited a third of its
/// time for a core; nicer by this much, a load of reserves was decided a fifth faster.
const NICER: i32 = 5;

thread_local! {
    static GAVE_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Lowers the priority of the calling thread below the writer's, once. For threads that do nothing but check and
/// submit: a thread that they start inherits it.
pub fn give_way() {
    if !GAVE_WAY.replace(true) {
        // Where that is not possible, they compete as before.
        let _ = rustix::process::nice(NICER);
    }
}
