//! Sockets as all contenders have them, for runtimes whose own calls do not offer it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::Failure;
use crate::process;

/// Connections that may wait to be accepted; the system's limit holds too.
pub const BACKLOG: u32 = 4096;

/// Of the echo server, and of each way through the proxy.
pub const BUFFER_BYTES: usize = 16 * 1024;

/// How long an acceptor waits when the system has no descriptor left, so that it does not spin.
pub const SHORTAGE_PAUSE: Duration = Duration::from_millis(10);

/// Begins to listen on a port of the system's choice.
pub fn listen_on_loopback() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG as i32)?; // Safe because it is 4096.
    Ok(socket.into())
}

/// From here on closing it throws away what is on its way, and the peer sees a reset: no port waits
/// in TIME_WAIT.
pub fn reset_when_closed(socket: &impl AsFd) -> io::Result<()> {
    SockRef::from(socket).set_linger(Some(Duration::ZERO))
}

/// Why a client has not got all of its answer.
pub fn wrong_answer(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            Failure::Failed("the server finished before it had answered".to_owned())
        }
        _ => Failure::Failed(format!("cannot receive: {error}")),
    }
}

/// For the runtime and the harness.
const SPARE_DESCRIPTORS: u64 = 100;

/// Without enough descriptors, clients would wait for ever for a server that cannot accept them.
pub fn check_descriptors(of_the_scenario: u64) -> Result<(), Failure> {
    let needed = of_the_scenario.saturating_add(SPARE_DESCRIPTORS);
    let limit = process::descriptor_limit();
    if needed <= limit {
        return Ok(());
    }
    Err(Failure::Unsupported(format!(
        "needs {needed} descriptors, and this process may have {limit} (ulimit -Hn): choose fewer connections"
    )))
}
