use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

use super::*;

#[path = "trial.rs"]
mod trial;

use trial::{ACCESS_LIST, DEFAULT_LIST, all_is_possible, list_of_another, root};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("file").mode() & 0o7777
}

#[test]
fn owner_group_mode_and_attributes_stay() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("config");
    fs::write(&path, "a").expect("write");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode");
    let labelled = xattr::set(&path, "user.note", b"mine").is_ok();
    let access = list_of_another(&path, ACCESS_LIST);
    let given = chown(&path, Some(4321), Some(1234)).is_ok();
    assert!(!all_is_possible(folder.path()) || (labelled && access.is_some() && given));
    let before = fs::metadata(&path).expect("file");
    write(&path, b"b", Readers::AsBefore).expect("written");
    let after = fs::metadata(&path).expect("file");
    assert_eq!((after.uid(), after.gid(), after.mode()), (before.uid(), before.gid(), before.mode()));
    assert_eq!(fs::read_to_string(&path).expect("read"), "b");
    assert_ne!(before.ino(), after.ino(), "it is replaced, not written over");
    let kept = |name: &str| xattr::get(&path, name).expect("read");
    assert!(!labelled || kept("user.note").as_deref() == Some(&b"mine"[..]));
    assert!(access.is_none() || kept(ACCESS_LIST) == access);

    // With a token in it, it is for nobody else, whatever the list says; labels are no readers.
    write(&path, b"token", Readers::Owner).expect("written");
    assert_eq!((mode(&path), kept(ACCESS_LIST)), (0o600, None));
    assert_eq!(fs::metadata(&path).expect("file").uid(), before.uid());
    assert!(!labelled || kept("user.note").as_deref() == Some(&b"mine"[..]));
}

#[test]
fn a_folder_with_an_access_list_gives_a_replaced_file_no_readers() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("config");
    fs::write(&path, "a").expect("write");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).expect("mode");
    let listed = list_of_another(folder.path(), DEFAULT_LIST).is_some();
    assert!(!all_is_possible(folder.path()) || listed);
    for (readers, left) in [(Readers::AsUsual, 0o664), (Readers::AsBefore, 0o664), (Readers::Owner, 0o600)] {
        write(&path, b"b", readers).expect("written");
        assert_eq!((mode(&path), xattr::get(&path, ACCESS_LIST).ok().flatten()), (left, None), "{readers:?}");
    }
    // What is new there is as the folder says.
    let new = folder.path().join("new");
    write(&new, b"b", Readers::AsUsual).expect("written");
    assert!(!listed || xattr::get(&new, ACCESS_LIST).expect("read").is_some());
}

#[test]
fn links_stay_wherever_they_lead() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    let put = |name: &str, text: &str| write(&at(name), text.as_bytes(), Readers::AsBefore);
    symlink("b", at("a")).expect("link");
    symlink("deep/real", at("b")).expect("link");
    // Dangling at first.
    put("a", "one").expect("written");
    put("a", "two").expect("written");
    assert!(at("a").is_symlink() && at("b").is_symlink());
    assert_eq!(fs::read_to_string(at("deep/real")).expect("read"), "two");
    assert_eq!(mode(&at("deep/real")), 0o600);
    // A second name of the same file.
    fs::hard_link(at("deep/real"), at("other")).expect("link");
    put("a", "three, and longer").expect("written");
    put("a", "4").expect("written");
    assert_eq!(fs::read_to_string(at("other")).expect("read"), "4");
    symlink("circle", at("circle")).expect("link");
    let error = put("circle", "x").expect_err("a circle");
    assert!(error.to_string().contains("leads to itself"), "{error}");
    remove(&at("a")).expect("taken away");
    remove(&at("a")).expect("it is gone already");
    assert!(at("a").is_symlink() && at("b").is_symlink() && !at("deep/real").exists());
    let left: Vec<_> = fs::read_dir(folder.path()).expect("folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 5, "no temporary files stay: {left:?}");
}

#[test]
fn what_is_new_is_for_whom_it_is_meant() {
    let folder = tempfile::tempdir().expect("folder");
    // The mask of whoever runs this.
    fs::create_dir(folder.path().join("usual")).expect("folder");
    let usual = mode(&folder.path().join("usual"));
    for (name, readers, of_file, of_folder) in [
        ("shared", Readers::AsUsual, usual & 0o666, usual),
        ("keys", Readers::AsBefore, 0o600, usual),
        ("token", Readers::Owner, 0o600, 0o700),
    ] {
        let path = folder.path().join(name).join("file");
        write(&path, b"x", readers).expect("written");
        assert_eq!((mode(&path), mode(folder_of(&path))), (of_file, of_folder), "{name}");
    }
}

#[test]
fn what_root_makes_belongs_to_the_owner_of_the_folder() {
    if !root() {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    chown(folder.path(), Some(4321), Some(1234)).expect("owner");
    for (name, readers) in [("a", Readers::AsUsual), ("b", Readers::AsBefore), ("c", Readers::Owner)] {
        let path = folder.path().join(name).join(".kube/config");
        write(&path, b"a", readers).expect("written");
        for made in path.ancestors().take(3) {
            let about = fs::metadata(made).expect("made");
            assert_eq!((about.uid(), about.gid()), (4321, 1234), "{}", made.display());
        }
    }
}

#[test]
fn what_cannot_be_replaced_is_written_in_place() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("config");
    fs::write(&path, "before").expect("write");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).expect("mode");
    let node = fs::metadata(&path).expect("file").ino();
    in_place(&path, b"x", Readers::AsBefore).expect("written");
    assert_eq!((fs::read_to_string(&path).expect("read").as_str(), mode(&path)), ("x", 0o664));
    in_place(&path, b"token", Readers::Owner).expect("written");
    assert_eq!((fs::read_to_string(&path).expect("read").as_str(), mode(&path)), ("token", 0o600));
    assert_eq!(fs::metadata(&path).expect("file").ino(), node);
}

#[test]
fn only_what_a_file_is_keeps_it_in_its_place() {
    use rustix::io::Errno;
    let kept = |error: Errno| keeps_its_place(&io::Error::from(error));
    for error in [Errno::PERM, Errno::ACCESS, Errno::XDEV, Errno::BUSY, Errno::ROFS, Errno::NOTSUP] {
        assert!(kept(error), "{error}");
    }
    for error in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG, Errno::IO, Errno::NOENT, Errno::NOMEM] {
        assert!(!kept(error), "{error}");
    }
}
