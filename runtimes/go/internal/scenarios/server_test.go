package scenarios

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// What takes longer will never come.
const patience = 10 * time.Second

// connectThroughProxy has a client that a proxy connects to an upstream with this handler.
func connectThroughProxy(t *testing.T, handle func(*net.TCPConn)) *net.TCPConn {
	t.Helper()
	upstream, err := serve(func(peer *net.TCPConn) {
		peer.SetDeadline(time.Now().Add(patience))
		handle(peer)
	})
	if err != nil {
		t.Fatal(err)
	}
	relaying, err := serve(func(client *net.TCPConn) { forward(client, upstream.address()) })
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.DialTCP("tcp", nil, relaying.address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		reset(client)
		relaying.stop()
		upstream.stop()
	})
	client.SetDeadline(time.Now().Add(patience))
	return client
}

func TestAnEndIsPassedOnAndTheWayBackGoesOn(t *testing.T) {
	client := connectThroughProxy(t, func(peer *net.TCPConn) {
		defer peer.Close()
		everything, _ := io.ReadAll(peer) // Answers only when the client has finished.
		peer.Write(everything)
	})
	question := bytes.Repeat([]byte("regatta"), 100_000)
	client.Write(question)
	client.CloseWrite()
	answer, err := io.ReadAll(client)
	if err != nil || !bytes.Equal(answer, question) {
		t.Errorf("got %d bytes of %d, and %v", len(answer), len(question), err)
	}
}

func TestAResetIsPassedOn(t *testing.T) {
	client := connectThroughProxy(t, func(peer *net.TCPConn) {
		io.ReadFull(peer, make([]byte, 1))
		reset(peer)
	})
	client.Write([]byte("x"))
	if _, err := io.ReadAll(client); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the upstream was reset, but the client sees: %v", err)
	}
}

func TestAResetByTheClientIsPassedOn(t *testing.T) {
	ended := make(chan error, 1)
	client := connectThroughProxy(t, func(peer *net.TCPConn) {
		defer peer.Close()
		peer.Write([]byte("x"))
		_, err := io.ReadAll(peer)
		ended <- err
	})
	io.ReadFull(client, make([]byte, 1))
	reset(client)
	if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client was reset, but the upstream sees: %v", err)
	}
}

func TestAnUpstreamThatIsGoneResetsTheClient(t *testing.T) {
	gone, err := serve(echo)
	if err != nil {
		t.Fatal(err)
	}
	address := gone.address()
	gone.stop()
	relaying, err := serve(func(client *net.TCPConn) { forward(client, address) })
	if err != nil {
		t.Fatal(err)
	}
	defer relaying.stop()
	client, err := net.DialTCP("tcp", nil, relaying.address())
	if err == nil { // The reset can be faster than that.
		defer client.Close()
		client.SetDeadline(time.Now().Add(patience))
		_, err = io.ReadAll(client)
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("nobody is there, but the client sees: %v", err)
	}
}
