use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

use super::from_1_to;
use crate::anchors::AnchorSettings;

/// A day.
const MOST_MINUTES: u64 = 24 * 60;

/// How the ends of the audit trail's chains are kept elsewhere (docs/operations.md, The audit trail).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// The file that the ends are appended to; without it they are in the log alone.
    pub anchor_file: Option<PathBuf>,
    /// How often.
    pub anchor_minutes: u64,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self { anchor_file: None, anchor_minutes: 60 }
    }
}

impl AuditConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        from_1_to(MOST_MINUTES, "audit.anchor_minutes", self.anchor_minutes)
    }
}

impl From<&AuditConfig> for AnchorSettings {
    fn from(config: &AuditConfig) -> Self {
        let minutes = i64::try_from(config.anchor_minutes).unwrap_or(i64::MAX);
        Self { file: config.anchor_file.clone(), every: SignedDuration::from_mins(minutes) }
    }
}
