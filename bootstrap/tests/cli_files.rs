//! Files and streams as they are found on people's machines: stdout that takes nothing, encodings, a missing HOME, a
//! kubeconfig that cannot be changed. The program itself runs; no engine is needed.
#![cfg(unix)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn program(home: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backstack"));
    command.args(arguments).current_dir(home.path()).stdin(Stdio::null()).env_clear();
    command.env("HOME", home.path()).env("PATH", "").env("NO_COLOR", "1").env("TMPDIR", home.path());
    command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").env("KUBECONFIG", home.path().join("kubeconfig"));
    command
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn said(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// Commands that only print, in each of the ways in which something is printed.
const PRINTING: &[&[&str]] = &[
    &["stack", "schema", "component"],
    &["stack", "list"],
    &["stack", "list", "-o", "json"],
    &["stack", "check", "minimal"],
    &["completions", "bash"],
    &["man"],
    &["docs", "search", "kubeconfig"],
    &["catalog", "list"],
    &["mcp", "tools"],
    &["mcp", "install", "--client", "zed", "--print"],
    &["--help"],
    &["up", "-h"],
    &["--version"],
];

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    let home = home();
    for arguments in PRINTING {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = program(&home, arguments).stdout(full).output().expect("the program");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
        assert!(error.starts_with("error: the answer cannot be written to stdout: No space left"), "{error}");
    }
}

#[test]
fn a_failure_is_told_even_where_it_cannot_be_told_as_json() {
    let home = home();
    let output = program(&home, &["stack", "check", "nonexistent", "-o", "json"])
        .stdout(File::open("/dev/null").expect("open for reading alone"))
        .output()
        .expect("the program");
    let (code, text) = said(&output);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("nonexistent") && text.contains("cannot be written to stdout"), "{text}");
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let home = home();
    for arguments in PRINTING {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = program(&home, arguments).stdout(writer).output().expect("the program");
        assert_eq!(said(&output), (0, String::new()), "{arguments:?}");
    }
}

#[test]
fn a_stderr_that_takes_nothing_changes_no_exit_code() {
    let home = home();
    let nothing = File::open("/dev/null").expect("open for reading alone");
    let output = program(&home, &["stack", "check", "nonexistent"]).stderr(nothing).output().expect("the program");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_missing_home_is_named() {
    let home = home();
    for relative in [".", "relative"] {
        let output = program(&home, &["doctor"]).env("HOME", relative).output().expect("the program");
        let (code, text) = said(&output);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("there is no place for the image cache: HOME names no folder"), "{text}");
        assert!(text.contains("BACKSTACK_CACHE"), "{text}");
        let output = program(&home, &["mcp", "uninstall", "--client", "zed"]).env("HOME", relative).output();
        let (code, text) = said(&output.expect("the program"));
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("HOME names no folder"), "{text}");
        // With the folders named, nothing is missing; what needs none never asked.
        let output = program(&home, &["doctor"]).env("HOME", relative).env("BACKSTACK_CACHE", home.path()).output();
        let (code, text) = said(&output.expect("the program"));
        assert_eq!(code, 3, "{text}");
        assert!(!text.contains("HOME"), "{text}");
        let output = program(&home, &["stack", "list"]).env("HOME", relative).output().expect("the program");
        assert_eq!(output.status.code(), Some(0));
    }
    let left: Vec<_> =
        std::fs::read_dir(home.path()).expect("folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name == ".cache" || name == ".config" || name == "relative"), "{left:?}");
    // Without the variable, the system is asked.
    let print = ["mcp", "install", "--client", "zed", "--print"];
    for output in [program(&home, &print).env_remove("HOME").output(), program(&home, &print).env("HOME", "").output()]
    {
        let (code, text) = said(&output.expect("the program"));
        assert!(code == 0 && text.contains("goes into /"), "{text}");
    }
}

#[test]
fn a_home_that_is_a_file_is_no_folder() {
    let home = home();
    let file = home.path().join("file");
    write(&file, b"");
    for wrong in [file.clone(), file.join("below")] {
        let (code, text) = said(&program(&home, &["doctor"]).env("HOME", &wrong).output().expect("the program"));
        assert_eq!(code, 2, "{text}");
        assert!(text.contains("there is no place for the image cache: HOME names no folder"), "{text}");
    }
}

fn pipe(home: &TempDir, name: &str) -> PathBuf {
    let path = home.path().join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo").success());
    path
}

#[test]
fn what_is_no_file_holds_nobody_up() {
    let home = home();
    pipe(&home, "kubeconfig");
    let said_of = |command: &mut Command| said(&command.output().expect("the program"));
    let doctor = ["doctor", "--stack", "minimal", "--images", "source"];
    let refused = "it is a named pipe, where a file is expected; move it away, or name another file";
    for (kubeconfig, what) in [("kubeconfig", refused), (".", "it is a folder"), ("/dev/null", "it is a device")] {
        let kubeconfig = home.path().join(kubeconfig);
        let (code, text) = said_of(program(&home, &doctor).env("KUBECONFIG", &kubeconfig));
        assert!(code == 3 && text.contains(what), "{text}");
    }
    // A folder on the way to a cluster of others, too.
    let (code, text) = said_of(&mut program(&home, &["doctor", "--context", "x"]));
    assert!(code == 2 && text.contains(refused), "{code}: {text}");
    let settings = pipe(&home, ".config/backstack/config.yaml");
    let (code, text) = said_of(&mut program(&home, &["up", "--plan"]));
    assert!(code == 2 && text.contains(refused) && text.contains("config.yaml cannot be read"), "{code}: {text}");
    std::fs::remove_file(settings).expect("gone");
    for path in [".cursor/mcp.json", ".docker/config.json"] {
        pipe(&home, path);
    }
    let (code, text) = said_of(&mut program(&home, &["mcp", "install", "--client", "cursor"]));
    assert!(code != 0 && text.contains("mcp.json cannot be read") && text.contains(refused), "{code}: {text}");
    let (code, text) = said_of(program(&home, &doctor).env_remove("DOCKER_HOST").env("KUBECONFIG", "/nonexistent"));
    assert!(code == 3 && text.contains(refused), "{code}: {text}");
}

#[test]
fn a_pipe_that_was_named_is_waited_for_until_the_program_is_told_to_stop() {
    let home = home();
    let path = pipe(&home, "settings");
    let arguments = ["up", "--plan", "--config", "settings"];
    let start = || program(&home, &arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    let running = start();
    // Opening waits for the reader.
    std::fs::write(&path, "wrokers: 2\n").expect("written");
    let (code, text) = said(&running.wait_with_output().expect("the program"));
    assert!(code == 2 && text.contains("line 1: unknown key `wrokers`"), "{code}: {text}");

    let running = start();
    let writer = File::options().write(true).open(&path).expect("a reader");
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    let output = running.wait_with_output().expect("the program ends while nothing was written");
    drop(writer);
    // Told before it listens, it is ended by the system.
    assert!(output.status.code().is_none_or(|code| code == 130), "{:?}", said(&output));
}

#[test]
fn a_missing_home_is_named_for_the_kubeconfig_too() {
    let home = home();
    let mut doctor = program(&home, &["doctor", "--stack", "minimal", "--images", "source"]);
    doctor.env("HOME", ".").env("BACKSTACK_CACHE", home.path()).env_remove("KUBECONFIG").env_remove("DOCKER_HOST");
    let (code, text) = said(&doctor.output().expect("the program"));
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("~/.kube/config cannot be found: HOME names no folder"), "{text}");
}

/// Files grow to 4 or 8 KiB and no further, as on a full disk. The shell's kibibytes are of either size.
fn without_room(home: &TempDir, arguments: &[&str]) -> Command {
    let mut command = program(home, arguments);
    let own = std::mem::replace(&mut command, Command::new("/bin/sh"));
    command.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""]).arg(own.get_program()).args(own.get_args());
    command.current_dir(home.path()).stdin(Stdio::null()).env_clear();
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn a_clients_file_for_which_there_is_no_room_stays_whole() {
    let home = home();
    let (file, twin) = (home.path().join(".cursor/mcp.json"), home.path().join("twin.json"));
    let before = format!("{{\n  \"mcpServers\": {{}},\n  \"mine\": \"{}\"\n}}\n", "0123456789".repeat(3000));
    write(&file, before.as_bytes());
    let install = ["mcp", "install", "--client", "cursor"];
    for names in 1..=2 {
        let (code, text) = said(&without_room(&home, &install).output().expect("the program"));
        assert!(code != 0 && text.contains("mcp.json cannot be written"), "{code}: {text}");
        assert_eq!(std::fs::read_to_string(&file).expect("there"), before, "{names}");
        let folder = std::fs::read_dir(file.parent().expect("a folder")).expect("folder");
        assert_eq!(folder.count(), 1, "something was left behind");
        // One with a second name is written where it lies.
        std::fs::hard_link(&file, &twin).ok();
    }
    let (code, text) = said(&program(&home, &install).output().expect("the program"));
    assert_eq!(code, 0, "{text}");
    assert!(std::fs::read_to_string(&twin).expect("there").contains("\"backstack\""));
}

/// A file's text with a byte order mark and Windows' line breaks, as UTF-8 and in both orders of UTF-16.
fn encodings(text: &str) -> [Vec<u8>; 3] {
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect();
    [text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)]
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
    std::fs::write(path, bytes).expect("write");
}

#[test]
fn every_encoding_is_read_in_every_kind_of_file() {
    let stack = "apiVersion: backstack.dev/v1\nkind: Stack\nname: mine\nversion: 0.1.0\ndescription: Größe.\ncomponents:\n- name: shop\n";
    let component =
        "apiVersion: backstack.dev/v1\nkind: Component\nname: shop\nversion: '1'\ndescription: Ä.\nnamespace: shop\n";
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: |\n    ö\n    ü\n";
    let descriptor = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\nspec: {type: service, lifecycle: production, owner: ä}\n";
    let descriptor = descriptor.replace("owner: ä", "owner: team-a");
    let settings = "# ä\nworkers: 1\nwrokers: 2\n";
    let page = "# Größe\n\nEin einzigartigeswort.\n";
    for which in 0..3 {
        let home = home();
        let put = |path: &str, text: &str| write(&home.path().join(path), &encodings(text)[which]);
        put("mine/stack.yaml", stack);
        put("mine/components/shop/component.yaml", component);
        put("mine/components/shop/manifests/a.yaml", manifest);
        put("catalog/catalog-info.yaml", &descriptor);
        put("config.yaml", settings);
        put("pages/a.md", page);
        put("kubeconfig", "clusters: []\ncontexts: []\nusers: []\ncurrent-context: ''\n");
        let run = |arguments: &[&str]| said(&program(&home, arguments).output().expect("the program"));
        let (code, text) = run(&["stack", "check", "./mine"]);
        assert!(code == 0 && text.contains("Größe") && text.contains("No problem found"), "{which}: {text}");
        let (code, text) = run(&["catalog", "validate", "catalog/catalog-info.yaml"]);
        assert_eq!(code, 0, "{which}: {text}");
        let (code, text) = run(&["catalog", "list", "--catalog", "catalog"]);
        assert!(code == 0 && text.contains("component:default/a"), "{which}: {text}");
        let (code, text) = run(&["up", "--config", "config.yaml"]);
        assert!(
            code == 2 && text.contains("line 3: unknown key `wrokers`; did you mean `workers`?"),
            "{which}: {text}"
        );
        let (code, text) = run(&["docs", "search", "einzigartigeswort", "--docs", "pages"]);
        assert!(code == 0 && text.contains("Größe"), "{which}: {text}");
        let (_, text) = run(&["doctor", "--stack", "minimal"]);
        assert!(text.contains("kubeconfig") && !text.contains("malformed"), "{which}: {text}");
        let (code, text) = run(&["doctor", "--context", "nothing"]);
        assert!(code == 2 && text.contains("has no context `nothing`"), "{which}: {text}");
    }
}

#[test]
fn utf_32_is_told_in_every_kind_of_file() {
    let home = home();
    let wide: Vec<u8> = "\u{feff}{}\n".chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect();
    for path in ["kubeconfig", "config.yaml", ".cursor/mcp.json", ".docker/config.json"] {
        write(&home.path().join(path), &wide);
    }
    for arguments in [
        &["doctor", "--stack", "minimal"][..],
        &["up", "--config", "config.yaml"],
        &["mcp", "install", "--client", "cursor"],
        &["mcp", "uninstall", "--client", "cursor"],
    ] {
        let (code, text) = said(&program(&home, arguments).output().expect("the program"));
        assert!(code != 0 && text.contains("UTF-32") && text.contains("save it as UTF-8"), "{arguments:?}: {text}");
    }
    let mut doctor = program(&home, &["doctor", "--stack", "minimal"]);
    let (_, text) = said(&doctor.env_remove("DOCKER_HOST").env("KUBECONFIG", "/nonexistent").output().expect("it"));
    assert!(text.contains("config.json") && text.contains("it is UTF-32 text, which Docker cannot read"), "{text}");
}

#[test]
fn a_kubeconfig_that_cannot_be_changed_is_told_before_anything_is_made() {
    let home = home();
    let put = |name: &str, text: &str| write(&home.path().join(name), text.as_bytes());
    put("alias", "x: &x [{name: a}]\nclusters: *x\n");
    put("twice", "kind: Config\nusers: []\nusers: []\n");
    let list = |name: &str| format!("{}:{}", home.path().join(name).display(), home.path().join("good").display());
    for (kubeconfig, part) in [
        (list("alias"), "`clusters` is an alias"),
        (list("twice"), "key `users` is given twice, in line 3 and in line 2"),
        ("/proc/kubeconfig".into(), "is not writable: folder /proc"),
    ] {
        let output = program(&home, &["doctor", "--stack", "minimal"]).env("KUBECONFIG", &kubeconfig).output();
        let (code, text) = said(&output.expect("the program"));
        assert!(code == 3 && text.contains(part), "{kubeconfig}: {text}");
    }
}
