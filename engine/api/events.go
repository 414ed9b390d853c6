package api

import (
	"errors"
	"time"
)

// Types of events.
const (
	EventPodAdded       = "pod.added"
	EventPodChanged     = "pod.changed"
	EventPodRemoved     = "pod.removed"
	EventScriptsLoaded  = "scripts.loaded"  // a new generation serves
	EventScriptsRefused = "scripts.refused" // the folder changed, the old generation serves on
	EventParamSet       = "param.set"
	EventNodeChanged    = "node.changed"
	EventFaultSet       = "fault.set"   // a verb was done; it may last
	EventFaultEnded     = "fault.ended" // its time is over, or somebody undid it
)

// Event is one change, as the event stream tells it.
type Event struct {
	Sequence   uint64    `json:"sequence"` // 1, 2, 3 …: the stream's id
	At         time.Time `json:"at"`
	Type       string    `json:"type"`
	Pod        *Pod      `json:"pod,omitempty"` // of pod.*; of pod.removed the last that was known
	Param      *Param    `json:"param,omitempty"`
	Generation uint64    `json:"generation,omitempty"` // of scripts.*
	Problems   []Problem `json:"problems,omitempty"`   // of scripts.refused
	Node       string    `json:"node,omitempty"`       // of node.changed
	Fault      *Fault    `json:"fault,omitempty"`      // of fault.*
	Why        string    `json:"why,omitempty"`        // of fault.ended: over, undone by …, reset by …, gives way to …
}

// Feed is one listener's events in the order of their sequence. Events is closed when the listener was too slow: it
// must list again. Close ends the feed; it may be called more than once and from any goroutine.
type Feed struct {
	Events <-chan Event
	Close  func()
}

// ErrTooOld says that the events after the one named are no longer kept, or that it was of another life of the
// process: list again, and listen from now.
var ErrTooOld = errors.New("the events after that one are no longer kept: list again")
