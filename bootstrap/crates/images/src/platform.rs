//! The machine that an image is made for.

/// What the machine runs: `linux` on some processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The processor as OCI names it, as `amd64` or `arm64`.
    pub architecture: String,
}

impl Platform {
    /// Linux on this processor, named as OCI (`amd64`), the kernel (`x86_64`) or an engine does.
    pub fn linux(architecture: &str) -> Self {
        let architecture = match architecture {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self { architecture: architecture.into() }
    }

    /// Linux on the processor this program was built for.
    pub fn here() -> Self {
        Self::linux(std::env::consts::ARCH)
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "linux/{}", self.architecture)
    }
}
