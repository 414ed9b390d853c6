// Package api answers: what goes over the wire?
//
// It names the paths, the calls and the queries of the web-provider API, and holds the JSON types of our own
// /api/v1, the ones that openapi.yaml in engine/server describes. It holds no behaviour: whoever serves or asks
// them imports it, and it imports nothing of ours. It starts no goroutines.
package api

// Calls of the web-provider API: the name is the path without its slash, the label of metrics, and the word that a
// script's match.calls lists.
const (
	CreatePod        = "createPod"
	UpdatePod        = "updatePod"
	DeletePod        = "deletePod"
	GetPod           = "getPod"
	GetPodStatus     = "getPodStatus"
	GetPods          = "getPods"
	GetContainerLogs = "getContainerLogs"
	Capacity         = "capacity"
	NodeConditions   = "nodeConditions"
	NodeAddresses    = "nodeAddresses"
)

// Queries of the web-provider API. The logs call names pod and container its own way.
const (
	QueryNamespace = "namespace"
	QueryName      = "name"
	QueryPod       = "podName"
	QueryContainer = "containerName"
	QueryTail      = "tail"
	QueryPrevious  = "previous" // ours: old clients never send it
	QueryNode      = "node"     // ours, for calls about a node where there are several
)

// V1 is where our own API begins.
const V1 = "/api/v1"

// Headers of ours.
const (
	// HeaderGeneration is on every answer: the generation of scripts that serves.
	HeaderGeneration = "X-Moonlet-Generation"
	// HeaderLastEvent is what a client of the event stream sends to go on where it was.
	HeaderLastEvent = "Last-Event-Id"
)

// DefaultNamespace is where a pod without a namespace is kept and looked for.
const DefaultNamespace = "default"

// LogRequest is which log is wanted.
type LogRequest struct {
	Namespace string
	Pod       string
	Container string
	Tail      *int // last lines, 0 or more; nil: all, up to the provider's limit
	Previous  bool // of the run before the current one
}

// Call is one provider call as on_request sees it: before it is handled.
type Call struct {
	Name      string // CreatePod, GetPods …
	Namespace string // empty where the call is about no pod
	Pod       string
	Container string
	Tail      *int // as in LogRequest
}

// Error is the body of every answer under /api/v1 that is not 2xx.
type Error struct {
	Error  string `json:"error"`            // what and why
	Field  string `json:"field,omitempty"`  // which part of the request is meant
	Hint   string `json:"hint,omitempty"`   // what to do
	Reason string `json:"reason,omitempty"` // one of the words below, for programs
}

// Reasons of errors that programs tell apart.
const (
	ReasonNoMatch     = "no_match"     // the selector of an action fits nothing
	ReasonBlastRadius = "blast_radius" // the action would hit more than the configuration allows
)
