package main

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestItEchoesUntilStdinEnds(t *testing.T) {
	program := filepath.Join(t.TempDir(), "small_echo")
	if said, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	server := exec.Command(program)
	stdin, _ := server.StdinPipe()
	stdout, _ := server.StdoutPipe()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()

	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strings.TrimSpace(port))
	for range 2 { // A server that ended with its first connection would not do.
		checkEcho(t, address)
	}
	stdin.Close()
	if err := server.Wait(); err != nil {
		t.Errorf("stdin has ended, and it says: %v", err)
	}
}

func checkEcho(t *testing.T, address string) {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	question := strings.Repeat("regatta", 10_000)
	go func() {
		io.WriteString(connection, question)
		connection.(*net.TCPConn).CloseWrite()
	}()
	if answer, err := io.ReadAll(connection); err != nil || string(answer) != question {
		t.Errorf("got %d bytes of %d, and %v", len(answer), len(question), err)
	}
}
