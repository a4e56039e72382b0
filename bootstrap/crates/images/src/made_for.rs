//! What an image is made for, and whether that runs here.

use serde::Deserialize;

use super::platform::Platform;

/// Operating system, processor and its variant, as an index or an image's configuration has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Made {
    pub os: String,
    pub architecture: String,
    pub variant: Option<String>,
}

impl std::fmt::Display for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match self.variant.as_deref().filter(|variant| !variant.is_empty()) {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl Made {
    /// How well it suits a platform: the less, the better; none if it does not run there.
    ///
    /// The plain variant is the best, as container runtimes choose it: it runs on every machine to which the image may
    /// go from here. A higher one is taken only where there is no plain one and this processor is known to have it.
    pub(crate) fn suits(&self, platform: &Platform) -> Option<u8> {
        if self.os != "linux" || self.architecture != platform.architecture {
            return None;
        }
        let variant = self.variant.as_deref().unwrap_or_default();
        match (self.architecture.as_str(), variant) {
            (_, "") | ("amd64", "v1") | ("arm64", "v8") => Some(0),
            ("amd64", level) => {
                let level: u8 = level.strip_prefix('v')?.parse().ok()?;
                (level <= level_here(platform)).then(|| 10_u8.saturating_sub(level))
            }
            // Variants of arm64 beyond v8 have names that say nothing of what they need.
            ("arm64", _) => None,
            _ => Some(10),
        }
    }
}

/// The level of the x86-64 instruction set that this processor has; the lowest for another machine's.
fn level_here(platform: &Platform) -> u8 {
    if *platform != Platform::here() {
        return 1;
    }
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::is_x86_feature_detected as has;
        let v2 =
            has!("cmpxchg16b") && has!("popcnt") && has!("sse3") && has!("sse4.1") && has!("sse4.2") && has!("ssse3");
        let v3 = has!("avx2")
            && has!("bmi1")
            && has!("bmi2")
            && has!("f16c")
            && has!("fma")
            && has!("lzcnt")
            && has!("movbe");
        let v4 = has!("avx512f") && has!("avx512bw") && has!("avx512cd") && has!("avx512dq") && has!("avx512vl");
        match (v2, v3, v4) {
            (true, true, true) => 4,
            (true, true, false) => 3,
            (true, false, _) => 2,
            (false, ..) => 1,
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    1
}

/// Why a manifest that is one image's by its form is no image that a node could run; none if it is one.
///
/// Charts, signatures and the like are kept in registries in the form of images: the types of their parts tell them
/// apart.
pub(crate) fn refusal(manifest: &[u8]) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_slice(manifest).ok()?;
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
    let config = text(&manifest["config"]["mediaType"]);
    let artifact = text(&manifest["artifactType"]);
    if !is_config(&config) {
        let named = if artifact.is_empty() { config } else { artifact };
        return Some(no_image(&named));
    }
    for layer in manifest["layers"].as_array().into_iter().flatten() {
        let media_type = text(&layer["mediaType"]);
        if let Some(address) = layer["urls"].as_array().and_then(|urls| urls.first()) {
            let (digest, address) = (text(&layer["digest"]), text(address));
            return Some(format!(
                "its layer {digest} is a foreign one, which lies at {address} and not in the registry"
            ));
        }
        if !is_layer(&media_type) {
            return Some(no_image(&media_type));
        }
    }
    None
}

fn is_config(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.config.v1+json"
            | "application/vnd.docker.container.image.v1+json"
            // What old programs pushed, and nodes take.
            | "application/octet-stream"
            | ""
    )
}

fn is_layer(media_type: &str) -> bool {
    let layers =
        ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.", "application/octet-stream"];
    media_type.is_empty() || layers.iter().any(|start| media_type.starts_with(start))
}

fn no_image(media_type: &str) -> String {
    let kinds = [
        ("helm", "a Helm chart"),
        ("cosign", "a signature"),
        ("sigstore", "a signature"),
        ("signature", "a signature"),
        ("in-toto", "an attestation"),
        ("dsse", "an attestation"),
        ("spdx", "a bill of materials"),
        ("cyclonedx", "a bill of materials"),
        ("wasm", "a WebAssembly module"),
    ];
    let kind = kinds.iter().find(|(part, _)| media_type.contains(part)).map_or("something else", |(_, kind)| kind);
    format!("it is {kind} (`{media_type}`), not an image")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(architecture: &str, variant: &str) -> Made {
        Made { os: "linux".into(), architecture: architecture.into(), variant: Some(variant.into()) }
    }

    #[test]
    fn the_plain_variant_is_the_best_and_one_beyond_the_processor_is_none() {
        let elsewhere = Platform::linux(if cfg!(target_arch = "x86_64") { "arm64" } else { "amd64" });
        for (variant, suits) in [("", Some(0)), ("v8", Some(0)), ("v9", None)] {
            assert_eq!(made("arm64", variant).suits(&Platform::linux("arm64")), suits, "{variant}");
        }
        assert_eq!(made("amd64", "v1").suits(&Platform::linux("amd64")), Some(0));
        assert_eq!(made("amd64", "v9").suits(&Platform::linux("amd64")), None);
        assert_eq!(made("riscv64", "").suits(&elsewhere), None);
        if cfg!(target_arch = "x86_64") {
            let here = Platform::here();
            let level = level_here(&here);
            assert_eq!(made("amd64", &format!("v{}", level + 1)).suits(&here), None);
            assert!(level < 2 || made("amd64", &format!("v{level}")).suits(&here) > Some(0));
        }
    }

    #[test]
    fn what_is_no_image_is_named() {
        let manifest = |config: &str, layer: serde_json::Value| {
            let manifest = serde_json::json!({"config": {"mediaType": config}, "layers": [layer]});
            refusal(manifest.to_string().as_bytes())
        };
        let image = "application/vnd.oci.image.config.v1+json";
        let layer = serde_json::json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd"});
        assert_eq!(manifest(image, layer.clone()), None);
        let chart = manifest("application/vnd.cncf.helm.config.v1+json", layer).expect("no image");
        assert!(chart.contains("a Helm chart"), "{chart}");
        let signature = serde_json::json!({"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json"});
        assert!(manifest(image, signature).expect("no image").contains("a signature"));
        let foreign = serde_json::json!({"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "digest": "sha256:1", "urls": ["https://far.example/layer"]});
        assert!(manifest(image, foreign).expect("foreign").contains("https://far.example/layer"));
    }
}
