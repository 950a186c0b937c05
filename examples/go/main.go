// A service in Go over the C functions of libpennon, by cgo, evaluating in the process.
package main

/*
#include <pennon/pennon.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
	"unsafe"
)

// Flags is safe to use from any goroutine.
type Flags struct{ client *C.pennon_client }

// Open never waits: it finds the daemon by $PENNON_SOCKET.
func Open() Flags { return Flags{C.pennon_open(nil)} }

// Close reports what was counted.
func (flags Flags) Close() { C.pennon_close(flags.client) }

// Way says where answers come from: "mapped", "frames" or "embedded".
func (flags Flags) Way() string { return C.GoString(C.pennon_way(flags.client)) }

// WaitReady is true as soon as there are flags to answer from.
func (flags Flags) WaitReady(millis uint) bool {
	return bool(C.pennon_wait_ready(flags.client, C.uint32_t(millis)))
}

// Bool is the flag's value for the user, or the fallback.
func (flags Flags) Bool(key string, user map[string]string, fallback bool) bool {
	name := C.CString(key)
	defer C.free(unsafe.Pointer(name))
	context := newContext(user)
	defer C.pennon_context_free(context)
	return bool(C.pennon_bool(flags.client, name, context, C.bool(fallback)))
}

func newContext(user map[string]string) *C.pennon_context {
	context := C.pennon_context_new(nil)
	for name, value := range user {
		key, text := C.CString(name), C.CString(value)
		C.pennon_context_set_string(context, key, text)
		C.free(unsafe.Pointer(key))
		C.free(unsafe.Pointer(text))
	}
	return context
}

func main() {
	flags := Open()
	defer flags.Close()
	flags.WaitReady(2000)
	var requests sync.WaitGroup
	for _, user := range os.Args[1:] {
		requests.Add(1)
		go func(user string) {
			defer requests.Done()
			on := flags.Bool("new-checkout", map[string]string{"targetingKey": user, "country": "NO"}, false)
			fmt.Printf("%s: new checkout %t (%s)\n", user, on, flags.Way())
		}(user)
	}
	requests.Wait()
}
