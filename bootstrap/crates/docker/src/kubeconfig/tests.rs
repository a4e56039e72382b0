//! Kubeconfigs as they are found: what is not ours stays letter for letter, and after `down` the file is what it was.

use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

use super::*;

const ADMIN: &str = "clusters: [{name: k, cluster: {certificate-authority-data: Q0E=, server: https://x:6443}}]\nusers: [{name: a, user: {client-key-data: S0VZ}}]\n";

fn entry(name: &str) -> Entry {
    Entry { context: name.into(), server: "https://127.0.0.1:1".into(), admin: ADMIN.into() }
}

/// Files that other programs and people wrote.
const FOUND: &[&str] = &[
    "",
    "\n",
    "# mine",
    "# mine\n",
    "---\n",
    "---\n# mine\n",
    "{}",
    "{ }\n",
    "apiVersion: v1\nkind: Config\n",
    "kind: Config",
    // As kubectl writes it.
    "apiVersion: v1\nclusters:\n- cluster:\n    server: https://a\n  name: a\ncontexts:\n- context:\n    cluster: a\n    user: a\n  name: a\ncurrent-context: a\nkind: Config\npreferences: {}\nusers:\n- name: a\n  user:\n    token: t\n",
    // After its last context went.
    "apiVersion: v1\nclusters: null\ncontexts: null\ncurrent-context: \"\"\nkind: Config\npreferences: {}\nusers: null\n",
    "clusters: []\ncontexts: [ ] # none\nusers: [\n]\ncurrent-context:\n",
    // Scalars that are not what they look like, in each kind of quotes.
    "clusters:\n- name: \"no\"\n  cluster: {server: 'https://x', x: \"off\", y: \"0o17\", z: '1_000', t: \"12:30:45\"}\ncontexts:\n- name: \"on\"\n  context: {cluster: \"no\", user: 'y'}\nusers:\n- name: 'y'\n  user: {token: \"1e3\", password: '~'}\ncurrent-context: \"on\" # \"no\" once\n",
    // Comments everywhere, no line break at the end.
    "# top\nclusters: # c1\n# c2\n\n- name: a # c3\n  # c4\n  cluster: # c5\n    server: https://x # c6\n    # c7\n# c8\ncontexts: # c9\n  # c10\n  - name: a\n    context: {cluster: a, user: a}\nusers:\n  # c11\n  - name: a\n    user:\n      token: |+\n        abc\n\n\ncurrent-context: a # c12",
    // The last value keeps its lines.
    "current-context: a\nclusters:\n- {name: a}\ncontexts:\n- name: a\nusers:\n- name: a\n  user:\n    cert: |\n      x",
    "current-context: >-\n  a\n  b\ncontexts: # c\n",
    "users:\n-\n  name: a\n- # c\n  name: b\ncontexts:\n- name: a\n",
    // JSON, in one line and spread.
    r#"{"clusters":[{"name":"a","cluster":{"server":"https:\/\/x"}}],"contexts":[],"users":null,"current-context":"a"}"#,
    "{\n  \"kind\": \"Config\",\n  \"clusters\": [\n    {\n      \"name\": \"no\"\n    }\n  ],\n  \"contexts\": [],\n  \"current-context\": \"\"\n}\n",
    "{\n\t\"kind\": \"Config\",\n\t\"users\": [\n\t\t{\"name\": \"a\"}\n\t]\n}\n",
    "{\"kind\": \"Config\", \"apiVersion\": \"v1\"}\n",
    // Brackets that are no JSON.
    "clusters: [{name: a, cluster: {server: x}}, # c\n  {name: b},]\ncontexts: [{name: a}]\nusers: [{name: 'b'}]\ncurrent-context: a\n",
    "{clusters: [ # c\n  {name: a}\n], current-context: a}\n",
    // Indented as a whole, other spacings, keys in quotes, anchors, tags, a merge key.
    "  clusters:\n  - name: a\n  current-context: a\n",
    "clusters :\n    -   name: a\n        cluster: {}\n\"contexts\":\n- name: a\n'current-context'   :   a   \n",
    "clusters: &all\n- &a\n  name: a\ncontexts: !!seq\n- name: a\nusers:\n- <<: {x: 1}\n  name: a\ncurrent-context: !!str a\nx: *a\n",
    "? clusters\n: - name: a\n  - name: b\ncurrent-context: a\n",
    "x: 1\ny: 2\n",
    "%YAML 1.2\n---\nclusters:\n- name: a\n...\n",
    "kind: Config\n---\n# nothing\n",
    "clusters:\n- name: ä\n  cluster: {proxy-url: 'http://ü'}\ncurrent-context: ä\n",
    // What another of our platforms left, without a note; the same name with a longer one.
    "contexts:\n- name: kind-pp\n  context: {cluster: kind-pp, user: kind-pp}\ncurrent-context: kind-pp\n",
];

/// Everything of the file is still there, in its order.
fn is_kept(before: &str, after: &str) -> bool {
    let mut letters = after.chars();
    let current =
        before.lines().find(|line| line.trim_start().trim_matches(['"', '\'']).starts_with("current-context"));
    before
        .lines()
        .filter(|line| Some(*line) != current)
        .flat_map(str::chars)
        .filter(|letter| !letter.is_whitespace())
        .all(|letter| letters.any(|other| other == letter))
}

fn there_and_back(text: &str) {
    for text in [text.to_string(), text.replace('\n', "\r\n")] {
        let with = edit::add(&text, &entry("kind-p"), false).unwrap_or_else(|why| panic!("{why}:\n{text}"));
        let config = value::parse(&with).expect("a kubeconfig");
        assert_eq!(config.get("current-context").and_then(|word| word.as_str()), Some("kind-p"), "{with}");
        for line in text.lines().filter(|line| line.trim_start().starts_with('#')) {
            assert!(with.contains(line), "comment {line} is gone:\n{with}");
        }
        if !text.contains("null") && !text.contains(['[', '{', '>', '|', '~']) {
            assert!(is_kept(&text, &with), "{text}\n\n{with}");
        }
        let of_one_kind = |text: &str| text.contains("\r\n") && !text.replace("\r\n", "").contains(['\n', '\r']);
        assert!(!of_one_kind(&text) || of_one_kind(&with), "line breaks are mixed: {with:?}");
        let again = edit::add(&with, &entry("kind-p"), false).expect("added again");
        assert_eq!(again, with, "added once more");
        let left = edit::remove(&with, "kind-p").expect("removed").expect("was there");
        assert_eq!(left.text, text, "between them:\n{with}");
        assert!(!left.empty);
        assert_eq!(edit::remove(&text, "kind-p").expect("nothing to do"), None);
    }
}

#[test]
fn down_gives_back_what_up_found() {
    FOUND.iter().for_each(|text| there_and_back(text));
}

#[test]
fn line_breaks_of_several_kinds_come_back_too() {
    for text in ["# top\r\nclusters: # c1\r", "# top\r\nkind: Config\rx: 1\n", "a: 1\nusers: # u\r\n", "a: 1\rb: 2\n"] {
        let with = edit::add(text, &entry("kind-p"), false).expect("added");
        assert_eq!(edit::add(&with, &entry("kind-p"), false).as_ref(), Ok(&with), "once more");
        let left = edit::remove(&with, "kind-p").expect("removed").expect("was there");
        assert_eq!(left.text, text, "between them:\n{with:?}");
    }
}

#[test]
fn what_kubectl_cannot_read_is_told_and_left() {
    for (text, named) in [
        ("{\n  \"clusters\": [\n    {\"name\": \"n\u{7f}\"}\n  ]\n}\n", "U+007F in line 3"),
        ("kind: Config\nx: 'a\u{0}b'\n", "U+0000 in line 2"),
        ("# \u{feff}\u{fffe}\n", "U+FFFE in line 1"),
    ] {
        let why = edit::add(text, &entry("kind-p"), false).expect_err(text);
        assert!(why.contains(named), "{why}");
    }
    there_and_back("kind: Config\nx: \"\u{85}\u{a0}\u{1f600}\"\n");
}

/// Found by the fuzzer: our two readers of YAML do not agree on what is written there, and what had gone in was not found again.
#[test]
fn a_text_that_is_read_in_two_ways_is_left() {
    let odd = [
        "\u{feff}x: &a",
        "\u{feff}er- ]c)x-pq: &al5c",
        "apiVersion: v1\ncurrent-context: #\"clusters\":3[rvgr: ptths://a\n -# ers:\u{85} # ustes:\u{85} # us\n#\"name\":\"\n. : #us",
    ];
    for text in odd {
        match edit::add(text, &entry("kind-p"), false) {
            Err(why) => assert_eq!(why, value::UNCLEAR, "{text:?}"),
            Ok(with) => {
                assert_eq!(edit::add(&with, &entry("kind-p"), false).as_ref(), Ok(&with), "once more");
                let left = edit::remove(&with, "kind-p").expect("removed").expect("was there");
                assert_eq!(left.text, text);
            }
        }
    }
}

/// Platforms come and go in any order; the last one to go leaves the file as the first one found it.
#[test]
fn several_platforms_share_a_file() {
    let names = ["kind-a", "kind-b", "kind-c"];
    for text in FOUND {
        for order in [[0, 1, 2], [1, 2, 0], [2, 1, 0]] {
            let mut config = text.to_string();
            for name in names {
                config = edit::add(&config, &entry(name), false).unwrap_or_else(|why| panic!("{why}:\n{config}"));
            }
            for index in order {
                config = edit::remove(&config, names[index]).expect("removed").expect("was there").text;
            }
            assert_eq!(config, *text, "{order:?}");
        }
    }
}

#[test]
fn many_more_files_come_back_as_they_were() {
    let mut random = StdRng::seed_from_u64(14);
    for _ in 0..60 {
        there_and_back(&made_up(&mut random));
    }
}

/// A kubeconfig as no single person writes it: each part in one of the ways in which people write it.
fn made_up(random: &mut StdRng) -> String {
    let mut parts = Vec::new();
    for (list, key) in [("clusters", "cluster"), ("contexts", "context"), ("users", "user")] {
        if random.random_ratio(5, 6) {
            parts.push(list_of(list, key, random));
        }
    }
    let words = ["a", "'no'", "\"on\" # was \"off\"", "", "~", "\"\"", "# none", "|\n  a", "'it''s'", "a b"];
    parts.push(format!("current-context: {}", words.choose(random).expect("one")));
    for line in
        ["apiVersion: v1", "kind: Config", "preferences: {} # p", "# a comment", "", "x: \"0o17\"", "y: |+\n  z\n"]
    {
        if random.random_ratio(1, 2) {
            parts.push(line.into());
        }
    }
    parts.shuffle(random);
    let end = ["", "\n", "\n\n", "\n# end", "\n...\n"].choose(random).expect("one");
    parts.join("\n") + end
}

fn list_of(list: &str, key: &str, random: &mut StdRng) -> String {
    let blanks = ["", "  ", "    "].choose(random).expect("one");
    let names = ["a", "\"no\"", "'12:30:45'", "\"1_000\"", "b # c", "\"y\""];
    let values =
        ["{}", "{server: 'https://x', 'x': \"off\"}", "\n{blanks}    server: https://x # c", "{\"a\": [1, \"0o17\"]}"];
    let mut text = format!("{list}:");
    match random.random_range(0..6) {
        0 => text.push_str([" []", " null", "", " ~ # none", " [ ]"].choose(random).expect("one")),
        1 => text.push_str(" [{name: a}, {\"name\": 'b', x: y}] # c"),
        2 => text.push_str(" [\n  {\"name\": \"a\"},\n  {\"name\": \"no\"}\n  ]"),
        _ => {
            text.push_str([" # c", "", "\n# c\n\n    # d"].choose(random).expect("one"));
            for _ in 0..random.random_range(1..4) {
                let (name, value) = (names.choose(random).expect("one"), values.choose(random).expect("one"));
                let value = value.replace("{blanks}", blanks);
                text.push_str(&format!("\n{blanks}- name: {name}\n{blanks}  {key}: {value}"));
                text.push_str(["", "\n# e", "\n\n"].choose(random).expect("one"));
            }
        }
    }
    text
}

#[test]
fn what_people_do_in_between_stays() {
    let text = "contexts: []\ncurrent-context: a\n";
    let with = edit::add(text, &entry("kind-p"), false).expect("added");
    let theirs = with
        .replace("contexts:\n", "contexts:\n- name: new\n")
        .replace("current-context: kind-p", "current-context: new");
    let left = edit::remove(&theirs, "kind-p").expect("removed").expect("was there").text;
    assert_eq!(value::parse(&left), value::parse("contexts: [{name: new}]\ncurrent-context: new\n"));
    // Written anew by a program that knows nothing of text.
    let anew = serde_yaml::to_string(&value::parse(&with).expect("YAML")).expect("YAML");
    let left = edit::remove(&anew, "kind-p").expect("removed").expect("was there").text;
    assert_eq!(value::parse(&left), value::parse(text));
    // Without our note, or with a broken one, nothing is current.
    for note in [r#"{"before": {"current-context": " [}", "contexts": "}{"}}"#, r#"{"added": [1], "before": 3}"#, "x"] {
        let broken = format!(
            "contexts: [{{name: kind-p, context: {{extensions: [{{name: backstack.dev, extension: {note}}}]}}}}]\ncurrent-context: kind-p\n"
        );
        let left = edit::remove(&broken, "kind-p").expect("removed").expect("was there").text;
        assert_eq!(left, "contexts: []\ncurrent-context: \"\"\n");
    }
}

#[test]
fn a_platform_of_that_name_is_replaced_wherever_it_stands() {
    let text = "clusters:\n- name: x\n- name: kind-p\n  cluster: {server: old} # c\n- name: y\nusers: [{name: x}, {name: kind-p, user: {a: b}}]\ncontexts:\n- name: kind-p\ncurrent-context: x\n";
    let with = edit::add(text, &entry("kind-p"), false).expect("added");
    assert_eq!(with.matches("name: kind-p").count() + with.matches("\"name\":\"kind-p\"").count(), 3, "{with}");
    assert!(!with.contains("old"), "{with}");
    let left = edit::remove(&with, "kind-p").expect("removed").expect("was there").text;
    assert_eq!(left, "clusters:\n- name: x\n- name: y\nusers: [{name: x}]\ncontexts: []\ncurrent-context: x\n");
}

#[test]
fn what_cannot_be_changed_is_left_alone_and_named() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("config");
    for (bad, part) in [
        ("a: [", "malformed"),
        ("- a list", "malformed: it is not a mapping"),
        ("clusters: 3", "malformed: `clusters` is not a list"),
        ("kind: Config\nclusters: []\nclusters: []\n", "key `clusters` is given twice, in line 3 and in line 2"),
        ("kind: Config\n---\nkind: Config\n", "a second document begins in line 3"),
        ("x: &x [{name: a}]\nclusters: *x\n", "`clusters` is an alias"),
        ("current-context: &c a\nx: *c\n", "cannot be changed: line 2 uses an anchor of line 1, which has to go"),
        ("users: &u\n- name: a\nx: *u\n", "cannot be changed"),
    ] {
        fs::write(&path, bad).expect("write");
        for error in [add(&path, &entry("kind-p")), check(&path)].map(|result| result.expect_err(bad)) {
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("read"), bad);
        }
    }
    assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 1, "no lock stays");
}

/// A file is not malformed because our entry is needed in it.
#[test]
fn an_entry_that_others_point_at_stays_and_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("config");
    let mine = "users:\n- name: mine\n  user: *u\n- name: kind-p\n  user: {}\n";
    for (before, lines) in [
        ("users:\n- name: kind-p\n  user: &u\n    token: t\n- name: mine\n  user: *u\n", Some((6, 3))),
        ("users:\n- name: kind-p\n  user: {token: &u t}\n- {name: mine, user: {token: *u}}\n", Some((4, 3))),
        ("clusters:\n- &u\n  name: kind-p\n- <<: *u\n  name: mine\n", Some((4, 2))),
        ("current-context: &u kind-p\nx:\n- *u\n", Some((3, 1))),
        // Within what goes, and the other way round, nothing is in the way.
        ("users:\n- name: kind-p\n  user: {a: &u {}, b: *u}\n- name: mine\n", None),
        ("users:\n- name: mine\n  user: &u {}\n- name: kind-p\n  user: *u\n", None),
    ] {
        fs::write(&path, before).expect("write");
        match (remove(&path, "kind-p"), lines) {
            (Ok(removed), None) => assert!(removed, "{before}"),
            (Err(error), Some((at, target))) => {
                let wanted = format!("cannot be changed: line {at} uses an anchor of line {target}, which has to go");
                assert!(error.to_string().contains(&wanted), "{error}");
                assert_eq!(fs::read_to_string(&path).expect("read"), before);
            }
            (result, _) => panic!("{before}: {result:?}"),
        }
    }
    fs::write(&path, mine).expect("write");
    assert!(remove(&path, "kind-p").expect_err("no anchor").to_string().contains("is malformed"));
}

#[test]
fn every_encoding_stays_what_it_is() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("config");
    let text = "\u{feff}clusters:\r\n- name: ä\r\ncurrent-context: ä\r\n";
    let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    for bytes in [text.as_bytes().to_vec(), wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        fs::write(&path, &bytes).expect("write");
        check(&path).expect("usable");
        add(&path, &entry("kind-p")).expect("added");
        assert!(has(&path, &entry("kind-p")));
        assert!(!has(&path, &Entry { server: "https://127.0.0.1:2".into(), ..entry("kind-p") }));
        assert_eq!(fs::read(&path).expect("read")[..2], bytes[..2]);
        assert!(remove(&path, "kind-p").expect("removed"));
        assert_eq!(fs::read(&path).expect("read"), bytes);
    }
    fs::write(&path, b"\xff\xfea").expect("write");
    assert!(check(&path).expect_err("cut off").to_string().contains("cut off"));
}

#[test]
fn every_file_of_the_list_is_looked_into() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("first"), FOUND[10]).expect("write");
    fs::write(at("second"), FOUND[11]).expect("write");
    add(&at("second"), &entry("kind-p")).expect("added");
    fs::write(at("broken"), "a: [").expect("write");
    let paths = [at("missing"), at("broken"), at("first"), at("second")];
    assert!(remove_from(&paths, "kind-p").expect("removed"));
    assert_eq!(fs::read_to_string(at("first")).expect("read"), FOUND[10]);
    assert_eq!(fs::read_to_string(at("second")).expect("read"), FOUND[11]);
    assert!(!remove_from(&paths, "kind-p").expect("nothing to do"));
    // One that cannot be read does not keep the others from being done.
    add(&at("second"), &entry("kind-p")).expect("added");
    assert!(remove_from(&[folder.path().into(), at("second")], "kind-p").is_err());
    assert_eq!(fs::read_to_string(at("second")).expect("read"), FOUND[11]);
}

#[test]
fn a_file_that_up_made_goes_with_it() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("deep/config");
    check(&path).expect("can be made");
    add(&path, &entry("kind-p")).expect("added");
    add(&path, &entry("kind-q")).expect("added");
    remove(&path, "kind-p").expect("removed");
    assert!(path.exists());
    remove(&path, "kind-q").expect("removed");
    assert!(!path.exists());
    // One that was empty stays.
    fs::write(&path, "").expect("write");
    add(&path, &entry("kind-p")).expect("added");
    remove(&path, "kind-p").expect("removed");
    assert_eq!(fs::read(&path).expect("still there"), b"");
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before() {
    let error = check(Path::new("/proc/config")).expect_err("no file can be made there");
    assert!(error.to_string().contains("is not writable: folder /proc"), "{error}");
}

/// An entry whose administrator has this certificate and this key.
fn signed(certificate: &str, key: &str) -> Entry {
    let admin = format!(
        "clusters: [{{name: c, cluster: {{certificate-authority-data: Q0E=}}}}]\nusers: [{{name: u, user: {{\
         client-certificate-data: {certificate}, client-key-data: {key}}}}}]\n"
    );
    Entry { admin, ..entry("kind-p") }
}

#[test]
fn renewed_credentials_take_the_place_of_the_old_ones_and_nothing_else_changes() {
    let folder = tempfile::tempdir().expect("folder");
    let at = |name: &str| folder.path().join(name);
    let (old, new) = (signed("b2xk", "a2V5"), signed("bmV3", "c2Vjb25k"));
    fs::write(at("mine"), "# mine\nusers:\n- name: me\n  user: {token: t}\ncurrent-context: mine # stays\n")
        .expect("write");
    fs::write(at("other"), "current-context: x\n").expect("write");
    add(&at("mine"), &old).expect("added");
    let before =
        fs::read_to_string(at("mine")).expect("read").replace("current-context: kind-p", "current-context: mine");
    fs::write(at("mine"), &before).expect("write");
    assert!(has(&at("mine"), &old) && !has(&at("mine"), &new), "the old certificate is not good any more");

    let paths = [at("missing"), at("other"), at("mine")];
    assert!(renew_in(&paths, &old.admin, &new.admin).expect("renewed"));
    let after = fs::read_to_string(at("mine")).expect("read");
    assert_eq!(after, before.replace("b2xk", "bmV3").replace("a2V5", "c2Vjb25k"));
    assert!(has(&at("mine"), &new));
    assert_eq!(fs::read_to_string(at("other")).expect("read"), "current-context: x\n");
    assert!(!at("missing").exists());
    assert!(!renew_in(&paths, &old.admin, &new.admin).expect("nothing to do"), "they are there already");
    assert!(!renew_in(&paths, "", &new.admin).expect("nothing to do"), "nothing is known of before");
}
