//! The machine that a program is for, as the header of an ELF file says it.
//!
//! Every layer is checked before it is written: a program for another machine would only be found out when it is
//! started, on that machine.

use std::fmt;
use std::io::{self, Read};

use super::Architecture;
use super::glob::Patterns;
use super::tree::{Node, Tree};

/// Bytes of a header up to the machine.
pub const HEADER_SIZE: usize = 20;

/// The machine of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Machine {
    /// As the ELF standard counts them.
    number: u16,
    is_64_bit: bool,
    is_little_endian: bool,
}

/// Numbers of the ELF standard.
const NAMES: &[(u16, &str)] = &[
    (NO_MACHINE, "no machine"),
    (3, "i386"),
    (8, "mips"),
    (20, "powerpc"),
    (21, "powerpc64"),
    (22, "s390"),
    (40, "arm"),
    (X86_64, "x86-64"),
    (AARCH64, "aarch64"),
    (243, "riscv"),
    (BPF, "bpf"),
    (258, "loongarch"),
];
const NO_MACHINE: u16 = 0;
const X86_64: u16 = 62;
const AARCH64: u16 = 183;
/// For the kernel of any machine.
const BPF: u16 = 247;

impl Machine {
    /// Reads the start of a file. None: it is no ELF file.
    pub fn of(start: &[u8]) -> Option<Self> {
        let header: &[u8; HEADER_SIZE] = start.get(..HEADER_SIZE)?.try_into().ok()?;
        if !header.starts_with(b"\x7fELF") {
            return None;
        }
        let is_little_endian = header[5] == 1;
        let bytes = [header[18], header[19]];
        let number = if is_little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) };
        Some(Self { number, is_64_bit: header[4] == 2, is_little_endian })
    }

    /// Whether it belongs into an image of this architecture.
    pub fn fits(self, architecture: Architecture) -> bool {
        let wanted = match architecture {
            Architecture::Amd64 => X86_64,
            Architecture::Arm64 => AARCH64,
        };
        match self.number {
            NO_MACHINE | BPF => true,
            number => number == wanted && self.is_64_bit && self.is_little_endian,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.number) {
            Some((_, name)) => f.write_str(name)?,
            None => write!(f, "machine {}", self.number)?,
        }
        match (self.number, self.is_64_bit, self.is_little_endian) {
            (X86_64 | AARCH64, false, _) => f.write_str(" with 32 bits"),
            (X86_64 | AARCH64, _, false) => f.write_str(" in big-endian order"),
            _ => Ok(()),
        }
    }
}

/// A program that is not for the image's machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stranger {
    pub path: String,
    pub machine: Machine,
}

/// Programs of a layer that are not for the image's machine, in the order of their paths. Patterns in `allowed` name
/// those that belong in the image all the same.
///
/// # Errors
/// A file of the tree cannot be read.
pub(super) fn strangers(tree: &Tree, architecture: Architecture, allowed: &[String]) -> io::Result<Vec<Stranger>> {
    let (mut found, allowed) = (Vec::new(), Patterns::new(allowed));
    for (path, entry) in tree.entries() {
        let Node::File { content, size } = &entry.node else { continue };
        if *size < HEADER_SIZE as u64 {
            continue;
        }
        let mut start = [0; HEADER_SIZE];
        tree.open(content, *size)?.read_exact(&mut start)?;
        let machine = Machine::of(&start).filter(|machine| !machine.fits(architecture));
        found.extend(
            machine.filter(|_| !allowed.covers(path)).map(|machine| Stranger { path: format!("/{path}"), machine }),
        );
    }
    Ok(found)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::tree::Entry;
    use Architecture::{Amd64, Arm64};

    /// The start of an ELF file: its class (1 or 2: 32 or 64 bits), order (1 or 2: little or big) and machine.
    pub(crate) fn header(class: u8, order: u8, machine: u16) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.extend([class, order, 1, 0]);
        bytes.resize(16, 0);
        let [low, high] = machine.to_le_bytes();
        bytes.extend(if order == 1 { [2, 0, low, high] } else { [0, 2, high, low] });
        bytes.resize(64, 0);
        bytes
    }

    fn machine(class: u8, order: u8, number: u16) -> Machine {
        Machine::of(&header(class, order, number)).expect("an ELF header")
    }

    #[test]
    fn headers_tell_the_machine() {
        assert_eq!(Machine::of(b"#!/bin/sh\necho no program at all"), None);
        assert_eq!(Machine::of(b"\x7fELF"), None);
        for (class, order, number, name, fits_amd64, fits_arm64) in [
            (2, 1, X86_64, "x86-64", true, false),
            (2, 1, AARCH64, "aarch64", false, true),
            (1, 1, X86_64, "x86-64 with 32 bits", false, false),
            (2, 2, AARCH64, "aarch64 in big-endian order", false, false),
            (1, 1, 40, "arm", false, false),
            (2, 2, 22, "s390", false, false),
            (2, 1, 4711, "machine 4711", false, false),
            (2, 1, BPF, "bpf", true, true),
        ] {
            let machine = machine(class, order, number);
            assert_eq!(machine.to_string(), name);
            assert_eq!((machine.fits(Amd64), machine.fits(Arm64)), (fits_amd64, fits_arm64), "{name}");
        }
    }

    #[test]
    fn programs_for_another_machine_are_found_wherever_they_lie() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let disk = folder.path().join("disk");
        std::fs::write(&disk, header(2, 1, X86_64)).expect("write");
        let mut tree = Tree::with_spool(false, folder.path()).expect("spool");
        let arm64 = header(2, 1, AARCH64);
        let content = tree.spool(&mut &arm64[..]).expect("spool");
        let node = Node::File { content, size: arm64.len() as u64 };
        tree.put("usr/bin/spooled", Entry { node, mode: 0o755, uid: 0, gid: 0 }).expect("put");
        tree.put("usr/bin/on-disk", Entry::disk(&disk, 0o755).expect("entry")).expect("put");
        tree.put("boot/firmware/a/b", Entry::bytes(header(1, 1, 40), 0o644)).expect("put");
        tree.put("usr/bin/script", Entry::bytes(&b"#!/bin/sh\necho something"[..], 0o755)).expect("put");
        tree.put("usr/bin/short", Entry::bytes(&b"\x7fELF"[..], 0o755)).expect("put");
        let paths = |architecture, allowed: &[&str]| {
            let allowed: Vec<String> = allowed.iter().map(|pattern| (*pattern).into()).collect();
            let found = strangers(&tree, architecture, &allowed).expect("read");
            found.into_iter().map(|one| format!("{} {}", one.path, one.machine)).collect::<Vec<_>>()
        };
        assert_eq!(paths(Amd64, &[]), ["/boot/firmware/a/b arm", "/usr/bin/spooled aarch64"]);
        assert_eq!(paths(Arm64, &[]), ["/boot/firmware/a/b arm", "/usr/bin/on-disk x86-64"]);
        assert_eq!(paths(Amd64, &["/boot/firmware", "/usr/bin/on-*"]), ["/usr/bin/spooled aarch64"]);
    }
}
