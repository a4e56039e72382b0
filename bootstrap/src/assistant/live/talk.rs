//! Questions to programs in pods, asked from a node: a page, a certificate, how often a container is held back.
//!
//! The node has neither `curl` nor `openssl`: what is said is made here, and only carried there and back.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backstack_common::tls::Anybody;
use backstack_mcp::live::questions::{Question, Reply, Shown};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use time::format_description::well_known::Rfc3339;
use tokio::time::timeout;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use super::doors::Doors;

/// A certificate that was shown, in DER.
type Kept = Mutex<Option<Vec<u8>>>;

/// All questions are asked side by side.
const PATIENCE: Duration = Duration::from_secs(5);
/// Beginning of a page that is kept.
const BODY: usize = 400;
/// For each line `NUMBER KIND WHERE PORT WORDS` of stdin one line `NUMBER ANSWER`, in base64 where bytes are carried.
const ASK: &str = r#"carried() {
  timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2" && base64 -d <<<"$3" >&3 && { timeout 2 dd bs=16384 count=1 <&3; timeout 0.3 head -c 16384 <&3; } | base64 -w0' _ "$1" "$2" "$3" 2>/dev/null
}
counted() {
  awk '/^nr_periods/ {p=$2} /^nr_throttled/ {t=$2} END {print p, t}' "$1"
}
while read -r number kind where port words; do
  case "$kind" in
  talk) ( echo "$number $(carried "$where" "$port" "$words")" ) & ;;
  processor) (
    for folder in $(find /sys/fs/cgroup/ -type d -name "*$where*"); do
      grep -qs nr_throttled "$folder/cpu.stat" || continue
      before=$(counted "$folder/cpu.stat"); sleep 0.6
      echo "$number $before $(counted "$folder/cpu.stat")"
      break
    done ) & ;;
  esac
done
wait"#;

/// Asks all of them; nothing for those that nobody answers.
pub(super) async fn asked(from: &Doors, questions: &[Question]) -> Vec<Option<Reply>> {
    let mut said: Vec<_> = questions.iter().map(Said::of).collect();
    let lines = said.iter().enumerate();
    let lines: String = lines.filter_map(|(number, one)| Some(format!("{number} {}\n", one.as_ref()?.line))).collect();
    if lines.is_empty() {
        return vec![None; questions.len()];
    }
    let run = from.engine.exec(&from.node, &["bash", "-c", ASK], Some(lines.as_bytes()));
    let output = match timeout(PATIENCE, run).await {
        Ok(Ok(output)) => output.stdout,
        _ => String::new(),
    };
    let answers: BTreeMap<usize, &str> = output.lines().filter_map(numbered).collect();
    let reply = |(number, one): (usize, &mut Option<Said>)| one.as_mut()?.reply(answers.get(&number)?);
    said.iter_mut().enumerate().map(reply).collect()
}

fn numbered(line: &str) -> Option<(usize, &str)> {
    let (number, answer) = line.split_once(' ')?;
    Some((number.parse().ok()?, answer))
}

/// What is said for a question, and how its answer is read.
struct Said {
    line: String,
    reader: Reader,
}

enum Reader {
    Page,
    Certificate(Box<ClientConnection>, Arc<Kept>),
    Processor,
}

impl Said {
    /// Nothing where a question cannot be asked.
    fn of(question: &Question) -> Option<Self> {
        let (line, reader) = match question {
            Question::Page { address, port, host, path } => {
                let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_graphic());
                if !is_plain(host) || !is_plain(path) {
                    return None;
                }
                let words = format!(
                    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: backstack-diagnose\r\nAccept: */*\r\nConnection: close\r\n\r\n"
                );
                (talk(address, *port, words.as_bytes())?, Reader::Page)
            }
            Question::Certificate { address, port, host } => {
                let (connection, kept, hello) = greeting(host)?;
                (talk(address, *port, &hello)?, Reader::Certificate(Box::new(connection), kept))
            }
            Question::Processor { container } => {
                let is_name = container.bytes().all(|byte| byte.is_ascii_alphanumeric());
                (format!("processor {container} 0 -"), is_name.then_some(Reader::Processor)?)
            }
        };
        Some(Self { line, reader })
    }

    fn reply(&mut self, answer: &str) -> Option<Reply> {
        if let Reader::Processor = self.reader {
            return processor(answer);
        }
        let bytes = BASE64_STANDARD.decode(answer.trim()).ok().filter(|bytes| !bytes.is_empty())?;
        Some(match &mut self.reader {
            Reader::Certificate(connection, kept) => certificate(connection, kept, &bytes).unwrap_or(Reply::Other),
            _ => page(&bytes).unwrap_or(Reply::Other),
        })
    }
}

fn talk(address: &str, port: u16, words: &[u8]) -> Option<String> {
    let address: IpAddr = address.parse().ok()?;
    Some(format!("talk {address} {port} {}", BASE64_STANDARD.encode(words)))
}

fn processor(answer: &str) -> Option<Reply> {
    let numbers: Vec<u64> = answer.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [before, held_before, after, held_after] = numbers.as_slice() else { return None };
    Some(Reply::Processor {
        moments: after.saturating_sub(*before),
        held_back: held_after.saturating_sub(*held_before),
    })
}

fn page(bytes: &[u8]) -> Option<Reply> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let first = lines.next().filter(|line| line.starts_with("HTTP/"))?;
    let status = first.split_whitespace().nth(1)?.parse().ok()?;
    let location = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("location").then(|| value.trim().to_string())
    });
    Some(Reply::Page { status, location: location.unwrap_or_default(), body: body.chars().take(BODY).collect() })
}

/// The first words of a client that speaks TLS 1.2: with those a server shows its certificate at once, and unencrypted.
fn greeting(host: &str) -> Option<(ClientConnection, Arc<Kept>, Vec<u8>)> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let kept = Arc::new(Kept::default());
    let keep = {
        let kept = kept.clone();
        move |shown: &[u8]| drop(kept.lock().map(|mut kept| *kept = Some(shown.to_vec())))
    };
    // It is only looked at: nothing is ever sent to whoever shows it.
    let verifier = Arc::new(Anybody::looking(provider.clone(), keep));
    let config =
        ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS12]).ok()?;
    let config = config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    let name = ServerName::try_from(host.to_string()).ok()?;
    let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).ok()?;
    Some((connection, kept, hello))
}

fn certificate(connection: &mut ClientConnection, kept: &Kept, bytes: &[u8]) -> Option<Reply> {
    let mut rest = bytes;
    while !rest.is_empty() && connection.read_tls(&mut rest).ok()? > 0 {
        // What comes after the certificate does not matter.
        if connection.process_new_packets().is_err() {
            break;
        }
    }
    let shown = kept.lock().ok()?.take()?;
    Some(Reply::Certificate(read(&shown)?))
}

fn read(der: &[u8]) -> Option<Shown> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.into_iter().flat_map(|found| &found.value.general_names);
    let mut names: Vec<_> = names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_string()),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        names.extend(certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok()).map(Into::into));
    }
    let purposes = certificate.extended_key_usage().ok().flatten();
    let is_for_servers = purposes.is_none_or(|found| found.value.server_auth || found.value.any);
    let ends = certificate.validity().not_after.to_datetime().format(&Rfc3339).ok()?;
    Some(Shown { names, is_for_servers, ends })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_what_was_asked() {
        let answer = b"HTTP/1.1 302 Found\r\nServer: x\r\nlocation: https://a/\r\n\r\nhello";
        let expected = Reply::Page { status: 302, location: "https://a/".into(), body: "hello".into() };
        assert_eq!(page(answer), Some(expected));
        assert_eq!(page(b"-ERR unknown command\r\n"), None);
        assert_eq!(processor("100 10 106 14"), Some(Reply::Processor { moments: 6, held_back: 4 }));
        assert_eq!(processor("100"), None);
    }

    #[test]
    fn nothing_that_could_be_a_command_is_carried_to_a_node() {
        let page = |host: &str, path: &str| Question::Page {
            address: "10.0.0.1".into(),
            port: 80,
            host: host.into(),
            path: path.into(),
        };
        assert!(Said::of(&page("shop.localhost", "/a?b=c")).is_some());
        assert!(Said::of(&page("shop\r\nX: y", "/")).is_none());
        assert!(Said::of(&page("shop", "/a b")).is_none());
        assert!(Said::of(&Question::Processor { container: "a;b".into() }).is_none());
        let elsewhere = Question::Certificate { address: "$(x)".into(), port: 443, host: "shop.localhost".into() };
        assert!(Said::of(&elsewhere).is_none());
    }

    #[test]
    fn a_server_shows_its_certificate_to_the_first_words() {
        let made = rcgen::generate_simple_self_signed(["shop.example.org".to_string()]).expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("a server");
        let mut server = rustls::ServerConnection::new(Arc::new(config)).expect("a server");
        let (mut client, kept, hello) = greeting("shop.example.org").expect("words");
        server.read_tls(&mut hello.as_slice()).expect("heard");
        server.process_new_packets().expect("understood");
        let mut answer = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut answer).expect("said");
        }
        let Some(Reply::Certificate(shown)) = certificate(&mut client, &kept, &answer) else {
            panic!("no certificate")
        };
        assert_eq!((shown.names.as_slice(), shown.is_for_servers), (["shop.example.org".to_string()].as_slice(), true));
        assert!(shown.serves("shop.example.org") && !shown.serves("example.org"));
    }
}
