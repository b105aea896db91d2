package main

import (
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"sync"

	"github.com/FerretDB/wire"
	"github.com/FerretDB/wire/wirebson"
)

const (
	headerBytes  = 16
	maxBytes     = 48_000_000 // as MongoDB has it
	opMsg        = 2013
	moreToCome   = 1 << 1 // the flag of a message that nobody answers
	opCodeOffset = 12
)

// front stands before FerretDB and does what MongoDB does and FerretDB 1.24 does not: what a command changes in a
// database it changes in one step, and an update that fails does not end a command of many (see update.go).
type front struct {
	socket string
	mutex  sync.Mutex
	turns  map[string]*sync.Mutex // by the name of the database
}

func newFront(socket string) *front {
	return &front{socket: socket, turns: make(map[string]*sync.Mutex)}
}

func (f *front) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // closed, or the program ends
		}
		go f.serveClient(client)
	}
}

func (f *front) serveClient(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", f.socket)
	if err != nil {
		return // it is starting; clients try again
	}
	defer server.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		answer, err := f.answer(request, server)
		if err != nil {
			log.Print("mongo: ", err)
			return
		}
		if _, err = client.Write(answer); err != nil {
			return
		}
	}
}

// answer asks the server when it is this request's turn. A client that has gone does not end its turn early.
func (f *front) answer(request []byte, server io.ReadWriter) ([]byte, error) {
	if binary.LittleEndian.Uint32(request[opCodeOffset:]) != opMsg {
		return ask(server, request)
	}
	var message wire.OpMsg
	if err := message.UnmarshalBinaryNocopy(request[headerBytes:]); err != nil {
		return nil, err
	}
	command, err := message.RawSection0().Decode()
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(request[headerBytes:])&moreToCome != 0 {
		_, err = server.Write(request)
		return nil, err
	}
	if database, ok := command.Get("$db").(string); ok && command.Command() != "hello" {
		turn := f.turn(database)
		turn.Lock()
		defer turn.Unlock()
	}
	if command.Command() == "update" {
		return updateEach(server, request, command)
	}
	return ask(server, request)
}

func (f *front) turn(database string) *sync.Mutex {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.turns[database] == nil {
		f.turns[database] = new(sync.Mutex)
	}
	return f.turns[database]
}

func ask(server io.ReadWriter, request []byte) ([]byte, error) {
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	return readMessage(server)
}

// readMessage reads a message with its header, which begins with the length of both.
func readMessage(from io.Reader) ([]byte, error) {
	var header [headerBytes]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header[:])
	if length < headerBytes || length > maxBytes {
		return nil, errors.New("a message's length is out of range")
	}
	message := make([]byte, length)
	copy(message, header[:])
	_, err := io.ReadFull(from, message[headerBytes:])
	return message, err
}

// withBody is the message with another document in place of what it says.
func withBody(message []byte, document *wirebson.Document) ([]byte, error) {
	body, err := wire.NewOpMsg(document)
	if err != nil {
		return nil, err
	}
	content, err := body.MarshalBinary()
	if err != nil {
		return nil, err
	}
	changed := append(append([]byte(nil), message[:headerBytes]...), content...)
	binary.LittleEndian.PutUint32(changed, uint32(len(changed)))
	return changed, nil
}

// body is what a message says.
func body(message []byte) (*wirebson.Document, error) {
	var parsed wire.OpMsg
	if err := parsed.UnmarshalBinaryNocopy(message[headerBytes:]); err != nil {
		return nil, err
	}
	return parsed.RawSection0().DecodeDeep()
}
