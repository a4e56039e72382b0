//! What maintainer scripts would have made, for the packages that every system has.
//!
//! No script runs in a build: it would need root, and its result would depend on the host. Most of
//! what they do means nothing in an image; this is the rest.

use std::io;

use crate::tree::{Entry, Node, PathProblem, Tree};

/// Links that must stand before anything is unpacked, so that files land behind them.
pub(super) fn before(tree: &mut Tree, has_base_files: bool) -> Result<(), PathProblem> {
    for (name, target) in
        [("bin", "usr/bin"), ("sbin", "usr/sbin"), ("lib", "usr/lib"), ("lib64", "usr/lib64"), ("lib32", "usr/lib32")]
    {
        tree.put(name, Entry::symlink(target))?;
    }
    if has_base_files {
        tree.put("var/run", Entry::symlink("/run"))?;
        tree.put("var/lock", Entry::symlink("/run/lock"))?;
    }
    Ok(())
}

/// Files that are made from those that were unpacked.
///
/// # Errors
/// A file of the tree cannot be read or put.
pub(super) fn after(tree: &mut Tree, controls: &[String]) -> io::Result<()> {
    merged_links(tree)?;
    users(tree)?;
    certificates(tree)?;
    defaults(tree)?;
    put(tree, "var/lib/dpkg/status", status(controls).into_bytes(), 0o644)
}

/// The links for architectures that turned out to have no files are dropped again.
fn merged_links(tree: &mut Tree) -> io::Result<()> {
    for (link, folder) in [("lib64", "usr/lib64"), ("lib32", "usr/lib32")] {
        if tree.get(folder).is_none() {
            tree.retain(|path| path != link);
        }
    }
    for folder in ["usr/bin", "usr/sbin", "usr/lib"] {
        if tree.get(folder).is_none() {
            tree.put(folder, Entry::directory(0o755)).map_err(io::Error::other)?;
        }
    }
    Ok(())
}

/// /etc/passwd and its companions from base-passwd's masters.
fn users(tree: &mut Tree) -> io::Result<()> {
    let masters = [("passwd", "shadow", ":*:1:0:99999:7:::"), ("group", "gshadow", ":*::")];
    for (file, shadow, locked) in masters {
        let Some(master) = tree.read(&format!("usr/share/base-passwd/{file}.master"))? else { continue };
        let names = String::from_utf8_lossy(&master);
        let lines = names.lines().filter_map(|line| line.split(':').next());
        let secret: String = lines.map(|name| format!("{name}{locked}\n")).collect();
        // `x` sends programs to the shadow file.
        let open: String = names.lines().map(|line| line.replacen(":*:", ":x:", 1) + "\n").collect();
        put(tree, &format!("etc/{file}"), open.into_bytes(), 0o644)?;
        const SHADOW_GROUP: u64 = 42;
        let entry = Entry::bytes(secret.into_bytes(), 0o640).owned_by(0, SHADOW_GROUP);
        tree.put(&format!("etc/{shadow}"), entry).map_err(io::Error::other)?;
    }
    Ok(())
}

/// One file with all certificates that the packages carry.
fn certificates(tree: &mut Tree) -> io::Result<()> {
    let folder = "usr/share/ca-certificates/";
    let is_certificate = |(path, entry): &(&String, &Entry)| {
        path.starts_with(folder) && path.ends_with(".crt") && matches!(entry.node, Node::File { .. })
    };
    let paths: Vec<String> = tree.entries().filter(is_certificate).map(|(path, _)| path.clone()).collect();
    let mut bundle = Vec::new();
    for path in paths {
        bundle.extend(tree.read(&path)?.unwrap_or_default());
        if !bundle.ends_with(b"\n") {
            bundle.push(b'\n');
        }
    }
    if bundle.is_empty() { Ok(()) } else { put(tree, "etc/ssl/certs/ca-certificates.crt", bundle, 0o644) }
}

/// Files that packages carry as templates, under the names that programs read.
fn defaults(tree: &mut Tree) -> io::Result<()> {
    let templates = [
        ("usr/share/libc-bin/nsswitch.conf", "etc/nsswitch.conf"),
        ("usr/share/base-files/profile", "etc/profile"),
        ("usr/share/base-files/dot.profile", "root/.profile"),
        ("usr/share/base-files/dot.bashrc", "root/.bashrc"),
    ];
    for (template, file) in templates {
        if let (Some(content), None) = (tree.read(template)?, tree.get(file)) {
            put(tree, file, content, 0o644)?;
        }
    }
    if tree.get("usr/share/base-files").is_some() {
        for (folder, mode) in [
            ("mnt", 0o755),
            ("srv", 0o755),
            ("opt", 0o755),
            ("media", 0o755),
            ("run/lock", 0o1777),
            ("usr/local/bin", 0o755),
        ] {
            if tree.get(folder).is_none() {
                tree.put(folder, Entry::directory(mode)).map_err(io::Error::other)?;
            }
        }
    }
    Ok(())
}

/// dpkg's list of installed packages, which scanners read.
fn status(controls: &[String]) -> String {
    let paragraph = |control: &String| {
        let (first, rest) = control.split_once('\n').unwrap_or((control, ""));
        format!("{first}\nStatus: install ok installed\n{}\n\n", rest.trim_end())
    };
    controls.iter().map(paragraph).collect()
}

fn put(tree: &mut Tree, path: &str, content: Vec<u8>, mode: u32) -> io::Result<()> {
    tree.put(path, Entry::bytes(content, mode)).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)], has_base_files: bool) -> Tree {
        let mut tree = Tree::new(false);
        before(&mut tree, has_base_files).expect("before");
        for (path, text) in files {
            tree.put(path, Entry::bytes(text.as_bytes().to_vec(), 0o644)).expect("put");
        }
        after(&mut tree, &["Package: a\nVersion: 1\n".into(), "Package: b\nVersion: 2\n".into()]).expect("after");
        tree
    }

    fn text(tree: &Tree, path: &str) -> String {
        String::from_utf8(tree.read(path).expect("read").expect(path)).expect("text")
    }

    #[test]
    fn users_certificates_and_status_are_made() {
        let tree = tree(
            &[
                ("usr/share/base-passwd/passwd.master", "root:*:0:0:root:/root:/bin/bash\n"),
                ("usr/share/base-passwd/group.master", "root:*:0:\nmail:*:8:\n"),
                ("usr/share/ca-certificates/b/two.crt", "TWO\n"),
                ("usr/share/ca-certificates/a.crt", "ONE"),
                ("usr/share/libc-bin/nsswitch.conf", "hosts: files dns\n"),
            ],
            false,
        );
        assert_eq!(text(&tree, "etc/passwd"), "root:x:0:0:root:/root:/bin/bash\n");
        assert_eq!(text(&tree, "etc/shadow"), "root:*:1:0:99999:7:::\n");
        assert_eq!(text(&tree, "etc/gshadow"), "root:*::\nmail:*::\n");
        assert_eq!(tree.get("etc/shadow").map(|entry| (entry.mode, entry.gid)), Some((0o640, 42)));
        assert_eq!(text(&tree, "etc/ssl/certs/ca-certificates.crt"), "ONE\nTWO\n");
        assert_eq!(text(&tree, "etc/nsswitch.conf"), "hosts: files dns\n");
        let status = text(&tree, "var/lib/dpkg/status");
        assert_eq!(
            status,
            "Package: a\nStatus: install ok installed\nVersion: 1\n\nPackage: b\nStatus: install ok installed\nVersion: 2\n\n"
        );
    }

    #[test]
    fn a_package_that_leaves_no_folder_usr_is_an_error() {
        for usr in [Entry::bytes(&b"x"[..], 0o644), Entry::symlink("..")] {
            let mut tree = Tree::new(false);
            before(&mut tree, false).expect("before");
            tree.put("usr", usr).expect("put");
            assert!(after(&mut tree, &[]).is_err());
        }
    }

    #[test]
    fn the_links_into_usr_hold_what_packages_put_behind_them() {
        let tree = tree(&[("lib64/ld.so", "x"), ("bin/sh", "x"), ("var/run/pid", "x")], true);
        for path in ["usr/lib64/ld.so", "usr/bin/sh", "usr/lib", "run/pid"] {
            assert!(tree.get(path).is_some(), "{path}");
        }
        let is_link =
            |name: &str| tree.entries().any(|(path, entry)| path == name && matches!(entry.node, Node::Symlink(_)));
        assert!(["bin", "sbin", "lib", "lib64", "var/run", "var/lock"].into_iter().all(is_link));
        assert!(!is_link("lib32"));
    }
}
