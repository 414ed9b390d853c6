package api

import "time"

// Explanation says why a pod is in the state it is in. `moonlet explain NS/POD` prints it; package explain makes its
// sentences.
type Explanation struct {
	Pod                   // the pod's row, as /pods lists it: its state in kubectl's words
	At         time.Time  `json:"at"`               // now, in the story: what is next counts from here
	Since      *time.Time `json:"since,omitempty"`  // when something last happened to it; absent: nothing is known
	State      string     `json:"state"`            // that state in one sentence, with the reason for it
	Generation uint64     `json:"generation"`       // of the scripts that serve
	Causes     []Cause    `json:"causes"`           // what happened and why, oldest first
	Forgotten  int        `json:"forgotten"`        // older causes that are no longer kept
	Next       []Next     `json:"next"`             // what happens by itself, soonest first, then what has no time; empty: nothing
	Faults     []string   `json:"faults,omitempty"` // IDs of the faults set on it now
}

// Cause is one thing that happened to a pod, and why: an entry of its journal.
type Cause struct {
	At         time.Time `json:"at"`                   // in the story
	What       string    `json:"what"`                 // a word: Created, Pulled, Started, Exited, on_start, Reloaded, crash …
	Container  string    `json:"container,omitempty"`  // absent: the pod as a whole
	Message    string    `json:"message,omitempty"`    // details: what a hook answered, how a run ended
	Kind       string    `json:"kind,omitempty"`       // what sort of cause: kubelet, script, user, fault, reload, param, restart
	By         string    `json:"by,omitempty"`         // which one: "flaky.lua:12", "user", "kubelet", who set the fault
	Rule       string    `json:"rule,omitempty"`       // of the kubelet, with its figures: "back-off 20s after the 2nd crash"
	Why        string    `json:"why,omitempty"`        // what the one who did it gave as reason
	Fault      string    `json:"fault,omitempty"`      // ID of the fault that did it
	Hook       string    `json:"hook,omitempty"`       // which hook was asked
	Ask        int       `json:"ask,omitempty"`        // the number of that question: of on_start the run
	Draws      []Draw    `json:"draws,omitempty"`      // what the hook drew, in order
	Generation uint64    `json:"generation,omitempty"` // of the scripts, where one was asked
}

// Draw is one draw of a hook.
type Draw struct {
	Name  string  `json:"name,omitempty"` // as the script named it; absent: unnamed
	Kind  string  `json:"kind"`           // chance, uniform, exponential …
	Value float64 `json:"value"`          // what came out; of chance the share drawn, from 0 to 1
}

// Next is one thing that happens to a pod by itself, unless something comes in between.
type Next struct {
	At        *time.Time `json:"at,omitempty"`        // absent: it waits for something without a time, or never comes
	What      string     `json:"what"`                // a word: ready, probe, exit, restart, pull, kill, deadline …
	Container string     `json:"container,omitempty"` // absent: the pod as a whole
	Text      string     `json:"text"`                // the same as a clause: "restarts", "becomes ready", "exits with 137, OOMKilled"
	Rule      string     `json:"rule,omitempty"`      // of the kubelet, with its figures: "back-off 2m40s after the 5th crash"
	By        string     `json:"by,omitempty"`        // who decided it: "flaky.lua:12", the one who set a fault; absent: the kubelet's rule
}
