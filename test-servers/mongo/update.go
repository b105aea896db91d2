package main

import (
	"io"

	"github.com/FerretDB/wire/wirebson"
)

// updateEach sends a command of many updates as commands of one each, and answers as MongoDB does: an update that fails is
// one of the `writeErrors`, with its place in the command, and all others are done, unless they are to be done in order.
//
// The updates are expected in the command's document, where the driver of the tests puts them.
func updateEach(server io.ReadWriter, request []byte, command *wirebson.Document) ([]byte, error) {
	updates := elements(command.Get("updates"))
	if len(updates) < 2 {
		return ask(server, request)
	}
	unordered := command.Get("ordered") == false
	all := total{}
	var answer []byte
	for place, update := range updates {
		if err := command.Replace("updates", wirebson.MustArray(update)); err != nil {
			return nil, err
		}
		one, err := withBody(request, command)
		if err != nil {
			return nil, err
		}
		if answer, err = ask(server, one); err != nil {
			return nil, err
		}
		said, err := body(answer)
		if err != nil {
			return nil, err
		}
		if said.Get("ok") != 1.0 {
			return answer, nil
		}
		if all.add(place, said); len(all.errors) > 0 && !unordered {
			break
		}
	}
	return withBody(answer, all.document())
}

// total adds up the answers to single updates.
type total struct {
	matched, modified int32
	upserted, errors  []any
}

// add takes what was said to the update at a place.
func (t *total) add(place int, said *wirebson.Document) {
	matched, _ := said.Get("n").(int32)
	modified, _ := said.Get("nModified").(int32)
	t.matched += matched
	t.modified += modified
	t.upserted = append(t.upserted, at(place, said.Get("upserted"))...)
	t.errors = append(t.errors, at(place, said.Get("writeErrors"))...)
}

func (t *total) document() *wirebson.Document {
	document := wirebson.MustDocument("n", t.matched, "nModified", t.modified)
	if len(t.upserted) > 0 {
		must(document.Add("upserted", wirebson.MustArray(t.upserted...)))
	}
	if len(t.errors) > 0 {
		must(document.Add("writeErrors", wirebson.MustArray(t.errors...)))
	}
	must(document.Add("ok", 1.0))
	return document
}

// at gives the documents of an array a place.
func at(place int, array any) []any {
	documents := elements(array)
	for _, document := range documents {
		must(document.(*wirebson.Document).Replace("index", int32(place)))
	}
	return documents
}

// elements are those of an array, none where it is not one.
func elements(array any) []any {
	if raw, ok := array.(wirebson.RawArray); ok {
		decoded, err := raw.Decode()
		must(err)
		array = decoded
	}
	list, ok := array.(*wirebson.Array)
	if !ok {
		return nil
	}
	found := make([]any, list.Len())
	for place := range found {
		found[place] = list.Get(place)
	}
	return found
}

// must holds of documents that were decoded, or made here.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
