//! Writes the test vectors of the specification: `cargo run -p remit --example vectors -- spec/vectors` (spec 15).
//!
//! All keys are derived from names, all times are fixed and nothing is random: the same bytes at every run.

mod make;
#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/newer.rs"]
mod newer;
#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/scene.rs"]
mod scene;
#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/trees.rs"]
mod trees;

use std::path::PathBuf;
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: vectors FOLDER")?);
    fs::create_dir_all(&folder)?;
    for (name, text) in make::files() {
        fs::write(folder.join(name), text)?;
    }
    // The hotel of the running example, as the second command of the README judges it.
    let examples = folder.parent().ok_or("FOLDER must be below spec")?.join("examples");
    fs::create_dir_all(&examples)?;
    fs::write(examples.join("hotel.case"), make::hotel_case())?;
    Ok(())
}
