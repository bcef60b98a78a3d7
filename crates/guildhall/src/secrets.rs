//! Keys that are made on first use and kept beside the database, for their owner alone.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

const KEY_BYTES: usize = 32;
const SEAL: &str = "seal.key";
const AUDIT: &str = "audit.key";

/// What seals confirmation tokens. Kept, so that a token outlives the process that made it:
/// `guildhall tools call` plans in one process and confirms in the next. Without a folder that can
/// be written, a key for this process alone.
pub(crate) fn seal_key(folder: Option<&Path>) -> [u8; KEY_BYTES] {
    match folder.map(|folder| stored(folder, SEAL)) {
        Some(Ok(key)) => key,
        Some(Err(error)) => {
            tracing::warn!(%error, "confirmation tokens will not outlive this process");
            rand::random()
        }
        None => rand::random(),
    }
}

/// What seals the ends of the audit's chains. A key that is lost with its process would break the
/// seal at the next start, so there is none without a folder that keeps it.
pub(crate) fn audit_key(folder: &Path) -> io::Result<[u8; KEY_BYTES]> {
    stored(folder, AUDIT)
}

fn stored(folder: &Path, file_name: &str) -> io::Result<[u8; KEY_BYTES]> {
    let path = folder.join(file_name);
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    fs::create_dir_all(folder)?;
    let fresh: [u8; KEY_BYTES] = rand::random();
    // Written whole under another name, then linked: of two processes that start together one
    // wins, and nobody reads half a key.
    let own = folder.join(format!("{file_name}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&own)?;
    file.write_all(&fresh)?;
    file.sync_all()?;
    let linked = fs::hard_link(&own, &path);
    fs::remove_file(&own)?;
    match linked {
        Ok(()) => Ok(fresh),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => read(&path),
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    fs::read(path)?.try_into().map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{} does not hold a key of {KEY_BYTES} bytes; remove it",
                path.display()
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_key_and_another_has_another() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(seal_key(Some(one.path())), seal_key(Some(one.path())));
        assert_ne!(seal_key(Some(one.path())), seal_key(Some(two.path())));
        assert_ne!(seal_key(None), seal_key(None));
        let audit = audit_key(one.path()).unwrap();
        assert_eq!(audit_key(one.path()).unwrap(), audit);
        assert_ne!(audit, seal_key(Some(one.path())));
    }

    #[test]
    #[cfg(unix)]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        seal_key(Some(folder.path()));
        let mode = fs::metadata(folder.path().join(SEAL))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
