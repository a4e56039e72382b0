//! Whether the engine runs on this machine's kernel, so that what `/proc` says here is so for its containers too.
//!
//! A socket on this machine does not tell: behind it may be a virtual machine (Docker Desktop, Colima, Rancher Desktop)
//! or a tunnel to somewhere else.

use bollard::models::SystemInfo;

/// What tells one kernel from another: its release, and the memory that it found, to the byte.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kernel {
    release: String,
    memory: i64,
}

impl Kernel {
    fn here() -> Option<Self> {
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()?.trim().to_string();
        Some(Self { release, memory: total_memory(&std::fs::read_to_string("/proc/meminfo").ok()?)? })
    }

    fn of(info: &SystemInfo) -> Option<Self> {
        Some(Self { release: info.kernel_version.clone()?, memory: info.mem_total? })
    }
}

/// Whether this program and the engine's containers have one kernel.
pub fn has_the_kernel_of(info: &SystemInfo) -> bool {
    is_same(Kernel::here(), Kernel::of(info))
}

fn is_same(here: Option<Kernel>, engine: Option<Kernel>) -> bool {
    here.is_some() && here == engine
}

fn total_memory(meminfo: &str) -> Option<i64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(release: &str, memory: i64) -> Option<Kernel> {
        Some(Kernel { release: release.into(), memory })
    }

    #[test]
    fn a_virtual_machine_beside_is_told_from_this_machine() {
        let here = || kernel("6.8.0-48-generic", 16_000_000_000);
        assert!(is_same(here(), here()));
        // Docker Desktop on Linux; Colima with the same distribution; an engine that does not say; macOS.
        assert!(!is_same(here(), kernel("6.10.14-linuxkit", 4_000_000_000)));
        assert!(!is_same(here(), kernel("6.8.0-48-generic", 2_000_000_000)));
        assert!(!is_same(here(), Kernel::of(&SystemInfo::default())));
        assert!(!is_same(None, None));
    }

    #[test]
    fn memory_is_read_as_the_engine_does() {
        assert_eq!(total_memory("MemTotal:       24684544 kB\nMemFree: 1 kB\n"), Some(24_684_544 * 1024));
    }
}
