//! Holds the specification to the code: the pages, and `remit.cddl`.

mod cddl;
mod objects;
mod pages;
