// Command small_echo is a TCP echo server as small as its users would write it: its size is measured
// from outside. It prints the port on which it listens, and serves until the end of stdin.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go serve(listener)
	io.Copy(io.Discard, os.Stdin)
	listener.Close()
}

func serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return // Closed: stdin has ended.
		}
		go echo(connection)
	}
}

func echo(connection net.Conn) {
	defer connection.Close()
	io.Copy(connection, connection)
}
