//! Who may read the SQLite file: personal data is sealed in it, but companies, plates and times are not.

use std::path::Path;

use crate::OpenError;

/// Takes the file, and what SQLite keeps with it, away from group and others.
#[cfg(unix)]
pub(crate) fn keep_private(file: &Path) -> Result<(), OpenError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        take_away(Path::new(&name))?;
    }
    Ok(())
}

#[cfg(unix)]
fn take_away(path: &Path) -> Result<(), OpenError> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    let Ok(file) = path.metadata() else { return Ok(()) };
    let mode = file.permissions().mode();
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode & 0o700))
        .map_err(|_| OpenError::Exposed(path.to_owned()))?;
    tracing::warn!(file = %path.display(), "group or others could read the database file; its mode is 600 now");
    Ok(())
}

/// Who may write to a folder may put another file in the database's place.
#[cfg(unix)]
pub(crate) fn warn_of_open_folder(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    const STICKY: u32 = 0o1000;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(mode) = folder.metadata().map(|folder| folder.permissions().mode()) else { return };
    if mode & 0o022 != 0 && mode & STICKY == 0 {
        let folder = folder.display();
        tracing::warn!(%folder, "group or others can write to the database's folder; run `chmod 700` on it");
    }
}

#[cfg(not(unix))]
pub(crate) fn keep_private(_: &Path) -> Result<(), OpenError> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn warn_of_open_folder(_: &Path) {}
