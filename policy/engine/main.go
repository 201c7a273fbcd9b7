// Command engine is Open Policy Agent as one WebAssembly module (GOOS=wasip1, reactor): the host writes a request into a
// buffer, calls an exported function and reads the answer. The module imports no files and no network; every function
// is synchronous. Built by scripts/build-policy-engine.sh, run by src/adapters/opa/.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"unsafe"
)

// Grown to the largest request, then reused. The host writes into it between two calls.
var requestBuffer []byte

// Kept here so that the answer lives until the next call.
var answerBuffer []byte

// engineAlloc gives the address of a buffer of at least size bytes for the next request.
//
//go:wasmexport engine_alloc
func engineAlloc(size uint32) uint32 {
	if uint32(cap(requestBuffer)) < size || uint32(cap(requestBuffer)) > size+maxIdleBuffer {
		requestBuffer = make([]byte, size+1)
	}
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(requestBuffer))))
}

// engineCall runs one of the operations below over the first size bytes of the buffer. Answer: address in the upper,
// length in the lower half.
//
//go:wasmexport engine_call
func engineCall(operation, size uint32) uint64 {
	if uint32(cap(requestBuffer)) < size {
		answerBuffer = failed(problem{Code: "engine_request", Message: "longer than the buffer"})
	} else {
		answerBuffer = call(operation, requestBuffer[:size])
	}
	if len(answerBuffer) == 0 {
		return 0
	}
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(answerBuffer))))<<32 | uint64(len(answerBuffer))
}

// engineRest collects garbage where enough has piled up. The host calls it when it has passed the answer on: there is one
// thread, in which the collector's own goroutines get their turns only while a call runs and fall behind, and a collection
// takes as long as a dozen evaluations.
//
//go:wasmexport engine_rest
func engineRest() {
	metrics.Read(allocated)
	if total := allocated[0].Value.Uint64(); total-collectedAt > garbagePerCollection {
		runtime.GC()
		collectedAt = total
	}
}

const (
	maxIdleBuffer        = 1 << 20
	garbagePerCollection = 16 << 20
	// Past this the collector runs on its own, in the middle of a call.
	memoryLimit = 256 << 20
)

var (
	allocated   = []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	collectedAt uint64
)

// The numbers are the interface: src/adapters/opa/engine-calls.ts has the same table.
const (
	opInfo = iota
	opLoad
	opDrop
	opEvaluate
	opQuery
	opTest
	opFormat
	opReadBundle
	opWriteBundle
)

type failure struct {
	Errors []problem `json:"errors"`
}

// problem is one complaint, with its place where there is one.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Row     int    `json:"row,omitempty"`
	Col     int    `json:"col,omitempty"`
}

func call(operation uint32, request []byte) (answer []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			answer = failed(problem{Code: "engine_panic", Message: fmt.Sprint(cause)})
		}
	}()
	switch operation {
	case opInfo:
		return info()
	case opLoad:
		return decoded(request, load)
	case opDrop:
		return decoded(request, drop)
	case opEvaluate:
		return evaluate(request)
	case opQuery:
		return decoded(request, query)
	case opTest:
		return decoded(request, test)
	case opFormat:
		return decoded(request, formatModules)
	case opReadBundle:
		return decoded(request, readBundle)
	case opWriteBundle:
		return decoded(request, writeBundle)
	}
	return failed(problem{Code: "engine_request", Message: fmt.Sprintf("no operation %d", operation)})
}

func decoded[T any](request []byte, run func(T) (any, []problem)) []byte {
	var parsed T
	reader := json.NewDecoder(bytes.NewReader(request))
	// A number of data stays what was written, however long.
	reader.UseNumber()
	if err := reader.Decode(&parsed); err != nil {
		return failed(problem{Code: "engine_request", Message: err.Error()})
	}
	if _, err := reader.Token(); err != io.EOF {
		return failed(problem{Code: "engine_request", Message: "more than one value"})
	}
	answer, problems := run(parsed)
	if len(problems) > 0 {
		return failed(problems...)
	}
	return encoded(answer)
}

func encoded(answer any) []byte {
	text, err := json.Marshal(answer)
	if err != nil {
		return failed(problem{Code: "engine_answer", Message: err.Error()})
	}
	return text
}

func failed(problems ...problem) []byte {
	text, err := json.Marshal(failure{Errors: problems})
	if err != nil {
		return []byte(`{"errors":[{"code":"engine_answer","message":"the errors could not be encoded"}]}`)
	}
	return text
}

func init() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)
}

func main() {}
