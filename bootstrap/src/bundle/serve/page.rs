//! What a browser is shown: the two lines to type.

use std::fmt::Write;

use super::{Others, Served};
use crate::images::bundle::About;
use crate::report::units;
use crate::room::escaped;

/// The page, as seen under this host.
pub(super) fn show(host: &str, about: &About, bundle: &Served, others: &Others) -> String {
    let (host, name) = (escaped(host), escaped(&bundle.name));
    let mut ways = String::new();
    for program in &others.programs {
        let file = escaped(&program.name);
        let _ = write!(
            ways,
            "<h2>With <code>{file}</code></h2>\n<pre>curl -fLO http://{host}/{file}\nchmod +x {file}\n./{file} up --bundle http://{host}/{name}</pre>\n"
        );
    }
    let report = match others.reports.is_some() {
        true => format!(
            "<h2>Is your machine ready?</h2>\n<pre>backstack doctor --report http://{host}/reports</pre>\n\
             <p>What that says of your machine is then on <a href='/reports'>this page</a>, for the whole room.</p>\n"
        ),
        false => String::new(),
    };
    let bytes = others.bases.iter().chain([bundle]).map(|served| served.bytes).sum();
    let (stack, size) = (escaped(&about.stack()), units::bytes(bytes));
    let machines = escaped(&about.architectures.join(", "));
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content='width=device-width'>\n\
         <title>backstack: {stack}</title>\n<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;\
         padding:0 1rem}}pre{{background:#eee;color:#111;padding:1rem;overflow:auto}}</style>\n\
         <h1>Stack {stack}</h1>\n<p>{size}, for Linux nodes on {machines}. You need Docker; nothing else is fetched from \
         anywhere. A download that breaks off goes on where it stopped when you run the command again.</p>\n{ways}\
         <h2>With <code>backstack</code> of your own (version {})</h2>\n<pre>backstack up --bundle http://{host}/{name}</pre>\n{report}\
         <p>Hand it on: with a copy of <a href='/{name}'>{name}</a>, <code>backstack bundle serve {name}</code> lets your \
         neighbours fetch it from you.</p>\n</html>\n",
        escaped(&about.made_by),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::collect::Reports;

    #[test]
    fn the_lines_to_type_have_the_address_and_nothing_breaks_out() {
        let about = About {
            made_by: "0.1.0".into(),
            stack: "a<b".into(),
            stack_version: "1".into(),
            architectures: vec!["amd64".into()],
            ..About::blank()
        };
        let served = |name: &str| Served { path: name.into(), name: name.into(), bytes: 1_500_000 };
        let folder = tempfile::tempdir().expect("folder");
        let reports = Some(Reports::in_folder(folder.path().into()).expect("reports"));
        let others = Others { programs: vec![served("backstack")], bases: vec![served("old.bundle")], reports };
        let page = show("10.0.0.7:8600", &about, &served("a.bundle"), &others);
        assert!(page.contains("curl -fLO http://10.0.0.7:8600/backstack\n"), "{page}");
        assert!(page.contains("./backstack up --bundle http://10.0.0.7:8600/a.bundle<"), "{page}");
        assert!(page.contains("Stack a&lt;b 1") && page.contains("<p>3 MB, for Linux nodes"), "{page}");
        assert!(!show("<script>", &about, &served("a"), &Others::default()).contains("<script>"));
        assert!(page.contains("<pre>backstack doctor --report http://10.0.0.7:8600/reports</pre>"), "{page}");
    }
}
