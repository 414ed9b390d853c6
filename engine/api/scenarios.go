package api

import "time"

// ScenarioRequest asks for a run of the scenarios of a file.
type ScenarioRequest struct {
	File   string            `json:"file"`             // its name, for messages: "zone-outage.lua"
	Text   string            `json:"text"`             // the file itself
	Name   string            `json:"name,omitempty"`   // one of its scenarios; empty: all, one after the other
	Seed   *int64            `json:"seed,omitempty"`   // of its draws; absent: the seed of this Moonlet
	Params map[string]string `json:"params,omitempty"` // of the file itself, by name
	By     string            `json:"by,omitempty"`     // who runs it
}

// Types of scenario events.
const (
	ScenarioBegan    = "began"
	ScenarioStep     = "step"     // a verb or a param was done
	ScenarioWaits    = "waits"    // a branch waits until then
	ScenarioSaid     = "said"     // the scenario printed something
	ScenarioExpects  = "expects"  // an expectation is looked at, for a while
	ScenarioJudged   = "judged"   // it holds or does not
	ScenarioRestored = "restored" // what the run did is undone
	ScenarioEnded    = "ended"    // the last of a scenario, with its verdict
)

// ScenarioEvent is one thing that happens in a run. A run answers one in each line.
type ScenarioEvent struct {
	Type     string               `json:"type"`
	Run      string               `json:"run"`
	Scenario string               `json:"scenario"`
	At       time.Time            `json:"at"`    // of the story
	After    float64              `json:"after"` // seconds since the scenario began
	Line     int                  `json:"line,omitempty"`
	Text     string               `json:"text,omitempty"`
	Until    *time.Time           `json:"until,omitempty"` // of waits and expects
	Step     *ScenarioDeed        `json:"step,omitempty"`
	Expect   *ScenarioExpectation `json:"expect,omitempty"`
	Verdict  *ScenarioVerdict     `json:"verdict,omitempty"`
}

// ScenarioDeed is what a scenario did.
type ScenarioDeed struct {
	After float64    `json:"after"` // seconds since the scenario began
	Line  int        `json:"line"`
	What  string     `json:"what"`            // "crash code=137 of pods"
	Hits  []string   `json:"hits"`            // whom it hit, as in ActionResult
	Until *time.Time `json:"until,omitempty"` // when it ends by itself
}

// ScenarioExpectation is an expectation with what became of it.
type ScenarioExpectation struct {
	What     string  `json:"what"`
	Line     int     `json:"line"`
	After    float64 `json:"after"`              // seconds since the scenario began: when it was asked first
	Took     float64 `json:"took"`               // seconds until it was judged
	Within   float64 `json:"within,omitempty"`   // seconds
	HoldsFor float64 `json:"holdsFor,omitempty"` // seconds
	Held     bool    `json:"held"`
	Found    string  `json:"found,omitempty"` // what its function said beside, or why it does not hold
}

// ScenarioVerdict is how a scenario ended.
type ScenarioVerdict struct {
	Run          string                `json:"run"`
	File         string                `json:"file"`
	Scenario     string                `json:"scenario"`
	Seed         int64                 `json:"seed"`
	Passed       bool                  `json:"passed"` // it came to its end, and all expectations held
	Began        time.Time             `json:"began"`  // of the story
	Took         float64               `json:"took"`   // seconds of the story
	Steps        []ScenarioDeed        `json:"steps"`
	Expectations []ScenarioExpectation `json:"expectations"`
	Restored     int                   `json:"restored"`          // faults and params that were in force at the end, and undone
	Undone       []string              `json:"undone,omitempty"`  // which: "pod unready of default/web-0 (fault f2)"
	Problem      *Problem              `json:"problem,omitempty"` // why it broke off, where the file is to blame
	Ended        string                `json:"ended,omitempty"`   // why it was ended from outside
}

// States of a run under way.
const (
	ScenarioRunning = "running" // it acts
	ScenarioWaiting = "waiting" // for time to pass, or for an expectation to hold
	ScenarioEnding  = "ending"  // it undoes what it did
)

// ScenarioRun is a run under way, and how far it is.
type ScenarioRun struct {
	Run      string     `json:"run"`
	File     string     `json:"file"`
	Scenario string     `json:"scenario"`
	By       string     `json:"by,omitempty"`
	Began    time.Time  `json:"began"`
	Steps    int        `json:"steps"`  // verbs and params done so far
	Held     int        `json:"held"`   // expectations that were judged so far, and held
	Failed   int        `json:"failed"` // those that did not
	State    string     `json:"state"`
	Line     int        `json:"line,omitempty"`    // of waiting: where in the file
	Expects  string     `json:"expects,omitempty"` // of waiting: the expectation that is looked at; absent: time is to pass
	Until    *time.Time `json:"until,omitempty"`   // of waiting: how long, at most
	Undone   []string   `json:"undone,omitempty"`  // what its end undid, to those who waited for it
}

// ScenarioEnd says which run to end.
type ScenarioEnd struct {
	Run  string // empty: all
	By   string // who ends it
	Wait bool   // until what it did is undone
}
