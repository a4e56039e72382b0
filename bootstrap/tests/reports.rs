//! `doctor --report` and `doctor collect`, as a room uses them: the programs themselves, over real connections.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::print_stderr, reason = "how long a room waits is told")]

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use backstack::doctor::Verdict;
use backstack::doctor::report::{Line, Report};
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

/// `doctor collect` while it runs.
struct Teacher {
    program: Child,
    address: String,
    folder: TempDir,
}

impl Teacher {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command =
            program(folder.path(), &["doctor", "collect", "reports", "--listen", "127.0.0.1:0", "-o", "json"]);
        let mut program = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = program.stdout.take().unwrap();
        let (mut said, mut byte) = (Vec::new(), [0]);
        let answer = loop {
            stdout.read_exact(&mut byte).expect("it says where it listens");
            said.push(byte[0]);
            if let Ok(answer) = serde_json::from_slice::<Value>(&said) {
                break answer;
            }
        };
        Self { program, address: answer["addresses"][0].as_str().unwrap().into(), folder }
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("reports")).unwrap().count()
    }

    async fn page(&self) -> String {
        let answer = client().get(&self.address).send().await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_string();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        answer.text().await.unwrap()
    }

    async fn post(&self, kind: &str, body: Vec<u8>) -> (StatusCode, String) {
        let request = client().post(format!("{}/reports", self.address)).header("content-type", kind).body(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// A student's machine, on which no engine answers.
    fn student(&self, arguments: &[&str]) -> Output {
        let arguments = [&["doctor", "--stack", "minimal", "--images", "registry"], arguments].concat();
        program(self.folder.path(), &arguments).output().unwrap()
    }
}

impl Drop for Teacher {
    fn drop(&mut self) {
        drop(self.program.kill().and_then(|()| self.program.wait()));
    }
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstack"));
    command.args(arguments).current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    command
}

fn client() -> reqwest::Client {
    backstack::tls::install();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn report(machine: &str, failed: usize) -> Vec<u8> {
    let line = Line { name: "disk".into(), verdict: Verdict::Failed, found: "<b>3 GB</b> free".into(), fix: None };
    serde_json::to_vec(&Report { checks: vec![line; failed], ..Report::of(machine.into(), &[]) }).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_machines_report_at_once_and_stand_on_one_page() {
    let teacher = Teacher::new();
    let start = Instant::now();
    let sent = (0..200).map(|number| {
        let body = report(&format!("laptop {number:03}"), usize::from(number == 77));
        teacher.post("application/json", body)
    });
    for (status, said) in futures::future::join_all(sent).await {
        assert_eq!(status, StatusCode::CREATED, "{said}");
    }
    eprintln!("200 reports: {} ms", start.elapsed().as_millis());
    assert_eq!(teacher.files(), 200);
    let page = teacher.page().await;
    assert!(page.contains("200 machines: 1 cannot run it, 0 with warnings, 199 ready"), "{page}");
    let rows: Vec<_> = page.match_indices("<tr class=").map(|(at, _)| &page[at..at + 40]).collect();
    assert_eq!(rows.len(), 200);
    assert!(rows[0].starts_with("<tr class=failed><td>laptop 077"), "{}", rows[0]);
    assert!(!page.contains("<b>3 GB"), "what machines say is text");

    let (status, _) = teacher.post("application/json", report("laptop 077", 0)).await;
    assert_eq!((status, teacher.files()), (StatusCode::CREATED, 200));
    assert!(teacher.page().await.contains("0 cannot run it, 0 with warnings, 200 ready"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_report_is_refused_and_not_kept() {
    let teacher = Teacher::new();
    for (kind, body, status, why) in [
        ("application/json", b"{\"format\":1".to_vec(), StatusCode::BAD_REQUEST, "it is no report"),
        ("application/json", b"{\"format\":9}".to_vec(), StatusCode::BAD_REQUEST, "a newer backstack"),
        ("application/json", vec![b' '; 70_000], StatusCode::PAYLOAD_TOO_LARGE, "at most 64 KiB"),
        ("text/plain", report("x", 0), StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json"),
    ] {
        let (answered, said) = teacher.post(kind, body).await;
        assert!(answered == status && said.contains(why), "{answered}: {said}");
    }
    let elsewhere = client().post(format!("{}/other", teacher.address)).body("x").send().await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND);
    assert_eq!(teacher.files(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_reports_what_doctor_finds_and_says_where_that_went() {
    let teacher = Teacher::new();
    let ran = teacher.student(&["--report", &teacher.address, "--as", "Ada's laptop"]);
    assert_eq!(ran.status.code(), Some(3), "{}", text(&ran.stderr));
    assert!(text(&ran.stdout).contains(&format!("Reported as `Ada's laptop`: {}/reports", teacher.address)));
    let page = teacher.page().await;
    assert!(page.contains("Ada&#39;s laptop") && page.contains("no Docker Engine answers"), "{page}");

    // What comes by mail is put into the same folder.
    let ran = teacher.student(&["--report", "reports/mail.json", "--as", "mail"]);
    assert!(text(&ran.stdout).contains("Reported as `mail`: reports/mail.json"), "{}", text(&ran.stderr));
    let listed = program(teacher.folder.path(), &["doctor", "collect", "reports"]).output().unwrap();
    assert!(text(&listed.stdout).contains("2 machines: 2 cannot run it"), "{}", text(&listed.stdout));
    let facts = program(teacher.folder.path(), &["doctor", "collect", "reports", "-o", "json"]).output().unwrap();
    let facts: Value = serde_json::from_slice(&facts.stdout).unwrap();
    assert_eq!(facts["machines"][1]["machine"], "mail");
    assert!(!facts.to_string().contains(&teacher.folder.path().display().to_string()), "no folder of the user's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_does_not_arrive_is_an_error() {
    let teacher = Teacher::new();
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (to, code, why) in [
        ("ftp://x/y".to_string(), 2, "is no address for a report"),
        (format!("http://{away}"), 3, "does not reach"),
        (format!("{}/other", teacher.address), 3, "does not take the report: it answered 404"),
        ("no/such/folder.json".to_string(), 3, "cannot be written to"),
    ] {
        let ran = teacher.student(&["--report", &to]);
        let said = text(&ran.stderr);
        assert!(ran.status.code() == Some(code) && said.contains(why), "{to}: {said}");
    }
    let nameless = teacher.student(&["--report", "x.json", "--as", " "]);
    assert!(nameless.status.code() == Some(2) && text(&nameless.stderr).contains("is no name for a machine"));
}
