//! What reads bytes of others, for the fuzz targets in `fuzz/`.

pub use backstack_build::foreign::{apt_answers, debian_package, debian_sources};
pub use backstack_docker::foreign::{docker_endpoint, kubeconfig_with, kubeconfig_without};
pub use backstack_images::foreign::{challenge, docker_credentials, no_image, registry_said};
