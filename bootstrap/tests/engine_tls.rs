//! An engine behind TLS, as `dockerd --tlsverify` is: what is checked, what is refused, and that nothing is ever sent
//! in plain text where TLS was asked for.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use backstack::docker::endpoint::{Endpoint, EngineTls};
use backstack::docker::{ClusterError, Engine};
use backstack::error::{ExitKind, Explain};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An authority, and what it signs.
struct Authority {
    pem: String,
    der: rustls::pki_types::CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

struct Signed {
    pem: String,
    der: rustls::pki_types::CertificateDer<'static>,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).unwrap();
        Self { pem: own.pem(), der: own.der().clone(), issuer: Issuer::new(params, key) }
    }

    fn sign(&self, name: &str) -> Signed {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        Signed { pem: signed.pem(), der: signed.der().clone(), key }
    }

    /// What a client is given that trusts this authority and is nobody.
    fn trusted(&self) -> EngineTls {
        let ca = Some((PathBuf::from("ca.pem"), self.pem.clone().into_bytes()));
        EngineTls { ca, certificate: None, key: None, verify: true }
    }
}

impl Signed {
    fn identify(&self, tls: EngineTls) -> EngineTls {
        EngineTls {
            certificate: Some(("cert.pem".into(), self.pem.clone().into_bytes())),
            key: Some(("key.pem".into(), self.key.serialize_pem().into_bytes())),
            ..tls
        }
    }
}

/// A played engine behind TLS that wants to know its clients.
struct Served {
    port: u16,
    requests: Arc<AtomicUsize>,
}

impl Served {
    /// With a certificate for `name`, taking clients that `authority` signed.
    async fn start(authority: &Authority, name: &str) -> Self {
        let own = authority.sign(name);
        let mut clients = RootCertStore::empty();
        clients.add(authority.der.clone()).unwrap();
        backstack::tls::install();
        let known = WebPkiClientVerifier::builder(Arc::new(clients)).build().unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.key.serialize_der()));
        let config = rustls::ServerConfig::builder().with_client_cert_verifier(known);
        let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![own.der], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, counted) = (acceptor.clone(), counted.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(socket).await {
                        counted.fetch_add(1, Ordering::SeqCst);
                        drop(answer(stream).await);
                    }
                });
            }
        });
        Self { port, requests }
    }

    async fn connect(&self, tls: EngineTls) -> Result<Engine, ClusterError> {
        let address = format!("tcp://127.0.0.1:{}", self.port);
        Engine::at(Endpoint { address, reason: "context `lab` (DOCKER_CONTEXT)".into(), tls: Some(tls) }).await
    }
}

/// Answers one request as an engine does: its version, its own facts, and a command that gives back what it is fed.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
    stream.read_exact(&mut vec![0; length]).await?;
    let path = head.split([' ', '?']).nth(1).unwrap_or_default().to_string();
    if path.contains("/exec/") && path.ends_with("/start") {
        return give_back(stream).await;
    }
    let body = match path.rsplit('/').next().unwrap_or_default() {
        // There are none.
        _ if path.ends_with("/containers/json") || path.ends_with("/networks") => "[]",
        "version" => r#"{"ApiVersion": "1.41", "Version": "played"}"#,
        "info" => r#"{"ServerVersion": "played", "Driver": "overlay2"}"#,
        "exec" | "create" => r#"{"Id": "e1", "Warnings": []}"#,
        _ => r#"{"ID": "e1", "ExitCode": 0}"#,
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    stream.shutdown().await
}

/// Takes the connection over, reads to the end of what the client feeds, and gives it back.
async fn give_back(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 101 UPGRADED\r\nconnection: upgrade\r\nupgrade: tcp\r\n\r\n").await?;
    let mut fed = Vec::new();
    stream.read_to_end(&mut fed).await?;
    let mut frame = vec![1, 0, 0, 0];
    frame.extend(u32::try_from(fed.len()).unwrap().to_be_bytes());
    frame.extend(&fed);
    stream.write_all(&frame).await?;
    stream.shutdown().await
}

fn refusal(error: ClusterError) -> String {
    assert_eq!(error.kind(), ExitKind::Prerequisite, "{error}");
    error.to_string()
}

#[tokio::test]
async fn both_sides_are_checked() {
    let authority = Authority::new();
    let served = Served::start(&authority, "127.0.0.1").await;
    let me = authority.sign("me");
    let engine = served.connect(me.identify(authority.trusted())).await.unwrap();
    assert_eq!(engine.info().await.unwrap().server_version.as_deref(), Some("played"));
    assert!(engine.endpoint().to_string().ends_with("(context `lab` (DOCKER_CONTEXT), TLS)"));

    let nobody = served.connect(authority.trusted()).await.err().unwrap();
    let text = refusal(nobody).to_lowercase();
    assert!(text.contains("certificate"), "{text}");
    let stranger = Authority::new().sign("me").identify(authority.trusted());
    assert!(served.connect(stranger).await.is_err());
}

#[tokio::test]
async fn doctor_tells_which_engine_answers_and_what_named_it() {
    let authority = Authority::new();
    let served = Served::start(&authority, "127.0.0.1").await;
    let (folder, me) = (tempfile::tempdir().unwrap(), authority.sign("me"));
    let certificates = [("ca.pem", &authority.pem), ("cert.pem", &me.pem), ("key.pem", &me.key.serialize_pem())];
    for (name, pem) in certificates {
        std::fs::write(folder.path().join(name), pem).unwrap();
    }
    let address = format!("tcp://127.0.0.1:{}", served.port);
    let mut doctor = tokio::process::Command::new(env!("CARGO_BIN_EXE_backstack"));
    doctor.args(["doctor", "--stack", "minimal", "--images", "source"]).env_clear().env("HOME", folder.path());
    doctor.env("DOCKER_HOST", &address).env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", folder.path());
    let output = doctor.output().await.unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(text.contains(&format!("Docker played at {address} (DOCKER_HOST, TLS), overlay2")), "{text}");
}

#[tokio::test]
async fn another_engine_is_not_taken_for_the_one_that_is_meant() {
    let authority = Authority::new();
    let me = authority.sign("me");
    let served = Served::start(&authority, "127.0.0.1").await;
    let other = me.identify(Authority::new().trusted());
    let text = refusal(served.connect(other.clone()).await.err().unwrap());
    assert!(text.contains("invalid peer certificate") && text.contains("DOCKER_CONTEXT"), "{text}");
    assert_eq!(served.requests.load(Ordering::SeqCst), 0);
    // Whoever asks for no check gets none.
    served.connect(EngineTls { verify: false, ..other }).await.unwrap();

    let elsewhere = Served::start(&authority, "lab.example").await;
    let text = refusal(elsewhere.connect(me.identify(authority.trusted())).await.err().unwrap());
    assert!(text.contains("not valid for name"), "{text}");
}

#[tokio::test]
async fn a_command_is_fed_through_tls_to_its_end() {
    let authority = Authority::new();
    let served = Served::start(&authority, "127.0.0.1").await;
    let engine = served.connect(authority.sign("me").identify(authority.trusted())).await.unwrap();
    let text = "0123456789".repeat(20_000);
    let output = engine.exec("node", &["cat"], Some(text.as_bytes())).await.unwrap();
    assert!(output.code == 0 && output.stdout == text, "{} bytes came back", output.stdout.len());
}

#[tokio::test]
async fn an_engine_without_tls_is_sent_nothing_in_plain_text() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut first = vec![0; 3];
        socket.read_exact(&mut first).await.unwrap();
        socket.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await.unwrap();
        first
    });
    let tls = Some(Authority::new().trusted());
    let error = Engine::at(Endpoint { address, reason: "DOCKER_HOST".into(), tls }).await.err().unwrap();
    assert!(matches!(error, ClusterError::NoEngine { .. }), "{error}");
    // A handshake of TLS, not `GET`.
    assert_eq!(heard.await.unwrap()[..2], [22, 3]);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    let me = authority.sign("me");
    let good = me.identify(authority.trusted());
    let file = |name: &str, content: &str| Some((PathBuf::from(name), content.as_bytes().to_vec()));
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (tls, named) in [
        (EngineTls { ca: file("/x/ca.pem", "rubbish"), ..good.clone() }, "/x/ca.pem"),
        (EngineTls { certificate: file("/x/cert.pem", ""), ..good.clone() }, "/x/cert.pem"),
        (EngineTls { key: file("/x/key.pem", encrypted), ..good.clone() }, "encrypted"),
        (me.identify(Authority::new().trusted()), "nobody answers"),
    ] {
        let endpoint = Endpoint { address: "tcp://127.0.0.1:1".into(), reason: "DOCKER_HOST".into(), tls: Some(tls) };
        let error = Engine::at(endpoint).await.err().unwrap();
        match named {
            "nobody answers" => assert!(matches!(error, ClusterError::NoEngine { .. }), "{error}"),
            _ => {
                assert!(
                    matches!(error, ClusterError::EngineTls { .. }) && error.to_string().contains(named),
                    "{error}"
                );
            }
        }
    }
}
