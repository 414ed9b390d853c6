package script

import (
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// MaxFile is how many bytes a script file may have, unless Options say otherwise.
const MaxFile = 1 << 20

// Options bounds what scripts may use. Zero fields take the defaults.
type Options struct {
	Slots       int           // hooks that run at once, over all Sets; 0: 4
	PerScript   int           // of these for one file, so that a bad script cannot hold them all; 0: 3
	Burst       int64         // bytes the heap may grow while a hook runs before that hook is ended; 0: 64 MiB
	FileBytes   int           // longest script file; 0: MaxFile
	StringBytes int           // longest string a script may build; 0: 1 MiB
	LoadTime    time.Duration // wall time a folder may take to load, and a call that names no limit to run; 0: 1 s
	Coverage    *Coverage     // counts the lines that ran; nil: nothing does
	Log         func(LogLine) // receives print and log.*; called on the hook's goroutine; nil: lines are dropped
}

// callBytes is how many bytes of new strings one call may build in all. With StringBytes it stops doubling strings
// exactly, where the watchdog would come too late.
const callBytes = 64 << 20

// answerBytes is how much of one answer is decoded, the bound on what a script can make others keep and send: an API server
// refuses objects of half of it. valueBytes is what a value counts for beside its text.
const answerBytes, valueBytes = 4 << 20, 16

func (o Options) withDefaults() Options {
	def := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	def(&o.Slots, 4)
	def(&o.PerScript, 3)
	def(&o.FileBytes, MaxFile)
	def(&o.StringBytes, 1<<20)
	o.PerScript = min(o.PerScript, o.Slots)
	if o.Burst <= 0 {
		o.Burst = 64 << 20
	}
	if o.LoadTime <= 0 {
		o.LoadTime = time.Second
	}
	return o
}

// LogLine is one line a script wrote with print or log.
type LogLine struct {
	Script string // file name
	Line   int    // 0: not known
	Hook   string // "": while loading
	Level  string // debug, info, warn or error
	Text   string
}

// Runtime runs the scripts of a process. It is safe for all goroutines.
type Runtime struct {
	opts Options
	gate *gate
	dog  *watchdog
}

// arrays makes the one global setting of gopher-lua that bounds sparse arrays (t[2e7] = 1 would fill 1.5 GB).
var arrays sync.Once

// maxArray is the length up to which a Lua table is a list.
const maxArray = 1 << 16

// NewRuntime returns a Runtime. Close it when no call is under way any more.
func NewRuntime(o Options) *Runtime {
	arrays.Do(func() { lua.MaxArrayIndex = maxArray })
	o = o.withDefaults()
	r := &Runtime{opts: o, gate: newGate(o.Slots, o.PerScript)}
	r.dog = newWatchdog(r.gate, o.Burst)
	return r
}

// Close stops the watchdog and waits for it. No Call may be under way or follow.
func (r *Runtime) Close() { r.dog.stop() }
