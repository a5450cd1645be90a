//! Until when a payee may take what is held or leased for him, and refund what he took.

use super::out::Failure;
use super::session::Session;
use clap::Args;
use remit_verifier::types::Seconds;

/// The two deadlines of whatever is for a payee.
#[derive(Args)]
pub(super) struct Deadlines {
    /// Until when the payee may take or settle it; at most 30 days from now.
    #[arg(long, value_name = "TIME", default_value = "24h")]
    settle_by: String,
    /// Until when he may refund what he took; without it, not at all.
    #[arg(long, value_name = "TIME")]
    refund_until: Option<String>,
}

impl Deadlines {
    /// Both as instants.
    pub(super) fn read(&self, session: &Session) -> Result<(Seconds, Option<Seconds>), Failure> {
        let settle_by = session.instant(&self.settle_by)?;
        let refund_until = self.refund_until.as_deref().map(|text| session.instant(text)).transpose()?;
        Ok((settle_by, refund_until))
    }
}
