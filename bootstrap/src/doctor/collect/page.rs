//! What a browser is shown: totals, and a row for each machine.

use std::fmt::Write;
use std::time::SystemTime;

use super::{Collected, Row};
use crate::doctor::Verdict;
use crate::doctor::report::Line;
use crate::report::units;
use crate::room::escaped;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem}\
                     table{border-collapse:collapse;width:100%}td,th{border-top:1px solid #ccc;padding:.4rem .6rem;\
                     text-align:left;vertical-align:top}.failed{background:#fde8e8}.warning{background:#fff6dd}\
                     .fix{color:#555}p{margin:.2rem 0}";

/// The page; it looks again by itself.
pub(super) fn show(collected: &Collected) -> String {
    let (failed, warned, well) = collected.totals();
    let mut rows = String::new();
    for row in &collected.machines {
        rows.push_str(&shown(row));
    }
    let unread: String = collected.unread.iter().map(|one| format!("<p>Not read: {}</p>\n", escaped(one))).collect();
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content='width=device-width'>\n\
         <meta http-equiv=refresh content=10>\n<title>{failed} of {all} not ready</title>\n<style>{STYLE}</style>\n\
         <h1>{}: {failed} cannot run it, {warned} with warnings, {well} ready</h1>\n{unread}<table>\n\
         <tr><th>Machine<th>Fails<th>Warns<th>System<th>Reported</tr>\n{rows}</table>\n</html>\n",
        units::count(collected.machines.len(), "machine"),
        all = collected.machines.len(),
    )
}

fn shown(row: &Row) -> String {
    let class = match row {
        Row { failed: 1.., .. } => "failed",
        Row { warnings: 1.., .. } => "warning",
        _ => "ok",
    };
    let report = &row.report;
    format!(
        "<tr class={class}><td>{}<td>{}<td>{}<td>{}<br>backstack {}<td>{}</tr>\n",
        escaped(&report.machine),
        lines(&report.checks, Verdict::Failed),
        lines(&report.checks, Verdict::Warning),
        escaped(&report.system),
        escaped(&report.by),
        ago(row.came),
    )
}

fn lines(checks: &[Line], verdict: Verdict) -> String {
    let mut text = String::new();
    for line in checks.iter().filter(|line| line.verdict == verdict) {
        let fix = line.fix.as_deref().map(|fix| format!("<br><span class=fix>→ {}</span>", escaped(fix)));
        let _ =
            write!(text, "<p><b>{}</b> {}{}</p>", escaped(&line.name), escaped(&line.found), fix.unwrap_or_default());
    }
    text
}

/// How long ago, by this machine's clock: those of others may be wrong.
fn ago(came: SystemTime) -> String {
    SystemTime::now()
        .duration_since(came)
        .map_or_else(|_| "just now".into(), |passed| format!("{} ago", units::elapsed(passed.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Check;
    use crate::doctor::report::Report;

    fn row(machine: &str, checks: &[Check]) -> Row {
        let report = Report::of(machine.into(), checks);
        let (failed, warnings) = (report.count(Verdict::Failed), report.count(Verdict::Warning));
        Row { report, failed, warnings, came: SystemTime::now() }
    }

    #[test]
    fn a_row_says_what_fails_and_no_name_breaks_out() {
        let machines = vec![
            row("<script>alert(1)</script>", &[Check::failed("disk", "3 GB & less", "make room")]),
            row("warned", &[Check::warning("cpu", "2 CPUs", "more")]),
            row("good", &[]),
        ];
        let page = show(&Collected { machines, unread: vec!["x<y.json: it is no report".into()] });
        assert!(page.contains("<h1>3 machines: 1 cannot run it, 1 with warnings, 1 ready</h1>"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>"), "{page}");
        assert!(page.contains("<b>disk</b> 3 GB &amp; less<br><span class=fix>→ make room</span>"), "{page}");
        assert!(page.contains("Not read: x&lt;y.json") && page.contains("<tr class=warning><td>warned"), "{page}");
    }
}
