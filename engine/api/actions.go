package api

import "time"

// What a verb acts on.
const (
	OnPod   = "pod"
	OnNode  = "node"
	OnCall  = "call"  // calls of the web-provider API
	OnWrite = "write" // our own status writes to the API server
)

// Verb is one thing that can be done on purpose to pods, nodes, calls or writes.
type Verb struct {
	Name    string    `json:"name"`
	On      string    `json:"on"`
	Args    []VerbArg `json:"args"`
	Lasts   bool      `json:"lasts"`             // it holds until it is undone or its time is over; the others happen once
	Default string    `json:"default,omitempty"` // how long it lasts when nobody says; empty: until it is undone
	Doc     string    `json:"doc"`
	Example string    `json:"example,omitempty"` // in Lua
}

// VerbArg is one argument of a verb.
type VerbArg struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Default  string   `json:"default,omitempty"` // as text
	Required bool     `json:"required,omitempty"`
	Choices  []string `json:"choices,omitempty"` // absent: any value of the kind
	Doc      string   `json:"doc"`
}

// Selector says whom a verb hits: all that it says must be true of them, and the zero value is all of them.
type Selector struct {
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name,omitempty"`   // a pattern with * ? [a-z]
	Names     []string `json:"names,omitempty"`  // exactly these: "default/web-0" of pods, names of nodes
	Labels    string   `json:"labels,omitempty"` // as kubectl takes them: "app=web,tier!=db"
	Node      string   `json:"node,omitempty"`   // a pattern
	Owner     string   `json:"owner,omitempty"`  // "Deployment/web" or "web"
	Script    string   `json:"script,omitempty"` // without ".lua"
	Calls     []string `json:"calls,omitempty"`  // of the verbs of calls only
	Count     int      `json:"count,omitempty"`  // a sample of so many; 0: all
	Share     float64  `json:"share,omitempty"`  // a sample of that share, 0 to 1; 0: all
	Draw      uint64   `json:"draw,omitempty"`   // another number draws another sample
}

// Action is a verb to be done.
type Action struct {
	Verb       string         `json:"verb"`
	On         string         `json:"on"`
	Select     Selector       `json:"select"`
	Args       map[string]any `json:"args,omitempty"`
	Lasts      string         `json:"lasts,omitempty"` // "5m"; empty: until it is undone
	By         string         `json:"by,omitempty"`    // who wants it, for the journal
	Why        string         `json:"why,omitempty"`   // and what for
	DryRun     bool           `json:"dryRun,omitempty"`
	AllowEmpty bool           `json:"allowEmpty,omitempty"` // to hit nobody is no error
}

// ActionResult is what came of an action.
type ActionResult struct {
	ID      string     `json:"id,omitempty"` // of what it began; absent: a dry run, or nobody was hit
	Hits    []string   `json:"hits"`         // "default/web-0" or names of nodes, in order; none for calls and writes
	Matched int        `json:"matched"`      // how many fitted before the sample was taken
	DryRun  bool       `json:"dryRun,omitempty"`
	Until   *time.Time `json:"until,omitempty"` // when it ends by itself; absent: it happened once, or holds until it is undone
}

// Fault is an action in force.
type Fault struct {
	ID string `json:"id"`
	Action
	Run   string     `json:"run,omitempty"` // the scenario run it belongs to
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until,omitempty"`
	Hits  []string   `json:"hits"`
}

// ResetResult is how many faults a reset ended.
type ResetResult struct {
	Ended int `json:"ended"`
}
