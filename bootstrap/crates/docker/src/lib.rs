//! The cluster: kind's contract, through the Docker Engine API alone.
//!
//! ```text
//! endpoint    which engine is meant, chosen as the `docker` command does
//! secure      the connection to it over TLS
//! transport   each request with its status and its time in the log
//! engine      connection, facts about the machine, exec and file upload
//! host        whether the engine has this machine's kernel
//! mode        how a node may run here: privileged, or with every capability there is
//! names       container names and labels (kind's, so that `kind` sees the cluster too)
//! network     one network for all platforms, with fixed addresses
//! subnet      the range that it has
//! routes      where this machine leads addresses already
//! locks       locks between programs that make platforms at the same time
//! registry    the local registry container and its volume
//! services    what kube-proxy has no rules for yet is refused at once
//! inotify     the kernel's limits on file watches, raised by the nodes
//! mirrors     containerd's certs.d: every upstream is asked for at the local registry first
//! certs_folder  whether a node's containerd reads that
//! authorities whom the nodes trust because the user does
//! node        one node container
//! node_certificates  how long they are good for, and new ones in time
//! kubeadm     its configuration (pure)
//! pipe        a program in a container, with both of its ends in hand
//! pace        how slow the machine is, and how long to wait there
//! provision   control plane, workers, networking, storage
//! kubeconfig  merged under a lock, removed without a trace
//! pulled      images that the engine pulled for us
//! observe     what exists already
//! ```

pub mod authorities;
pub mod certs_folder;
pub mod cgroups;
pub mod endpoint;
pub mod engine;
#[doc(hidden)]
pub mod foreign;
pub mod host;
pub mod inotify;
pub mod kubeadm;
pub mod kubeconfig;
pub mod kubelet;
pub mod locks;
pub mod mirrors;
pub mod mode;
pub mod names;
pub mod network;
pub mod node;
pub mod node_certificates;
pub mod observe;
pub mod pace;
pub mod pipe;
pub mod provision;
pub mod proxy;
pub mod pulled;
pub mod registry;
pub mod routes;
pub mod services;
pub mod subnet;

mod error;
mod secure;
mod transport;

pub use engine::Engine;
pub use error::ClusterError;
