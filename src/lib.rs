//! Remit: a ledger of permissions that carry money, for AI agents.

pub mod machine;
