//! Through the file system: every client, and files that have to stay whose and what they were.

use super::*;

#[cfg(unix)]
#[path = "../../../../bootstrap/crates/files/src/user_file/trial.rs"]
mod trial;

pub(super) fn places(folder: &Path) -> Places {
    Places { home: folder.into(), config: folder.join(".config"), project: None }
}

pub(super) fn notes(folder: &Path) -> Notes {
    Notes::of(&folder.join("state"))
}

pub(super) fn stdio() -> Entry {
    Entry::Stdio { command: "/usr/bin/backstack".into(), arguments: vec!["mcp".into()] }
}

#[test]
fn every_client_gets_its_entry_and_loses_it_again() {
    for client in Client::ALL {
        let folder = tempfile::tempdir().expect("folder");
        let (places, notes) = (places(folder.path()), notes(folder.path()));
        let edit = install(client, &places, &stdio(), &notes).expect("edit");
        assert!(edit.changes);
        write(&edit, &notes).expect("written");
        let text = std::fs::read_to_string(&edit.path).expect("file");
        assert!(text.contains("/usr/bin/backstack"), "{text}");
        assert!(!install(client, &places, &stdio(), &notes).expect("again").changes, "{client:?} is not idempotent");
        let gone = uninstall(client, &places, &notes).expect("out");
        assert!(gone.changes && gone.content.is_none(), "something is left of a file of our own: {:?}", gone.content);
        write(&gone, &notes).expect("taken away");
        assert!(!edit.path.exists());
        assert!(!uninstall(client, &places, &notes).expect("once more").changes);
    }
}

#[test]
fn a_file_in_another_encoding_is_left_alone() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join(".claude.json");
    let wide: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&path, &wide).expect("written");
    let error =
        install(Client::ClaudeCode, &places(folder.path()), &stdio(), &notes(folder.path())).expect_err("UTF-16");
    assert!(error.to_string().contains("save it as UTF-8"), "{error}");
    assert_eq!(std::fs::read(&path).expect("there"), wide);
}

#[cfg(unix)]
#[test]
fn a_file_with_a_token_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    let (places, notes) = (places(folder.path()), notes(folder.path()));
    let path = Client::Cursor.file(&places);
    std::fs::create_dir_all(path.parent().expect("folder")).expect("made");
    std::fs::write(&path, "{}").expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("mode");
    let entry = Entry::Http { url: "http://127.0.0.1:7311/mcp".into(), token: "t".into() };
    write(&install(Client::Cursor, &places, &entry, &notes).expect("edit"), &notes).expect("written");
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(matches!(install(Client::ClaudeDesktop, &places, &entry, &notes), Err(InstallError::NoHttp { .. })));
}

#[cfg(unix)]
#[test]
fn owner_group_mode_access_list_and_links_stay() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use trial::{ACCESS_LIST, all_is_possible, list_of_another};
    let folder = tempfile::tempdir().expect("folder");
    let (places, notes) = (places(folder.path()), notes(folder.path()));
    let (real, link) = (folder.path().join("dotfiles.json"), Client::ClaudeCode.file(&places));
    std::fs::write(&real, "{\r\n}").expect("written");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o664)).expect("mode");
    std::os::unix::fs::symlink("dotfiles.json", &link).expect("link");
    // Only root may give a file away.
    let given = std::os::unix::fs::chown(&real, Some(12_345), Some(54_321)).is_ok();
    let marked = xattr::set(&real, "user.mark", b"kept").is_ok();
    let list = list_of_another(&real, ACCESS_LIST);
    assert!(!all_is_possible(folder.path()) || (given && marked && list.is_some()));
    let before = std::fs::metadata(&real).expect("there");
    write(&install(Client::ClaudeCode, &places, &stdio(), &notes).expect("edit"), &notes).expect("written");
    let after = std::fs::metadata(&real).expect("there");
    assert!(link.is_symlink() && after.len() > before.len());
    assert_eq!((after.uid(), after.gid(), after.mode()), (before.uid(), before.gid(), before.mode()));
    assert!(!given || after.uid() == 12_345);
    let kept = |name: &str| xattr::get(&real, name).expect("read");
    assert!(!marked || kept("user.mark").as_deref() == Some(&b"kept"[..]));
    assert!(list.is_none() || kept(ACCESS_LIST) == list);

    let twin = folder.path().join("twin.json");
    std::fs::hard_link(&real, &twin).expect("another name");
    write(&uninstall(Client::ClaudeCode, &places, &notes).expect("edit"), &notes).expect("written");
    assert_eq!(std::fs::read(&twin).expect("there"), b"{\r\n}");
    assert_eq!(std::fs::metadata(&real).expect("there").nlink(), 2);
    assert!(std::fs::read_dir(folder.path()).expect("folder").count() == 4, "something but the notes was left behind");

    std::fs::remove_file(&real).expect("the link leads nowhere now");
    write(&install(Client::ClaudeCode, &places, &stdio(), &notes).expect("edit"), &notes).expect("written");
    assert!(real.exists() && link.is_symlink());
    write(&uninstall(Client::ClaudeCode, &places, &notes).expect("edit"), &notes).expect("taken away");
    assert!(!real.exists() && link.is_symlink());
}

#[cfg(unix)]
#[test]
fn a_folder_with_an_access_list_gives_a_clients_file_no_readers() {
    use trial::{ACCESS_LIST, DEFAULT_LIST, all_is_possible, list_of_another};
    let folder = tempfile::tempdir().expect("folder");
    let (places, notes) = (places(folder.path()), notes(folder.path()));
    let path = Client::ClaudeCode.file(&places);
    std::fs::write(&path, "{}").expect("written");
    let listed = list_of_another(folder.path(), DEFAULT_LIST).is_some();
    assert!(listed || !all_is_possible(folder.path()));
    write(&install(Client::ClaudeCode, &places, &stdio(), &notes).expect("edit"), &notes).expect("written");
    assert_eq!(xattr::get(&path, ACCESS_LIST).ok().flatten(), None);
}

#[cfg(unix)]
#[test]
fn a_chain_of_links_to_a_file_that_is_not_there_yet_stays() {
    let folder = tempfile::tempdir().expect("folder");
    let notes = notes(folder.path());
    let (places, real, second) = (places(folder.path()), folder.path().join("real"), folder.path().join("second"));
    let first = Client::ClaudeCode.file(&places);
    std::os::unix::fs::symlink("second", &first).expect("link");
    std::os::unix::fs::symlink("real", &second).expect("link");
    write(&install(Client::ClaudeCode, &places, &stdio(), &notes).expect("edit"), &notes).expect("written");
    assert!(first.is_symlink() && second.is_symlink() && real.is_file());
    write(&uninstall(Client::ClaudeCode, &places, &notes).expect("edit"), &notes).expect("taken away");
    assert!(first.is_symlink() && second.is_symlink() && !real.exists());
}

#[cfg(unix)]
#[test]
fn what_root_writes_into_a_home_folder_belongs_to_its_owner() {
    use crate::http::Tokens;
    use std::os::unix::fs::{MetadataExt, chown};
    if !trial::root() {
        return;
    }
    let folder = tempfile::tempdir().expect("folder");
    chown(folder.path(), Some(12_345), Some(54_321)).expect("owner");
    let (places, notes) = (places(folder.path()), notes(folder.path()));
    write(&install(Client::Zed, &places, &stdio(), &notes).expect("edit"), &notes).expect("written");
    let entry = Entry::Http { url: "http://127.0.0.1:7311/mcp".into(), token: "t".into() };
    write(&install(Client::Cursor, &places, &entry, &notes).expect("edit"), &notes).expect("written");
    Tokens::of(&folder.path().join(".local/state/backstack/mcp")).issue("cursor").expect("issued");
    let files = [Client::Zed.file(&places), Client::Cursor.file(&places)];
    for file in files.into_iter().chain([folder.path().join(".local/state/backstack/mcp/tokens.json")]) {
        for made in file.ancestors().take_while(|made| *made != folder.path()) {
            let about = std::fs::metadata(made).expect("made");
            assert_eq!((about.uid(), about.gid()), (12_345, 54_321), "{}", made.display());
        }
    }
}

#[test]
fn rules_share_a_file_with_others() {
    for before in ["# Mine\n\nBe kind.\n", "# Mine\r\n\r\nBe kind.\r\n", "Be kind.", "", "\n", "\u{feff}Be kind.\n\n\n"]
    {
        let folder = tempfile::tempdir().expect("folder");
        let notes = notes(folder.path());
        std::fs::write(folder.path().join("AGENTS.md"), before).expect("written");
        let file = rules_file(Client::Codex, folder.path()).expect("file");
        write(&file.install(&notes).expect("edit"), &notes).expect("written");
        assert!(!file.install(&notes).expect("again").changes);
        let text = std::fs::read_to_string(&file.path).expect("file");
        assert!(text.starts_with(before) && text.contains("`find`"));
        assert_eq!(file.uninstall(&notes).expect("out").content.as_deref(), Some(before), "{before:?}");
    }
    let folder = tempfile::tempdir().expect("folder");
    let notes = notes(folder.path());
    for client in Client::ALL {
        let Some(file) = rules_file(client, folder.path()) else { continue };
        write(&file.install(&notes).expect("edit"), &notes).expect("written");
        write(&file.uninstall(&notes).expect("edit"), &notes).expect("taken away");
        assert!(!file.path.exists(), "{client:?}");
    }
    assert_eq!(rules_file(Client::ClaudeDesktop, folder.path()), None);
}
