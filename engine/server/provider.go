package server

import (
	"context"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
)

// Provider is what the server needs of the provider. All methods are called from many goroutines at once. Errors
// wrap the sentinels of package state; a [*fault.Asked] is served as asked; any other is a 500 whose text stays in
// the log. Bytes given out are written as they are and never changed.
type Provider interface {
	Calls
	Observer
	Actor

	// Generation is the serving generation of scripts as decimal text. It is asked for on every request.
	Generation() string
	// Ready gives what /readyz shows, in the order to show it.
	Ready() []api.Check
}

// Calls are the ten calls of the web-provider API. The pods given have a namespace, a valid name and, but for
// DeletePod, at least one container; the provider may keep them.
type Calls interface {
	CreatePod(ctx context.Context, p *v1.Pod) error
	UpdatePod(ctx context.Context, p *v1.Pod) error
	DeletePod(ctx context.Context, p *v1.Pod) error
	PodJSON(ctx context.Context, namespace, name string) ([]byte, error)
	PodStatusJSON(ctx context.Context, namespace, name string) ([]byte, error)
	PodsJSON(ctx context.Context) ([]byte, error)
	Logs(ctx context.Context, r api.LogRequest) ([]byte, error)
	CapacityJSON(ctx context.Context, node string) ([]byte, error) // an empty name: of the first node
	ConditionsJSON(ctx context.Context, node string) ([]byte, error)
	AddressesJSON(ctx context.Context, node string) ([]byte, error)

	// Watched says whether anybody may want faults for that call; Fault is asked only then, once per request and
	// before the call itself.
	Watched(call string) bool
	Fault(ctx context.Context, call api.Call) fault.Fault
}

// Observer is what /api/v1 shows and turns. Names of scripts come without ".lua".
type Observer interface {
	Pods(filter api.PodFilter) []api.Pod
	Pod(namespace, name string) (api.PodDetail, error)
	Journal(namespace, name string) ([]api.Cause, error)
	Explain(namespace, name string) (api.Explanation, error)
	Scripts() []api.Script
	Script(name string) (api.Script, error)
	Check(name, text string) []api.Problem
	Params() []api.Param
	SetParam(ctx context.Context, script, name string, value any) (api.Param, error)
	Nodes(ctx context.Context) []api.NodeRow
	NodeNamed(name string) (api.Node, error) // an empty name: the first node
	// Subscribe gives the events after that sequence; 0: those from now on. Where they are not kept it answers
	// [api.ErrTooOld], never for 0.
	Subscribe(after uint64) (api.Feed, error)
}

// Actor does verbs. Errors are the sentinels and the [*fault.BadOrder] of package fault.
type Actor interface {
	Act(ctx context.Context, o fault.Order) (fault.Result, error)
	Faults() []fault.Active
	Undo(ctx context.Context, id, by string) error
	// ResetFaults ends the faults of that scenario run, or all where run is empty, and says which.
	ResetFaults(ctx context.Context, run, by string) ([]fault.Active, error)
}
