// Package fault answers: which faults and verbs exist, and whom do they hit?
//
// A [Verb] is something that can be done to pods, nodes, calls or writes; [Verbs] is the one list of them, of which
// command line, API, Lua and reference are made. An [Order] asks for one: its [Selector] says whom it hits, and where it
// holds for a while it is [Active].
//
// A [Fault] is what one provider call meets. One that a script or an order asks for is a result, not an error: the call
// is served that way on purpose.
//
// The package is pure: it says what should happen, and provider and server make it happen.
package fault

import (
	"strconv"
	"time"
)

// Fault is what should go wrong with one call. The zero value is no fault.
type Fault struct {
	Latency time.Duration // the answer waits this long on the story clock; adds to other faults
	Code    int           // HTTP status answered in place of the call; 0: none
	Message string        // text of that answer, and its reason phrase
	Hang    time.Duration // no answer until this has passed or the client leaves; negative: until the client leaves
	Drop    bool          // the connection is closed without an answer
	Cut     float64       // share of the body sent before the connection closes, 0 < Cut < 1; 0: all of it
	Garble  bool          // the body is sent with bytes changed, so that it does not parse
	Source  string        // who asked for it, for the journal: "provider-faults.lua:12"
}

// None says that the call goes on undisturbed, without even a delay.
func (f Fault) None() bool { return f.Latency == 0 && !f.Strikes() }

// Strikes says that the answer itself is hit: something other than a delay.
func (f Fault) Strikes() bool {
	return f.Code != 0 || f.Hang != 0 || f.Drop || f.Cut != 0 || f.Garble
}

// Add joins a later fault to f: latencies add up, and of what strikes the first wins.
func (f Fault) Add(later Fault) Fault {
	latency := f.Latency + later.Latency
	if !f.Strikes() && later.Strikes() {
		f = later
	}
	f.Latency = latency
	return f
}

// Asked is a fault as the error of a call: a script wants the call to end that way. It is a result and not a
// failure of ours, so whoever serves the call serves the fault.
type Asked struct{ Fault Fault }

// Error is the message the script gave, or the status code.
func (a *Asked) Error() string {
	if a.Fault.Message != "" {
		return a.Fault.Message
	}
	return "asked for: HTTP status " + strconv.Itoa(a.Fault.Code)
}
