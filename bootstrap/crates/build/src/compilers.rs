//! The C and C++ compilers for the machine that an image is for.

use tokio::process::Command;

use super::Architecture;

/// Compilers, by the names of their commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Compilers {
    pub c: &'static str,
    pub cxx: &'static str,
    /// What puts compiled files together. None: the tools know the machine's own.
    archiver: Option<&'static str>,
}

impl Compilers {
    /// Those for programs that run on such a machine.
    pub(super) fn of(target: Architecture) -> Self {
        Self::from(Architecture::host(), target)
    }

    /// The machine's own for itself, else those that carry the other machine's name, as they do in every distribution.
    fn from(host: Architecture, target: Architecture) -> Self {
        match target {
            _ if target == host => Self { c: "cc", cxx: "c++", archiver: None },
            Architecture::Amd64 => {
                Self { c: "x86_64-linux-gnu-gcc", cxx: "x86_64-linux-gnu-g++", archiver: Some("x86_64-linux-gnu-ar") }
            }
            Architecture::Arm64 => Self {
                c: "aarch64-linux-gnu-gcc",
                cxx: "aarch64-linux-gnu-g++",
                archiver: Some("aarch64-linux-gnu-ar"),
            },
        }
    }

    /// The variables by which Go, make and node-gyp know compilers. Empty for the machine's own, which they find, or
    /// which the user has chosen.
    pub(super) fn variables(self) -> Vec<(&'static str, &'static str)> {
        self.archiver.map_or_else(Vec::new, |archiver| vec![("CC", self.c), ("CXX", self.cxx), ("AR", archiver)])
    }

    /// Has a command compile with them.
    pub(super) fn choose(self, command: &mut Command) {
        if self.archiver.is_some() {
            // They are the user's for this machine.
            for name in ["CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS"] {
                command.env_remove(name);
            }
        }
        command.envs(self.variables());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Architecture::{Amd64, Arm64};

    #[test]
    fn only_another_machine_needs_compilers_by_name() {
        for own in [Amd64, Arm64] {
            let compilers = Compilers::from(own, own);
            assert_eq!((compilers.c, compilers.cxx), ("cc", "c++"));
            assert_eq!(compilers.variables(), []);
        }
        let expected = ["CC=aarch64-linux-gnu-gcc", "CXX=aarch64-linux-gnu-g++", "AR=aarch64-linux-gnu-ar"];
        let shown = |(name, value): (&str, &str)| format!("{name}={value}");
        assert_eq!(Compilers::from(Amd64, Arm64).variables().into_iter().map(shown).collect::<Vec<_>>(), expected);
        let other: Vec<_> = Compilers::from(Arm64, Amd64).variables().into_iter().map(shown).collect();
        assert_eq!(other, expected.map(|text| text.replace("aarch64", "x86_64")));
    }
}
