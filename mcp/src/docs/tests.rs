use super::*;

fn docs() -> Docs {
    let traefik = "# Traefik\n\nThe ingress.\n\n## Where to look when it fails\n\nLogs of the `traefik` Deployment.\n";
    let issuer = "# cert-manager\n\nIssues certificates by the ClusterIssuer `platform-ca`.\n\n## Where to look when it fails\n\nEvents.\n";
    let errors = "# Ports\n\n## port … on … is taken already\n\nChoose another with `--http-port`.\n\n## Another\n\nA port, a port, a port.\n";
    Docs::new(
        Corpus::of([("components/traefik.md", traefik), ("components/cert-manager.md", issuer), ("ports.md", errors)]),
        Ingredients::default(),
    )
}

fn first(query: &str) -> String {
    let answer = docs().search(&Question { query, ..Question::default() }).expect("a question");
    answer.hits.first().map(|hit| hit.address.clone()).unwrap_or_default()
}

#[test]
fn names_are_found_however_they_are_written() {
    for query in ["cert-manager", "cert manager", "certmanager", "CertManager", "crt-manager"] {
        assert_eq!(first(query), "components/cert-manager.md#cert-manager", "{query}");
    }
    for query in ["traefik", "trafik", "Traefik?", "traef"] {
        assert_eq!(first(query), "components/traefik.md#traefik", "{query}");
    }
    assert_eq!(first("cluster issuer"), "components/cert-manager.md#cert-manager");
}

#[test]
fn a_pasted_message_finds_its_entry_whatever_values_it_has() {
    assert_eq!(first("error: port 8443 on 127.0.0.1 is taken already"), "ports.md#port--on--is-taken-already");
}

#[test]
fn the_page_decides_between_headings_that_are_alike() {
    assert_eq!(
        first("cert-manager: where do I look if it fails"),
        "components/cert-manager.md#where-to-look-when-it-fails"
    );
    assert_eq!(first("where to look when traefik fails"), "components/traefik.md#where-to-look-when-it-fails");
}

#[test]
fn answers_come_in_pages_and_the_cursor_fits_its_question() {
    let docs = docs();
    fn ask(docs: &Docs, query: &str, cursor: Option<&str>) -> Result<Answer, DocsError> {
        docs.search(&Question { query, limit: Some(1), cursor, ..Question::default() })
    }
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let answer = ask(&docs, "look fails", cursor.as_deref()).expect("a question");
        seen.extend(answer.hits.iter().map(|hit| hit.address.clone()));
        assert!(seen.len() <= usize::try_from(answer.total).expect("small"));
        match answer.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    let cursor = ask(&docs, "look fails", None).expect("a question").next_cursor;
    assert!(matches!(ask(&docs, "something else", cursor.as_deref()), Err(DocsError::Cursor { .. })));
}

#[test]
fn a_part_of_the_pages_can_be_asked_alone() {
    let docs = docs();
    let answer = docs.search(&Question { query: "port", within: Some("components/"), ..Question::default() });
    assert!(answer.expect("a question").hits.iter().all(|hit| hit.address.starts_with("components/")));
}

#[test]
fn no_question_breaks_it() {
    let docs = docs();
    for empty in ["", "  \n"] {
        assert_eq!(docs.search(&Question { query: empty, ..Question::default() }), Err(DocsError::EmptyQuery));
    }
    let long = "port ".repeat(100_000);
    for odd in ["the of and", "…", "\0\u{feff}", "((((", "𝒳 😀", "a", long.as_str(), "xyzzy plugh"] {
        let answer = docs.search(&Question { query: odd, limit: Some(usize::MAX), ..Question::default() });
        assert!(answer.is_ok(), "{odd:.20}");
    }
    assert_eq!(docs.search(&Question { query: "xyzzy", ..Question::default() }).expect("a question").total, 0);
    let nothing = Docs::new(Corpus::default(), Ingredients::default());
    assert_eq!(nothing.search(&Question { query: "port", ..Question::default() }).expect("a question").total, 0);
}

#[test]
fn unknown_words_are_told() {
    let answer = docs().search(&Question { query: "xyzzy port", ..Question::default() }).expect("a question");
    assert_eq!(answer.unknown_words, ["xyzzy"]);
}

#[test]
fn what_people_ask_is_found_and_not_shown() {
    let mut corpus = docs().corpus;
    let ask = |corpus: &Corpus| {
        let docs = Docs::new(corpus.clone(), Ingredients::default());
        docs.search(&Question { query: "who opens my door", ..Question::default() }).expect("a question").hits
    };
    assert!(ask(&corpus).is_empty());
    corpus.ask("components/traefik.md", "traefik", "who opens the door\nanother thing");
    let hits = ask(&corpus);
    assert_eq!(hits[0].address, "components/traefik.md#traefik");
    assert!(!hits[0].snippet.contains("door"), "{}", hits[0].snippet);
    assert!(!docs().read("components/traefik.md", 0, None).expect("there").text.contains("door"));
}

#[test]
fn slides_and_comments_are_not_found() {
    let page = "# Course\n<!-- track\nname: zebra\n-->\n\nGo on.\n";
    let corpus = Corpus::of([("workshop/a.md", page), ("workshop/slides/a.md", "# Giraffe\n\nGo on.\n")]);
    let docs = Docs::new(corpus, Ingredients::default());
    let found = |query| docs.search(&Question { query, ..Question::default() }).expect("a question").total;
    assert_eq!((found("zebra"), found("giraffe"), found("course")), (0, 0, 1));
    assert!(docs.read("workshop/slides/a.md", 0, None).is_ok(), "they are read by their address");
}

#[test]
fn every_ingredient_can_be_left_out() {
    let corpus = docs().corpus;
    for (name, ingredients) in Ingredients::each_left_out().into_iter().chain([("all", Ingredients::none())]) {
        let docs = Docs::new(corpus.clone(), ingredients);
        let answer = docs.search(&Question { query: "port taken", ..Question::default() }).expect("a question");
        assert!(answer.total > 0, "{name}");
    }
}
