//! What administrators ask of a server: a copy of the ledger while it runs.

use super::app::{App, BackupError, blocking};
use super::error::{ApiError, ErrorCode, ErrorView};
use super::extract::{Nothing, Params};
use super::views::HeadView;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A backup that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = Backup)]
pub(super) struct BackupView {
    /// The folder, on the machine of the server.
    #[schema(example = "/var/lib/remit/backups/2027-01-31T12-00-00Z")]
    folder: String,
    /// The log as it was acknowledged when the backup began: all of it is in there.
    contains: HeadView,
}

/// Make a backup
///
/// Copies database and configuration, no keys and no guard, into a new folder below the one that the configuration
/// names (`ledger.backups`). Operations go on meanwhile; whatever was acknowledged before is in the copy. On the same
/// file system the tables are hard links, so that it takes little time and room. A request that takes too long is
/// answered with `timeout`, and its backup is made all the same.
#[utoipa::path(post, path = "/v1/admin/backup", tag = "Administration", responses(
    (status = 200, description = "It is there, as a whole.", body = BackupView),
    (status = 409, description = "Another one is being made.", body = ErrorView),
    (status = 501, description = "This server makes no backups.", body = ErrorView),
    (status = 507, description = "There is no room for it.", body = ErrorView),
))]
pub(super) async fn backup(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<BackupView>, ApiError> {
    let (backups, contains) = (app.backups()?.clone(), app.service()?.sizes().durable);
    let made = blocking(move || backups.make()).await?;
    let folder = made.map_err(|error| match error {
        BackupError::Running => ErrorCode::BackupRunning,
        BackupError::Full => ErrorCode::NoRoom,
        BackupError::Failed => ErrorCode::Internal,
    })?;
    Ok(Json(BackupView { folder, contains: HeadView::new(&contains) }))
}
