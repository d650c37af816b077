//! Both programs do what their users would want, in both variants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};

const VARIANTS: [&[&str]; 3] = [
    &[],
    &["--variant=multi_thread"],
    &["--variant=current_thread"],
];

#[test]
fn the_task_answers() {
    for variant in VARIANTS {
        let ran = Command::new(env!("CARGO_BIN_EXE_small_smol_task"))
            .args(variant)
            .output()
            .expect("it can be started");
        assert!(ran.status.success(), "{variant:?}");
        assert_eq!(ran.stdout, b"42\n", "{variant:?}");
    }
}

#[test]
fn the_server_echoes_until_stdin_ends() {
    for variant in VARIANTS {
        let mut server = Command::new(env!("CARGO_BIN_EXE_small_smol_echo"))
            .args(variant)
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
        assert!(status.success(), "{variant:?}");
    }
}

fn echoed(server: &mut TcpStream, message: &[u8]) -> Vec<u8> {
    server.write_all(message).expect("it is connected");
    let mut answer = vec![0; message.len()];
    server.read_exact(&mut answer).expect("it is connected");
    answer
}
