//! The user's proxy: what of it can be used, what nodes and tools are given, and what a person should know.
//!
//! The variables are read as the HTTP client reads them: the upper-case name before the lower-case one, and `ALL_PROXY`
//! where there is none for a scheme. containerd and Go know no `ALL_PROXY`, so they are given the others.

use reqwest::Url;

use backstack_common::loopback::is_loopback;

use crate::kubeadm::{POD_SUBNET, SERVICE_SUBNET};

const SCHEMES: &[&str] = &["http", "https", "socks5", "socks5h"];

/// One of the variables, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    name: &'static str,
    value: String,
    url: Result<Url, &'static str>,
}

/// The proxies of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxies {
    all: Option<Setting>,
    http: Option<Setting>,
    https: Option<Setting>,
    /// The list of what goes past them.
    past: Option<String>,
}

/// What `doctor` says of the proxies: what is used, and each problem with what to do about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Which variables are set, and who uses them; `None` if none can be used.
    pub used: Option<String>,
    /// Each problem, and what to do about it.
    pub problems: Vec<(String, String)>,
}

/// The proxies of this process's environment.
pub fn of_environment() -> Proxies {
    Proxies::read(|name| std::env::var(name).ok())
}

/// The proxies as variables for tools: some know no `ALL_PROXY`, some read lower-case names alone.
pub fn for_tools() -> Vec<(String, String)> {
    of_environment().for_tools()
}

/// The proxy variables as a node's environment; empty if there is no proxy.
///
/// `inside` are names and subnets that must never go through it.
pub fn environment(inside: &[String], variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let proxies = Proxies::read(variable);
    let usable = |own: &Option<Setting>| {
        let setting = own.as_ref().or(proxies.all.as_ref())?;
        // A node's loopback is its own.
        let url = setting.url.as_ref().ok().filter(|url| !is_loopback(url.host_str().unwrap_or_default()))?;
        Some(setting.whole(url))
    };
    let (http, https) = (usable(&proxies.http), usable(&proxies.https));
    if http.is_none() && https.is_none() {
        return Vec::new();
    }
    let always = [POD_SUBNET, SERVICE_SUBNET, "localhost", "127.0.0.1", ".svc", ".cluster.local"];
    let mut past: Vec<&str> = Vec::new();
    for entry in proxies.past().chain(always).chain(inside.iter().map(String::as_str)) {
        if !past.contains(&entry) {
            past.push(entry);
        }
    }
    let pairs = [("HTTP_PROXY", http), ("HTTPS_PROXY", https), ("NO_PROXY", Some(past.join(",")))];
    let set = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    set.flat_map(|(name, value)| [format!("{name}={value}"), format!("{}={value}", name.to_lowercase())]).collect()
}

impl Setting {
    /// The address with its scheme: Go takes one without, other programs do not.
    fn whole(&self, url: &Url) -> String {
        if self.value.contains("://") { self.value.clone() } else { url.as_str().trim_end_matches('/').into() }
    }
}

impl Proxies {
    fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| {
            let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
            set(name).or_else(|| set(&name.to_lowercase()))
        };
        let setting = |name: &'static str| {
            let value = value(name)?.trim().to_string();
            Some(Setting { name, url: url_of(&value), value })
        };
        Self {
            all: setting("ALL_PROXY"),
            http: setting("HTTP_PROXY"),
            https: setting("HTTPS_PROXY"),
            past: value("NO_PROXY"),
        }
    }

    fn for_tools(&self) -> Vec<(String, String)> {
        let pairs = [("HTTP_PROXY", &self.http), ("HTTPS_PROXY", &self.https)];
        let good = pairs.into_iter().filter_map(|(name, own)| {
            let setting = own.as_ref().or(self.all.as_ref())?;
            Some((name, setting.whole(setting.url.as_ref().ok()?)))
        });
        let mut variables: Vec<_> = good.collect();
        let past = self.past().collect::<Vec<_>>().join(",");
        if !variables.is_empty() && !past.is_empty() {
            variables.push(("NO_PROXY", past));
        }
        variables
            .into_iter()
            .flat_map(|(name, value)| [(name.into(), value.clone()), (name.to_lowercase(), value)])
            .collect()
    }

    /// What the user wants to go past them.
    fn past(&self) -> impl Iterator<Item = &str> {
        let entries = self.past.as_deref().unwrap_or_default().split(',');
        entries.map(str::trim).filter(|entry| !entry.is_empty())
    }

    /// Names and addresses of those that can be used.
    pub fn hosts(&self) -> Vec<String> {
        let urls = [&self.http, &self.https, &self.all].into_iter().flatten().filter_map(|one| one.url.as_ref().ok());
        urls.filter_map(|url| url.host_str().map(String::from)).collect()
    }

    /// What a person should know of them.
    pub fn findings(&self) -> Findings {
        let mut findings = Findings::default();
        let (mut good, mut handed_on) = (Vec::new(), false);
        for setting in [&self.http, &self.https, &self.all].into_iter().flatten() {
            match &setting.url {
                Err(why) => findings.problems.push((
                    format!(
                        "{} `{}` cannot be used: {why}; it is left out",
                        setting.name,
                        without_password(&setting.value)
                    ),
                    format!("write it as `{}=http://HOST:PORT`, or unset it", setting.name),
                )),
                Ok(url) => {
                    good.push(setting.name);
                    match is_loopback(url.host_str().unwrap_or_default()) {
                        false => handed_on = true,
                        true => findings.problems.push((
                            format!(
                                "{} names this machine's loopback, {}, which nodes cannot reach: they go without it",
                                setting.name,
                                without_password(&setting.value)
                            ),
                            "images that `up` brings are not concerned; for others, let the proxy listen on an address \
                             that containers reach, and name that"
                                .into(),
                        )),
                    }
                }
            }
        }
        if !good.is_empty() {
            let nodes = match handed_on {
                true => "the nodes use it, the cluster's own addresses go past it",
                false => "used here, not by the nodes",
            };
            findings.used = Some(format!("{} is set; {nodes}", good.join(", ")));
        }
        findings
    }
}

/// The address of a proxy, or why it is none.
fn url_of(value: &str) -> Result<Url, &'static str> {
    let whole = if value.contains("://") { value.to_string() } else { format!("http://{value}") };
    let url = Url::parse(&whole).map_err(|_| "it is no address")?;
    if !SCHEMES.contains(&url.scheme()) {
        return Err("its scheme is none of http, https, socks5 and socks5h");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("it has no host");
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        return Err("there is more than a host and a port in it");
    }
    Ok(url)
}

/// A proxy's address as people may see it, also behind the name of a variable.
pub fn without_password(value: &str) -> String {
    match value.rsplit_once('@') {
        Some((before, host)) => {
            let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
            format!("{scheme}…@{host}")
        }
        None => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_string())
    }

    #[test]
    fn no_proxy_means_no_variables() {
        assert!(environment(&[], |_| None).is_empty());
        assert!(environment(&[], set(&[("NO_PROXY", "corp.example"), ("HTTP_PROXY", " ")])).is_empty());
        assert_eq!(Proxies::read(|_| None).findings(), Findings::default());
    }

    #[test]
    fn the_cluster_itself_goes_past_the_proxy() {
        let variable = set(&[("https_proxy", "http://proxy:3128"), ("NO_PROXY", "corp.example, .svc ,")]);
        let environment = environment(&["172.31.250.0/24".into()], variable);
        assert!(environment.contains(&"HTTPS_PROXY=http://proxy:3128".to_string()));
        assert!(!environment.iter().any(|line| line.starts_with("HTTP_PROXY")));
        let past = environment.iter().find(|line| line.starts_with("no_proxy=")).expect("no_proxy");
        let expected =
            "no_proxy=corp.example,.svc,10.244.0.0/16,10.96.0.0/16,localhost,127.0.0.1,.cluster.local,172.31.250.0/24";
        assert_eq!(past, expected);
    }

    #[test]
    fn all_proxy_stands_in_where_there_is_no_other() {
        let variable = set(&[("all_proxy", "socks5://proxy:1080"), ("HTTP_PROXY", "proxy:3128")]);
        let environment = environment(&[], &variable);
        assert!(environment.contains(&"HTTPS_PROXY=socks5://proxy:1080".to_string()), "{environment:?}");
        assert!(environment.contains(&"HTTP_PROXY=http://proxy:3128".to_string()), "{environment:?}");
        let tools = Proxies::read(&variable).for_tools();
        for (name, value) in [("http_proxy", "http://proxy:3128"), ("HTTPS_PROXY", "socks5://proxy:1080")] {
            assert!(tools.contains(&(name.into(), value.into())), "{tools:?}");
        }
        let used = Proxies::read(variable).findings().used.expect("used");
        assert!(used.starts_with("HTTP_PROXY, ALL_PROXY is set; the nodes use it"), "{used}");
    }

    #[test]
    fn tools_are_told_what_goes_past_the_proxy() {
        let tools = Proxies::read(set(&[("https_proxy", "proxy:3128"), ("no_proxy", "mirror.corp.example, .lan")]));
        let expected = [
            ("HTTPS_PROXY", "http://proxy:3128"),
            ("https_proxy", "http://proxy:3128"),
            ("NO_PROXY", "mirror.corp.example,.lan"),
            ("no_proxy", "mirror.corp.example,.lan"),
        ];
        assert_eq!(tools.for_tools(), expected.map(|(name, value)| (name.to_string(), value.to_string())));
        assert!(Proxies::read(set(&[("NO_PROXY", ".lan")])).for_tools().is_empty());
    }

    #[test]
    fn a_malformed_proxy_is_told_and_handed_to_nobody() {
        for value in
            ["http//proxy:3128", "proxy:port", "http://", "htp://proxy:1", "http://proxy:99999", "http://a b:1"]
        {
            let value: &'static str = value;
            let variable = move |name: &str| (name == "HTTPS_PROXY").then(|| value.to_string());
            let findings = Proxies::read(variable).findings();
            assert_eq!((findings.used, findings.problems.len()), (None, 1), "{value}");
            assert!(findings.problems[0].0.contains(value), "{:?}", findings.problems);
            assert!(environment(&[], variable).is_empty(), "{value}");
        }
        let secret = Proxies::read(set(&[("HTTP_PROXY", "http//me:secret@proxy:1")])).findings();
        assert!(!secret.problems[0].0.contains("secret"), "{secret:?}");
    }

    #[test]
    fn a_proxy_on_loopback_is_flagged_and_not_handed_to_nodes() {
        for value in ["http://127.0.0.1:3128", "localhost:3128", "http://[::1]:3128"] {
            let value: &'static str = value;
            let variable = move |name: &str| (name == "HTTPS_PROXY").then(|| value.to_string());
            let findings = Proxies::read(variable).findings();
            assert!(findings.problems[0].0.contains("nodes cannot reach"), "{findings:?}");
            assert_eq!(findings.used.as_deref(), Some("HTTPS_PROXY is set; used here, not by the nodes"));
            assert!(environment(&[], variable).is_empty(), "{value}");
        }
    }
}
