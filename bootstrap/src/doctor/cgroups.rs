//! Whether the engine's kernel can hold pods to what they may have: control groups and their controllers.

use bollard::models::{SystemInfo, SystemInfoCgroupVersionEnum};

use super::Check;

/// What a kubelet does not start without.
const NEEDED: &[&str] = &["memory", "cpu", "cpuset"];

/// Control groups as the engine sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroups {
    /// 1 or 2; unknown for an engine that does not say.
    pub version: Option<u8>,
    /// Controllers that containers do not get.
    pub missing: Vec<&'static str>,
    /// The engine belongs to a user, and has only what systemd passes on to that user.
    pub rootless: bool,
}

impl Cgroups {
    /// As the engine tells.
    pub fn of(info: &SystemInfo) -> Self {
        let told = [
            ("memory", info.memory_limit),
            ("cpu", info.cpu_cfs_quota),
            ("cpuset", info.cpu_set),
            ("pids", info.pids_limit),
        ];
        let version = match info.cgroup_version {
            Some(SystemInfoCgroupVersionEnum::_1) => Some(1),
            Some(SystemInfoCgroupVersionEnum::_2) => Some(2),
            _ => None,
        };
        let options = info.security_options.iter().flatten();
        Self {
            version,
            missing: told.into_iter().filter(|(_, has)| *has == Some(false)).map(|(name, _)| name).collect(),
            rootless: options.flat_map(|option| option.split(',')).any(|part| part == "name=rootless"),
        }
    }

    /// Without a limit on processes pods run, without the others no kubelet starts.
    pub fn check(&self) -> Check {
        let version = self.version.map_or_else(|| "control groups".into(), |version| format!("version {version}"));
        if self.missing.is_empty() {
            return Check::ok("cgroups", format!("{version}, with all controllers that pods need"));
        }
        let (is, what) = match self.missing.as_slice() {
            [one] => ("is", format!("the controller {one}")),
            many => ("are", format!("the controllers {}", many.join(", "))),
        };
        let found = format!("{version}: {what} {is} missing");
        if self.missing.iter().any(|missing| NEEDED.contains(missing)) {
            return Check::failed("cgroups", format!("{found}, without which no node starts"), self.fix());
        }
        Check::warning("cgroups", format!("{found}: nothing keeps a pod from using up all process numbers"), self.fix())
    }

    fn fix(&self) -> &'static str {
        match (self.rootless, self.version) {
            (true, Some(1)) => {
                "a rootless engine has them under version 2 only: start the kernel with \
                 `systemd.unified_cgroup_hierarchy=1`, or use the system's engine"
            }
            (true, _) => {
                "have systemd pass them on: `Delegate=cpu cpuset io memory pids` below `[Service]` in \
                 /etc/systemd/system/user@.service.d/delegate.conf, then restart the machine"
            }
            (false, _) => {
                "switch them on at the kernel's start, as `cgroup_enable=memory` in /boot/firmware/cmdline.txt of a \
                 Raspberry Pi, and restart the machine"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn told(memory: bool, pids: bool, rootless: bool, version: SystemInfoCgroupVersionEnum) -> Check {
        let info = SystemInfo {
            memory_limit: Some(memory),
            cpu_cfs_quota: Some(true),
            cpu_set: Some(true),
            pids_limit: Some(pids),
            cgroup_version: Some(version),
            security_options: Some(if rootless { vec!["name=seccomp,name=rootless".into()] } else { Vec::new() }),
            ..SystemInfo::default()
        };
        Cgroups::of(&info).check()
    }

    #[test]
    fn what_no_node_starts_without_is_a_failure() {
        use SystemInfoCgroupVersionEnum::{_1, _2};
        for (check, verdict, found, fix) in [
            (told(true, true, false, _1), Verdict::Ok, "version 1, with all", ""),
            (told(false, true, false, _1), Verdict::Failed, "the controller memory is missing", "cgroup_enable=memory"),
            (told(true, false, true, _2), Verdict::Warning, "the controller pids is missing", "Delegate=cpu"),
            (told(false, false, true, _2), Verdict::Failed, "controllers memory, pids are missing", "Delegate=cpu"),
            (told(false, false, true, _1), Verdict::Failed, "version 1: ", "unified_cgroup_hierarchy"),
        ] {
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.found.contains(found), "{check:?}");
            assert!(check.fix.unwrap_or_default().contains(fix), "{found}");
        }
    }

    #[test]
    fn an_engine_that_does_not_say_is_not_judged() {
        assert_eq!(Cgroups::of(&SystemInfo::default()).check().verdict, Verdict::Ok);
    }
}
