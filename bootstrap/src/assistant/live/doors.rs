//! Whether something listens at ports of pods: tried from a node, which changes nothing and which no policy keeps away.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use backstack_mcp::live::snapshot::Door;
use tokio::time::timeout;

use crate::docker::Engine;

/// All tries run side by side, and each gives up within a second.
const PATIENCE: Duration = Duration::from_secs(4);
/// One line `ADDRESS PORT ANSWER` for each of stdin's `ADDRESS PORT`.
const TRY: &str = r#"while read -r address port; do
  ( said=$(timeout 1 bash -c "exec 3<>/dev/tcp/$address/$port" 2>&1)
    case "$?:$said" in 0:*) echo "$address $port open" ;; *refused*) echo "$address $port closed" ;; esac ) &
done
wait"#;

/// A node from which ports of pods can be tried.
pub(super) struct Doors {
    pub engine: Engine,
    pub node: String,
}

impl Doors {
    /// Whether each is open; nothing for those that do not answer at all.
    pub(super) async fn tried(&self, doors: &[Door]) -> Vec<Option<bool>> {
        let valid = doors.iter().filter(|(address, _)| address.parse::<IpAddr>().is_ok());
        let lines: String = valid.map(|(address, port)| format!("{address} {port}\n")).collect();
        if lines.is_empty() {
            return vec![None; doors.len()];
        }
        let run = self.engine.exec(&self.node, &["bash", "-c", TRY], Some(lines.as_bytes()));
        let said = match timeout(PATIENCE, run).await {
            Ok(Ok(output)) => output.stdout,
            _ => String::new(),
        };
        let answers = read(&said);
        doors.iter().map(|(address, port)| answers.get(&(address.as_str(), *port)).copied()).collect()
    }
}

fn read(said: &str) -> BTreeMap<(&str, u16), bool> {
    let lines = said.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (address, port, answer) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
        Some(((address, port), answer == "open"))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_silence_is_no_answer() {
        let answers = read("10.0.0.1 80 open\n10.0.0.1 81 closed\nbash: something else\n");
        assert_eq!(answers.get(&("10.0.0.1", 80)), Some(&true));
        assert_eq!(answers.get(&("10.0.0.1", 81)), Some(&false));
        assert_eq!(answers.len(), 2);
    }
}
