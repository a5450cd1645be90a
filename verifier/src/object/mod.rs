//! What people sign: tokens, invocations and all other operations, and how they are submitted.

mod act;
mod approval;
mod authority;
mod budget;
mod claim;
mod invocation;
mod kind;
mod lease;
mod permission;
mod submission;
mod token;
mod trade;
mod voucher;
mod window;

pub use act::{Act, Position, Reference, Requested, Stamp, Target};
pub use approval::{Approval, ApprovalRule, Asking, LeaseTerms, Purpose};
pub use authority::Authority;
pub use budget::{Budget, Sealed, Share};
pub use claim::{Claim, Use};
pub use invocation::{Argument, Invocation, Payment};
pub use kind::{Kind, RESERVED};
pub use lease::{Lease, LeaseLimits};
pub use permission::{Asked, BadPath, Condition, Operator, Path, Permission, Value};
pub use submission::{
    Body, Envelope, Link, Operation, Submission, Verified, bundle_digest, combined_id, payload_id,
};
pub use token::{Delegation, DelegationMode, EntryQuota, Origin, Token};
pub use trade::{BUY, Offer, Price, Trade, goods};
pub use voucher::Voucher;
pub use window::{Period, Window};
