//! What an `up` has to know of a cluster that somebody else made.

use super::{Cluster, ExistingError, Platform, checks, rights};
use crate::doctor::Check;
use crate::doctor::building::Building;
use crate::error::{ExitKind, Failure};
use crate::images::Platform as Machine;
use crate::images::registry::Registry;
use crate::images::upstream::{Upstream, UpstreamOptions};
use crate::settings::{Existing, Push, Record, UpSettings};
use crate::stack::{Stack, StackSource};
use crate::target::Seen;

impl Cluster {
    /// What there is of a platform, if it is the one that is meant.
    ///
    /// # Errors
    /// It is another one, or one of another stack than the wanted one.
    pub(in crate::target) async fn observe(&self, name: &str, stack: Option<&str>) -> Result<Seen, Failure> {
        let record = self.known(name, stack).await?;
        let kept = record.map(|record| Existing { settings: None, workers: 0, record: Some(record) });
        Ok(Seen { live: Some(self.client.clone()), kept, stands: true, ..Seen::default() })
    }

    async fn known(&self, name: &str, stack: Option<&str>) -> Result<Option<Record>, Failure> {
        let found = match Platform::named(self, name).await {
            Err(failure) if failure.kind == ExitKind::Cluster => {
                // Who may not even read it may do nothing else either: that says more.
                self.check_rights().await?;
                return Err(failure);
            }
            other => other?,
        };
        if let (Some(record), Some(wanted)) = (&found, stack) {
            let folder = match StackSource::named(wanted) {
                StackSource::Dir(folder) => {
                    std::fs::canonicalize(folder).ok().map(|folder| folder.display().to_string())
                }
                StackSource::Builtin(_) => None,
            };
            if record.stack != wanted && folder.as_deref() != Some(record.stack.as_str()) {
                let (context, name) = (self.context.clone(), record.name.clone());
                let (had, wanted) = (record.stack.clone(), wanted.into());
                return Err(ExistingError::OtherStack { context, name, had, wanted }.into());
            }
        }
        Ok(found)
    }

    /// Makes sure that it is not too old, and that the user may install a platform there.
    ///
    /// # Errors
    /// [`ExistingError::Old`], [`ExistingError::Rights`]
    pub(in crate::target) async fn may_install(&self) -> Result<(), Failure> {
        self.check_version()?;
        self.check_rights().await
    }

    async fn check_rights(&self) -> Result<(), Failure> {
        let missing = rights::missing(&self.client).await?;
        if missing.is_empty() {
            return Ok(());
        }
        Err(ExistingError::Rights { context: self.context.clone(), missing }.into())
    }

    /// All checks: of the cluster, of the registry that it pulls from, and of what building takes here.
    pub(in crate::target) async fn check(
        &self,
        settings: &UpSettings,
        stack: &Stack,
        building: Option<&Building>,
    ) -> Result<Vec<Check>, Failure> {
        let mut checks = checks::judge(&checks::gather(self).await?, stack);
        if let Some(push) = &settings.push {
            let fix = "check --push-to; --plain-http if it has no TLS";
            checks.push(match registry(push, sign_in()?).await?.ping().await {
                Ok(()) => Check::ok("registry", format!("{} answers", push.to.address())),
                Err(error) => Check::failed("registry", error.to_string(), fix),
            });
        }
        checks.extend(building.into_iter().flat_map(Building::checks));
        Ok(checks)
    }

    /// How people on this machine reach a platform that no name leads to: through the API.
    pub(in crate::target) fn port_forward(&self, settings: &UpSettings, stack: &Stack) -> Option<String> {
        if settings.host() != "localhost" {
            return None;
        }
        let door = stack.components.iter().find(|component| component.file.ingress_class.is_some())?;
        let https =
            |spec: &serde_json::Value| spec["ports"].as_array().into_iter().flatten().any(|port| port["port"] == 443);
        let objects = door.manifests.iter().map(|manifest| &manifest.object);
        let service = objects.filter(|object| object["kind"] == "Service").find(|object| https(&object["spec"]))?;
        let (namespace, name) = (&door.file.namespace, service["metadata"]["name"].as_str()?);
        let (context, port) = (&self.context, settings.public_port());
        Some(format!("kubectl --context {context} --namespace {namespace} port-forward service/{name} {port}:443"))
    }
}

/// The registry that images are pushed to. `upstream` knows how to sign in.
///
/// # Errors
/// No client can be made for it.
pub async fn registry(push: &Push, upstream: Upstream) -> Result<Registry, Failure> {
    Ok(Registry::at_host(&push.to.host, &push.to.prefix, push.plain_http, upstream).await?)
}

/// Knows how this machine signs in to registries.
pub(in crate::target) fn sign_in() -> Result<Upstream, Failure> {
    Ok(Upstream::new(UpstreamOptions::new(Machine::here()))?)
}
