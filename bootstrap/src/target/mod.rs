//! Which cluster a platform is on: one that this program makes in the Docker Engine, or one that somebody else made.
//!
//! ```text
//! local     node containers in the engine: made, looked at, taken away
//! existing  the cluster of a kubeconfig context: reached, checked, left as it was
//! platform  a platform that exists, on either
//! site      where a platform is made, for `up` and its steps
//! down      takes it away
//! ```
//!
//! [`Target`] is what was asked for, [`Reached`] what answers, [`Site`] what is known of it when all is decided. What `up`,
//! `down` and others have to do differently on one kind of cluster and on the other is told apart by their methods.

pub mod down;
mod error;
pub mod existing;
pub mod local;
mod platform;
mod site;

use crate::docker::locks::Held;
use crate::docker::observe::ObservedPlatform;
use crate::docker::{ClusterError, Engine};
use crate::error::Failure;
use crate::images::registry::Registry;
use crate::plan::ClusterImages;
use crate::settings::{self, DEFAULT_NAME, Record, UpSettings, UpWishes};
use crate::stack::Stack;

pub use error::ConnectError;
pub use existing::ExistingError;
pub use local::Local;
pub use platform::Platform;
pub use site::Site;

/// Which cluster is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Target {
    /// One in node containers, in the Docker Engine that is meant here.
    #[default]
    Local,
    /// One that somebody else made.
    Existing {
        /// The kubeconfig context that leads to it.
        context: String,
    },
}

/// A platform that runs, as it is recorded.
pub struct Known {
    /// What the last `up` recorded.
    pub record: Record,
    /// Its nodes; none on a cluster that somebody else made, whose nodes are not ours.
    pub nodes: Option<local::Running>,
}

/// What may be done to a platform that is stopped, whose record can be read only when it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Start it: it would be started anyway.
    Start,
    /// Leave it, and refuse to guess.
    Nothing,
    /// Leave it, and take the defaults for what cannot be read.
    NothingGuess,
}

/// What there is of a platform, before anything is decided.
#[derive(Default)]
pub struct Seen {
    /// Its containers, whether complete or not.
    pub platform: Option<ObservedPlatform>,
    /// A client, if its API answers.
    pub live: Option<kube::Client>,
    /// What settings have to keep of it.
    pub kept: Option<settings::Existing>,
    /// The cluster is made, so it does not begin with anything else.
    pub stands: bool,
    /// Names of the platforms beside it.
    pub others: Vec<String>,
    /// Port of the local registry on loopback, if it runs.
    pub registry: Option<u16>,
    /// Until the end, no `down` of another platform takes network and registry away.
    pub _sharing: Option<Held>,
}

impl Seen {
    /// What the last `up` recorded.
    pub fn record(&self) -> Option<&Record> {
        self.kept.as_ref()?.record.as_ref()
    }
}

/// Where the images of a platform go.
pub enum Destination {
    /// Into the engine, and into the registry that runs there or will.
    Engine(Engine),
    /// Into this registry, which the cluster pulls from.
    Registry(Registry),
    /// Nowhere: the cluster of this context pulls them from upstream itself.
    Pulled {
        /// The context.
        context: String,
    },
    /// Nobody knows yet.
    Unknown,
}

/// A target that answers.
pub enum Reached {
    /// The engine.
    Local(Box<Local>),
    /// The API of the cluster.
    Existing(existing::Cluster),
}

impl Target {
    /// The target that a context stands for, and the one that is meant without any.
    pub fn of(context: Option<String>) -> Self {
        context.map_or(Self::Local, |context| Self::Existing { context })
    }

    /// What has to be typed to mean the same platform again.
    pub fn flags(&self, name: &str) -> String {
        match self {
            Self::Existing { context } => format!(" --context {context}"),
            Self::Local if name == DEFAULT_NAME => String::new(),
            Self::Local => format!(" --name {name}"),
        }
    }

    /// Refuses a cluster that somebody else made.
    ///
    /// # Errors
    /// What `refusal` makes of its context.
    pub fn must_be_local<E>(&self, refusal: impl FnOnce(String) -> E) -> Result<(), E> {
        match self {
            Self::Local => Ok(()),
            Self::Existing { context } => Err(refusal(context.clone())),
        }
    }

    /// Reaches what a platform is made in.
    ///
    /// # Errors
    /// No engine, or no usable cluster behind the context.
    pub async fn connect(&self) -> Result<Reached, ConnectError> {
        Ok(match self {
            Self::Local => Reached::Local(Box::new(Local::connect().await?)),
            Self::Existing { context } => Reached::Existing(existing::connect(context).await?),
        })
    }

    /// The engine, for what is done with containers and files of nodes. `refusal` says why a cluster that somebody else
    /// made is not meant.
    ///
    /// # Errors
    /// That refusal, or no engine.
    pub async fn local<E: Into<Failure>>(&self, refusal: impl FnOnce(String) -> E) -> Result<Local, Failure> {
        self.must_be_local(refusal).map_err(Into::into)?;
        Ok(Local::connect().await?)
    }

    /// What was wished, as far as it concerns such a cluster: a settings file may speak of others too.
    pub fn wishes(&self, wishes: UpWishes) -> UpWishes {
        match self {
            Self::Local => wishes.for_own_cluster(),
            Self::Existing { .. } => wishes,
        }
    }

    /// The stack with the values that are for such a cluster.
    pub fn suit(&self, mut stack: Stack) -> Stack {
        if let Self::Existing { .. } = self {
            stack.suit_other_clusters();
        }
        stack
    }

    /// Finds a platform: by name, or on the cluster of a context, where the record knows its name.
    ///
    /// # Errors
    /// There is none, or what it would be in does not answer.
    pub async fn find(&self, name: &str) -> Result<Platform, Failure> {
        Ok(match self.connect().await? {
            Reached::Local(local) => Platform::Local(Box::new(local.find(name).await?)),
            Reached::Existing(cluster) => Platform::Existing(Box::new(existing::Platform::find(cluster).await?)),
        })
    }
}

impl Reached {
    /// Of the machines that the platform runs on, as Go names it.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn architecture(&self) -> Result<String, Failure> {
        match self {
            Self::Local(local) => Ok(local.architecture().await?),
            Self::Existing(cluster) => Ok(cluster.architecture.clone()),
        }
    }

    /// What there is of a platform. `stack` is the wanted one, if one is.
    ///
    /// # Errors
    /// The engine or the API does not answer properly; what is there is not what is meant, or may not be started.
    pub async fn observe(&self, name: &str, stack: Option<&str>, touch: Touch) -> Result<Seen, Failure> {
        match self {
            Self::Local(local) => local.observe(name, touch).await,
            Self::Existing(cluster) => cluster.observe(name, stack).await,
        }
    }

    /// The record of a platform that has to be there.
    ///
    /// # Errors
    /// It is not, or no `up` has come to its end.
    pub fn recorded<'a>(&self, name: &str, seen: &'a Seen) -> Result<&'a Record, Failure> {
        match self {
            Self::Local(_) if seen.platform.is_none() => {
                Err(ClusterError::NoPlatform { name: name.into(), existing: seen.others.clone() }.into())
            }
            Self::Local(_) => seen.record().ok_or_else(|| local::not_set_up(name)),
            Self::Existing(cluster) => {
                Ok(seen.record().ok_or_else(|| ExistingError::NoPlatform { context: cluster.context.clone() })?)
            }
        }
    }

    /// What was wished, with what is here already.
    ///
    /// # Errors
    /// The two do not fit.
    pub fn complete(&self, wishes: UpWishes, seen: &Seen) -> Result<UpWishes, Failure> {
        match self {
            Self::Local(_) => Ok(local::complete(wishes, seen)?),
            Self::Existing(_) => Ok(wishes),
        }
    }

    /// Makes sure that settings fit what all platforms here share.
    ///
    /// # Errors
    /// They do not.
    pub async fn fits(&self, settings: &UpSettings) -> Result<(), Failure> {
        match self {
            Self::Local(local) => local.fits(settings).await,
            Self::Existing(_) => Ok(()),
        }
    }

    /// Which images the cluster itself takes.
    pub fn images(&self, settings: &UpSettings, seen: &Seen) -> ClusterImages {
        match self {
            Self::Local(_) => {
                let (had, registry) = (seen.platform.as_ref(), seen.registry.is_some());
                ClusterImages::needed(&settings.name, settings.workers, had, registry)
            }
            Self::Existing(_) => ClusterImages::NONE,
        }
    }

    /// Where images go.
    ///
    /// # Errors
    /// No client can be made for the registry that was asked for.
    pub async fn registry(&self, settings: &UpSettings) -> Result<Destination, Failure> {
        Ok(match (self, &settings.push) {
            (Self::Local(local), _) => Destination::Engine(local.engine.clone()),
            (Self::Existing(_), Some(push)) => {
                Destination::Registry(existing::registry(push, existing::sign_in()?).await?)
            }
            (Self::Existing(cluster), None) => Destination::Pulled { context: cluster.context.clone() },
        })
    }

    /// All that steps and checks have to know of it.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn site(&self, seen: &Seen) -> Result<Site, Failure> {
        Ok(match self {
            Self::Local(local) => Site::Local(Box::new(local.site(seen).await?)),
            Self::Existing(cluster) => Site::Existing(cluster.clone()),
        })
    }

    /// The platform of this name, if it runs.
    ///
    /// # Errors
    /// It does not, or has another name, or no `up` has come to its end.
    pub async fn known(self, name: &str) -> Result<Known, Failure> {
        match self {
            Self::Local(local) => {
                let nodes = local.find(name).await?.running().await?;
                Ok(Known { record: nodes.record().await?, nodes: Some(nodes) })
            }
            Self::Existing(cluster) => match existing::Platform::named(&cluster, name).await? {
                Some(record) => Ok(Known { record, nodes: None }),
                None => Err(ExistingError::NoPlatform { context: cluster.context }.into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_named_where_it_is_not_the_usual_one() {
        assert_eq!(Target::Local.flags(DEFAULT_NAME), "");
        assert_eq!(Target::Local.flags("two"), " --name two");
        assert_eq!(Target::of(Some("prod".into())).flags("two"), " --context prod");
    }

    #[test]
    fn what_is_for_nodes_of_our_own_is_refused_elsewhere() {
        let refused = |context: Option<&str>| Target::of(context.map(Into::into)).must_be_local(|context| context);
        assert_eq!((refused(None), refused(Some("prod"))), (Ok(()), Err("prod".into())));
    }
}
