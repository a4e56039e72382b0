//! What tests of files with access lists need, here and where editors' files are changed.

use std::path::Path;

pub(super) const ACCESS_LIST: &str = "system.posix_acl_access";
pub(super) const DEFAULT_LIST: &str = "system.posix_acl_default";

pub(super) fn root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Where automation runs these tests as root on ext4, everything of them has to be possible. Elsewhere a part may be
/// left out: the right to give files away, access lists.
pub(super) fn all_is_possible(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    const EXT4: u64 = 0xEF53;
    #[cfg(target_os = "linux")]
    let ext4 = u64::try_from(rustix::fs::statfs(folder).expect("file system").f_type).is_ok_and(|kind| kind == EXT4);
    #[cfg(not(target_os = "linux"))]
    let ext4 = folder.as_os_str().is_empty();
    root() && ext4 && std::env::var("CI").is_ok_and(|value| value == "true")
}

/// An access list, as `setfacl -m u:77:r` makes it, or `setfacl -d -m u:77:r` for what is made in a folder. None where
/// the file system has no access lists.
pub(super) fn list_of_another(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![2, 0, 0, 0];
    for (tag, permissions, id) in
        [(1u16, 6u16, u32::MAX), (2, 4, 77), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)]
    {
        bytes.extend([&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat());
    }
    xattr::set(path, name, &bytes).ok()?;
    xattr::get(path, name).expect("read")
}
