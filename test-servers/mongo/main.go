// Command mongo answers MongoDB's wire protocol on an address and keeps its data in a directory, which must exist:
//
//	mongo 127.0.0.1:27017 /tmp/data
//
// It ends on SIGTERM.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("expected an address and a directory"))
	}
	until, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := serve(until, os.Args[1], os.Args[2]); err != nil {
		fail(err)
	}
}

// serve runs FerretDB on a socket in the directory, and the front of it on the address.
func serve(until context.Context, address, directory string) error {
	socket := filepath.Join(directory, "ferretdb.sock")
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket},
		Handler:  "sqlite",
		// The slash says that it is a directory. What a killed process has written survives without a sync, what a machine
		// that loses its power has written does not; no test does that.
		SQLiteURL: "file:" + directory + "/?_pragma=synchronous(off)",
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer listener.Close()
	go newFront(socket).serve(listener)
	return server.Run(until)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "mongo:", err)
	os.Exit(1)
}
