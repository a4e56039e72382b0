//! What a component can ask of the installer, and the address that people use, on a real cluster.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;

use crate::certificates;
use backstack_end_to_end::{Platform, Ran, run, step};

const ELSEWHERE: &str = "https://box.example";

#[test]
fn features_of_the_stack_format_and_another_address() {
    let platform = Platform::new("features", 28081, 28444);
    let stack = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/features");

    step("the plan says what is left out");
    let plan = platform.up(&["--stack", stack, "--plan", "-o", "json"]).succeeded("up --plan").json();
    assert_eq!(plan["left_out"][0]["image"], "example.org/features/lost:1", "{plan}");
    assert_eq!(plan["left_out"][0]["objects"][0], "ConfigMap lost", "{plan}");

    step("up");
    let up = platform.up(&["--stack", stack]).succeeded("up");
    assert!(up.stdout.contains("it is here to be left out"), "{}", up.stdout);
    assert_ne!(platform.kubectl(&["-n", "web", "get", "configmap", "lost"]).code, 0);

    step("a copied Secret, files word for word, two routes of which one is below the other");
    let token = secret(&platform, "git");
    let local = format!("https://localhost:{}", platform.https_port);
    assert_eq!(platform.get("/x").succeeded("GET /x").stdout, format!("web /x {local} {token}\n"));
    assert_eq!(platform.get("/argocd/x").succeeded("GET /argocd/x").stdout, format!("deep /argocd/x {local} \n"));
    let seed = ["-n", "web", "get", "configmap", "seed", "-o", "jsonpath={.data.apps__my-app\\.yaml}"];
    assert_eq!(platform.kubectl(&seed).stdout, "url: ${platform.url}\n");

    step("the copy follows its original");
    let changed =
        format!("{{\"data\":{{\"token\":\"{}\",\"other\":\"{}\"}}}}", BASE64.encode("new"), BASE64.encode("two"));
    platform.kubectl(&["-n", "git", "patch", "secret", "portal", "-p", &changed]).succeeded("patch");
    platform.up(&[]).succeeded("up after the change");
    assert_eq!(secret(&platform, "web"), "new");
    let credentials = platform.backstack(&["credentials", "-o", "json"]).succeeded("credentials").json();
    let passwords: Vec<_> = credentials.as_array().into_iter().flatten().map(|one| one["password"].as_str()).collect();
    assert_eq!(passwords, [Some("new"), Some("two")], "{credentials}");
    for command in ["ca", "credentials", "status"] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = platform.command(&[command]).stdout(full).output().expect("the program");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{command} on a full disk: {error}");
        assert!(error.contains("cannot be written to stdout"), "{command}: {error}");
    }

    step("another address: everything follows it, and it is kept");
    let moved = platform.up(&["--url", ELSEWHERE]).succeeded("up --url");
    assert!(moved.stdout.contains("https://box.example/argocd") && moved.stdout.contains(&local), "{}", moved.stdout);
    assert_eq!(elsewhere(&platform, "/x"), "web /x https://box.example new\n");
    assert_eq!(elsewhere(&platform, "/argocd/x"), "deep /argocd/x https://box.example \n");
    let again = platform.up(&[]).succeeded("up without --url");
    assert!(again.stdout.contains("Nothing to do"), "{}{}", again.stdout, again.stderr);
    let status = platform.backstack(&["status", "-o", "json"]).succeeded("status").json();
    assert_eq!(status["url"], ELSEWHERE, "{status}");
    // It answers on this machine as before.
    platform.get("/x").succeeded("GET /x on localhost");

    step("in a Codespace the address is found, and its proxy leads here");
    let codespace = [("CODESPACE_NAME", "fluffy"), ("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.example")];
    let mut up = platform.command(&["up", "--images", "source", "--url", "auto"]);
    let found: Ran = up.envs(codespace).output().expect("up").into();
    let found = found.succeeded("up --url auto");
    let address = format!("https://fluffy-{}.app.example", platform.https_port);
    assert!(
        found.stdout.contains(&address) && found.stderr.contains("of this Codespace"),
        "{}{}",
        found.stdout,
        found.stderr
    );
    assert_eq!(through_a_proxy(&platform, &address, "/x"), format!("web /x {address} new\n"));

    step("and back");
    platform.up(&["--url", &local]).succeeded("up --url localhost");
    assert_eq!(platform.get("/x").succeeded("GET /x").stdout, format!("web /x {local} new\n"));

    certificates::are_renewed(&platform);
}

/// The token in a namespace's Secret `portal`.
fn secret(platform: &Platform, namespace: &str) -> String {
    let arguments = ["-n", namespace, "get", "secret", "portal", "-o", "jsonpath={.data.token}"];
    let encoded = platform.kubectl(&arguments).succeeded("get secret").stdout;
    String::from_utf8(BASE64.decode(encoded).expect("base64")).expect("text")
}

/// A page as a Codespace's proxy asks for it: at the loopback port, under that name, with the people's own in headers.
fn through_a_proxy(platform: &Platform, address: &str, path: &str) -> String {
    let local = format!("localhost:{}", platform.https_port);
    let host = format!("X-Forwarded-Host: {}", address.trim_start_matches("https://"));
    let (origin, url) = (format!("Origin: https://{local}"), format!("https://{local}{path}"));
    let headers = ["-H", "X-Forwarded-Proto: https", "-H", "X-Forwarded-For: 203.0.113.5", "-H", &host, "-H", &origin];
    // It does not check the platform's certificate.
    run("curl", &[&["-sSk", "--fail-with-body"], &headers[..], &[&url]].concat()).succeeded("curl").stdout
}

/// A page under the other address, as if a tunnel led here; nothing but the platform's own authority is trusted.
fn elsewhere(platform: &Platform, path: &str) -> String {
    let ca = platform.path("ca.crt").display().to_string();
    let leads_to = format!("box.example:443:localhost:{}", platform.https_port);
    let url = format!("{ELSEWHERE}{path}");
    run("curl", &["-sS", "--fail-with-body", "--cacert", &ca, "--connect-to", &leads_to, &url]).succeeded("curl").stdout
}
