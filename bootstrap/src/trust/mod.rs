//! `trust`, `untrust`: the platform's authority in the stores that programs of this machine read, and out again.
//!
//! ```text
//! system  the system's store: files that a program of the distribution gathers
//! nss     the stores of Firefox and Chromium
//! ```
//!
//! Only entries of our own name are written or removed. What was trusted is found again by that name, so a platform need
//! not be there any more when it is taken out.

pub mod error;
mod nss;
mod system;

use std::path::PathBuf;

use serde::Serialize;

pub use error::TrustError;

/// What was done with one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Store {
    /// `system`, or `browser`.
    pub kind: &'static str,
    /// A folder or file of it.
    pub path: PathBuf,
    /// Nothing had to be done otherwise.
    pub changed: bool,
}

/// What was done with all stores.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Done {
    /// The stores that were found, each with whether it was changed.
    pub stores: Vec<Store>,
    /// What could not be done, and what to do about it: one sentence each.
    pub left: Vec<String>,
}

/// The name of a platform's authority in every store.
fn entry(platform: &str) -> String {
    format!("backstack-{platform}")
}

/// Has the system and its browsers trust the authority with this certificate (PEM).
///
/// # Errors
/// [`TrustError`]; what was done before stays, and the same command goes on from there.
pub async fn trust(platform: &str, certificate: &str) -> Result<Done, TrustError> {
    let mut done = Done::default();
    match system::find() {
        Some(system) => {
            let changed = system.add(&entry(platform), certificate).await?;
            done.stores.push(Store { kind: "system", path: system.anchors.clone(), changed });
        }
        None => done.left.push(system::UNKNOWN.into()),
    }
    let browsers = nss::add(&entry(platform), certificate).await?;
    done.stores.extend(browsers.stores);
    done.left.extend(browsers.left);
    Ok(done)
}

/// Takes the authority of this platform out of all stores.
///
/// # Errors
/// As [`trust`].
pub async fn untrust(platform: &str) -> Result<Done, TrustError> {
    let mut done = Done::default();
    if let Some(system) = system::find() {
        let changed = system.remove(&entry(platform)).await?;
        done.stores.push(Store { kind: "system", path: system.anchors.clone(), changed });
    }
    let browsers = nss::remove(&entry(platform)).await?;
    done.stores.extend(browsers.stores);
    done.left.extend(browsers.left);
    Ok(done)
}
