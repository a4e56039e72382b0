//! The user's kubeconfig: our context merged in, everybody else's left as it is.
//!
//! The file is changed under the lock that kubectl itself takes (`FILE.lock`, made exclusively), and replaced in
//! one step, so that nothing is lost if we are killed in the middle.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_yaml::{Mapping, Value};

use super::error::ClusterError;

const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// The lock is held for milliseconds; one this old was left by something that was killed.
const LOCK_STALE: Duration = Duration::from_secs(60);

/// The lists of a kubeconfig that hold named entries.
const LISTS: [&str; 3] = ["clusters", "contexts", "users"];

/// What is written for one platform.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name of the context, the cluster and the user.
    pub context: String,
    /// Address of the API server, as seen from here.
    pub server: String,
    /// The administrator's kubeconfig as the node has it.
    pub admin: String,
}

/// The file that will be changed: the first existing one of KUBECONFIG, else the last of them, else the default.
///
/// # Errors
/// There is neither KUBECONFIG nor a home folder.
pub fn path() -> Result<PathBuf, ClusterError> {
    let listed: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|list| std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect())
        .unwrap_or_default();
    if let Some(existing) = listed.iter().find(|path| path.exists()).or(listed.last()) {
        return Ok(existing.clone());
    }
    let home = std::env::home_dir()
        .ok_or_else(|| problem(Path::new("~/.kube/config"), "cannot be found: there is no home folder"))?;
    Ok(home.join(".kube/config"))
}

/// A kubeconfig with this platform alone, for our own client and for `--kubeconfig`-style use.
///
/// # Errors
/// The node's kubeconfig is not as kubeadm writes it.
pub fn standalone(entry: &Entry) -> Result<String, ClusterError> {
    let merged = merge(empty(), entry, Path::new("the node's admin.conf"))?;
    Ok(text(&merged))
}

/// Adds the platform's context, or replaces it, and makes it current.
///
/// # Errors
/// [`ClusterError::Kubeconfig`] if the file is malformed, locked or not writable; then it is as it was.
pub fn add(path: &Path, entry: &Entry) -> Result<(), ClusterError> {
    change(path, |config| merge(config, entry, path).map(Some))
}

/// Whether the file has this context, leading to this server.
pub fn has(path: &Path, context: &str, server: &str) -> bool {
    let Ok(config) = read(path) else { return false };
    let named = |list: &str| {
        config.get(list).and_then(Value::as_sequence).into_iter().flatten().find(|item| item["name"] == *context)
    };
    named("contexts").is_some() && named("clusters").is_some_and(|cluster| cluster["cluster"]["server"] == *server)
}

/// Checks that the file can be read and written, before anything is made that would need it.
///
/// # Errors
/// [`ClusterError::Kubeconfig`] naming the problem.
pub fn check(path: &Path) -> Result<(), ClusterError> {
    let config = read(path)?;
    for list in LISTS {
        if config.get(list).is_some_and(|items| !items.is_null() && !items.is_sequence()) {
            return Err(problem(path, &format!("is malformed: `{list}` is not a list")));
        }
    }
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    if fs::metadata(&real).is_ok_and(|meta| meta.permissions().readonly()) {
        return Err(problem(path, "is not writable"));
    }
    // The file is replaced, so it is its folder that has to be writable, or the one in which that will be made.
    let folder = real.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.exists());
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    writable(folder).map_err(|error| problem(path, &format!("is not writable: folder {}: {error}", folder.display())))
}

#[cfg(unix)]
fn writable(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn writable(folder: &Path) -> io::Result<()> {
    let readonly = fs::metadata(folder)?.permissions().readonly();
    if readonly { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
}

/// Removes the platform's context; a file that does not have it is not touched.
///
/// # Errors
/// As [`add`].
pub fn remove(path: &Path, context: &str) -> Result<bool, ClusterError> {
    let mut removed = false;
    if !path.exists() {
        return Ok(false);
    }
    change(path, |mut config| {
        for list in LISTS {
            if let Some(Value::Sequence(items)) = config.get_mut(list) {
                let before = items.len();
                items.retain(|item| item["name"] != *context);
                removed |= items.len() != before;
            }
        }
        if config.get("current-context").is_some_and(|current| current == context) {
            config.insert("current-context".into(), "".into());
            removed = true;
        }
        Ok(removed.then_some(config))
    })?;
    Ok(removed)
}

fn merge(mut config: Mapping, entry: &Entry, path: &Path) -> Result<Mapping, ClusterError> {
    let admin: Value = serde_yaml::from_str(&entry.admin)
        .map_err(|error| problem(Path::new("of the node"), &format!("is malformed: {error}")))?;
    let mut cluster = admin["clusters"][0]["cluster"].clone();
    cluster["server"] = entry.server.clone().into();
    let user = admin["users"][0]["user"].clone();
    let context = mapping([("cluster", entry.context.clone().into()), ("user", entry.context.clone().into())]);
    for (list, key, value) in
        [("clusters", "cluster", cluster), ("users", "user", user), ("contexts", "context", context)]
    {
        let item = mapping([("name", entry.context.clone().into()), (key, value)]);
        put(&mut config, list, &entry.context, item)
            .map_err(|()| problem(path, &format!("is malformed: `{list}` is not a list")))?;
    }
    config.insert("current-context".into(), entry.context.clone().into());
    Ok(config)
}

/// Replaces the item of that name in place, or appends it.
fn put(config: &mut Mapping, list: &str, name: &str, item: Value) -> Result<(), ()> {
    let slot = config.entry(list.into()).or_insert(Value::Null);
    if slot.is_null() {
        *slot = Value::Sequence(Vec::new());
    }
    let items = slot.as_sequence_mut().ok_or(())?;
    match items.iter_mut().find(|existing| existing["name"] == *name) {
        Some(existing) => *existing = item,
        None => items.push(item),
    }
    Ok(())
}

fn mapping<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Mapping(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn empty() -> Mapping {
    [("apiVersion", "v1"), ("kind", "Config")].into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

fn text(config: &Mapping) -> String {
    serde_yaml::to_string(config).expect("a mapping that was read is YAML")
}

fn read(path: &Path) -> Result<Mapping, ClusterError> {
    let content = match fs::read_to_string(path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(empty()),
        Err(error) => return Err(problem(path, &format!("cannot be read: {error}"))),
    };
    if content.trim().is_empty() {
        return Ok(empty());
    }
    match serde_yaml::from_str::<Value>(&content) {
        Ok(Value::Mapping(config)) => Ok(config),
        Ok(_) => Err(problem(path, "is malformed: it is not a mapping")),
        Err(error) => Err(problem(path, &format!("is malformed: {error}"))),
    }
}

/// Reads, changes and replaces the file under its lock; `None` leaves it alone.
fn change(
    path: &Path,
    edit: impl FnOnce(Mapping) -> Result<Option<Mapping>, ClusterError>,
) -> Result<(), ClusterError> {
    // A link is followed, so that it stays a link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| problem(&path, &format!("cannot be written: {error}")))?;
    let _lock = Lock::take(&path)?;
    if let Some(config) = edit(read(&path)?)? {
        replace(&path, folder, &text(&config))
            .map_err(|error| problem(&path, &format!("cannot be written: {error}")))?;
    }
    Ok(())
}

/// Temporary files are readable by their owner alone, as a file with keys should be.
fn replace(path: &Path, folder: &Path, content: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content.as_bytes())?;
    file.as_file().sync_all()?;
    if let Ok(meta) = fs::metadata(path) {
        file.as_file().set_permissions(meta.permissions())?;
    }
    file.persist(path)?;
    Ok(())
}

/// kubectl's own lock on a kubeconfig.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &Path) -> Result<Self, ClusterError> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = PathBuf::from(name);
        let start = SystemTime::now();
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(_) => return Ok(Self(lock)),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(problem(path, &format!("cannot be locked: {error}")));
                }
                Err(_) => {}
            }
            if age(&lock).is_some_and(|age| age > LOCK_STALE) {
                // Nobody holds the lock that long. If another process is quicker to remove it, so be it.
                let _ = fs::remove_file(&lock);
            } else if start.elapsed().unwrap_or_default() > LOCK_PATIENCE {
                return Err(problem(path, &format!("is locked by another program ({} exists)", lock.display())));
            } else {
                // A lock file gives no event to wait for.
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn age(path: &Path) -> Option<Duration> {
    fs::metadata(path).ok()?.modified().ok()?.elapsed().ok()
}

fn problem(path: &Path, problem: &str) -> ClusterError {
    ClusterError::Kubeconfig { path: path.display().to_string(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMIN: &str = "clusters: [{name: k, cluster: {certificate-authority-data: Q0E=, server: https://x:6443}}]\nusers: [{name: a, user: {client-key-data: S0VZ}}]\n";
    const OTHERS: &str = "apiVersion: v1\nkind: Config\nclusters:\n- {name: prod, cluster: {server: https://prod}}\ncontexts:\n- {name: prod, context: {cluster: prod, user: me}}\nusers:\n- {name: me, user: {token: t}}\ncurrent-context: prod\nx-own: kept\n";

    fn entry() -> Entry {
        Entry { context: "kind-p".into(), server: "https://127.0.0.1:1".into(), admin: ADMIN.into() }
    }

    #[test]
    fn other_contexts_survive_adding_and_removing() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config");
        fs::write(&path, OTHERS).expect("write");
        add(&path, &entry()).expect("add");
        add(&path, &entry()).expect("add again");
        assert!(has(&path, "kind-p", "https://127.0.0.1:1"));
        assert!(!has(&path, "kind-p", "https://127.0.0.1:2"));
        let text = fs::read_to_string(&path).expect("read");
        assert_eq!(text.matches("name: kind-p").count(), 3, "{text}");
        assert!(remove(&path, "kind-p").expect("remove"));
        let left: Value = serde_yaml::from_str(&fs::read_to_string(&path).expect("read")).expect("yaml");
        let mut expected: Value = serde_yaml::from_str(OTHERS).expect("yaml");
        expected["current-context"] = "".into();
        assert_eq!(left, expected);
        assert!(!remove(&path, "kind-p").expect("nothing to remove"));
    }

    #[test]
    fn a_malformed_file_is_left_alone_and_named() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config");
        for bad in ["a: [", "- a list", "clusters: 3"] {
            fs::write(&path, bad).expect("write");
            let error = add(&path, &entry()).expect_err("malformed");
            assert!(error.to_string().contains("malformed"), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("read"), bad);
            assert!(!path.with_extension("lock").exists());
        }
    }

    #[test]
    fn a_new_file_is_private_and_a_link_stays_one() {
        let folder = tempfile::tempdir().expect("folder");
        let target = folder.path().join("real");
        add(&target, &entry()).expect("add");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&target, &link).expect("link");
            add(&link, &entry()).expect("add through the link");
            assert!(fs::symlink_metadata(&link).expect("link").file_type().is_symlink());
            assert_eq!(fs::metadata(&target).expect("file").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_held_lock_is_waited_for() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("config");
        let held = Lock::take(&path).expect("lock");
        let other = path.clone();
        let waiting = std::thread::spawn(move || add(&other, &entry()));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!path.exists());
        drop(held);
        waiting.join().expect("thread").expect("added after the lock was free");
        assert!(path.exists());
    }
}
