// Command mongo answers MongoDB's wire protocol on an address and keeps its data in a directory, which must exist:
//
//	mongo 127.0.0.1:27017 /tmp/data
//
// It ends on SIGTERM.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
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

func serve(until context.Context, address, directory string) error {
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: address},
		Handler:   "sqlite",
		SQLiteURL: "file:" + directory + "/", // the slash says that it is a directory
	})
	if err != nil {
		return err
	}
	return server.Run(until)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "mongo:", err)
	os.Exit(1)
}
