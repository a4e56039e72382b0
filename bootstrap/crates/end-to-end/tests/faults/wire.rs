//! A connection to the engine that can be cut, as when the engine stops: it listens on TCP and hands every
//! connection on to the real engine's socket.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const ENGINE: &str = "/var/run/docker.sock";

pub(crate) struct Wire {
    address: String,
    open: Arc<Mutex<Vec<TcpStream>>>,
    is_cut: Arc<AtomicBool>,
}

impl Wire {
    pub(crate) fn lay() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("tcp://{}", listener.local_addr().expect("its address"));
        let (open, is_cut) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let wire = Self { address, open: open.clone(), is_cut: is_cut.clone() };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if is_cut.load(Ordering::SeqCst) {
                    return;
                }
                open.lock().expect("open connections").push(client.try_clone().expect("clone"));
                carry(client);
            }
        });
        wire
    }

    /// For DOCKER_HOST.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Ends every connection, and refuses further ones.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        // One last connection wakes the listener, which then goes away.
        drop(TcpStream::connect(self.address.trim_start_matches("tcp://")));
        for connection in self.open.lock().expect("open connections").drain(..) {
            drop(connection.shutdown(Shutdown::Both));
        }
    }
}

fn carry(client: TcpStream) {
    let engine = UnixStream::connect(ENGINE).expect("the engine");
    let (mut from_client, mut to_client) = (client.try_clone().expect("clone"), client);
    let (mut from_engine, mut to_engine) = (engine.try_clone().expect("clone"), engine);
    std::thread::spawn(move || {
        pump(&mut from_client, &mut to_engine);
        drop(to_engine.shutdown(Shutdown::Write));
    });
    std::thread::spawn(move || {
        pump(&mut from_engine, &mut to_client);
        drop(to_client.shutdown(Shutdown::Write));
    });
}

/// Copies until one side ends; what a cut does to either side is no fault of the test's.
fn pump(from: &mut impl Read, to: &mut impl Write) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}
