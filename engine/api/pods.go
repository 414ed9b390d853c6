package api

import (
	"encoding/json"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

// PodFilter says which pods are wanted; the zero value: all.
type PodFilter struct {
	Namespace string
	Phase     string          // Pending, Running, Succeeded, Failed
	Script    string          // that owns it, without ".lua"
	Name      string          // a pattern with * ? [a-z]
	Node      string          // a pattern
	Owner     string          // "Deployment/web" or "web"
	Labels    labels.Selector // nil: any
	Limit     int             // at most so many, in order of namespace and name; 0: all
}

// Pod is a pod in one row.
type Pod struct {
	Namespace  string            `json:"namespace"`
	Name       string            `json:"name"`
	UID        string            `json:"uid"`
	Phase      string            `json:"phase"`
	Ready      string            `json:"ready"`    // the three columns
	Status     string            `json:"status"`   // that kubectl
	Restarts   string            `json:"restarts"` // prints: "1/1", "CrashLoopBackOff", "3 (10s ago)"
	IP         string            `json:"ip,omitempty"`
	Node       string            `json:"node,omitempty"`
	Script     string            `json:"script,omitempty"` // owner, without ".lua"; empty: the built-in behaviour
	Labels     map[string]string `json:"labels,omitempty"`
	Containers int               `json:"containers"`
	Created    time.Time         `json:"created"`
	Due        *time.Time        `json:"due,omitempty"` // when something next happens by itself; absent: never
	Revision   uint64            `json:"revision"`
}

// PodDetail is a pod with everything that is known of it.
type PodDetail struct {
	Pod
	Memo   map[string]any  `json:"memo,omitempty"` // what its script remembers of it
	Object json.RawMessage `json:"object"`         // the Kubernetes object, as getPod answers it
}
