//! Both programs do what their users would want.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};

#[test]
fn the_task_answers() {
    let ran = Command::new(env!("CARGO_BIN_EXE_small_async_std_task"))
        .output()
        .expect("it can be started");
    assert!(ran.status.success());
    assert_eq!(ran.stdout, b"42\n");
}

#[test]
fn the_server_echoes_until_stdin_ends() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_small_async_std_echo"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut port = String::new();
    BufReader::new(server.stdout.take().expect("it is piped"))
        .read_line(&mut port)
        .expect("it prints its port");
    let port = port.trim_end().parse().expect("a port is a number");
    // Two at once, of which one never ends.
    let mut idle = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    assert_eq!(echoed(&mut idle, b"hello"), b"hello");
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    assert_eq!(echoed(&mut client, b"world"), b"world");
    client.shutdown(Shutdown::Write).expect("it is connected");
    assert_eq!(client.read(&mut [0]).expect("the echo ends too"), 0);

    drop(server.stdin.take());
    let status = server.wait().expect("it is a child of ours");
    assert!(status.success());
}

fn echoed(server: &mut TcpStream, message: &[u8]) -> Vec<u8> {
    server.write_all(message).expect("it is connected");
    let mut answer = vec![0; message.len()];
    server.read_exact(&mut answer).expect("it is connected");
    answer
}
