package script

import (
	lua "github.com/yuin/gopher-lua"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Given is what the scenarios of a file meet on a held clock.
type Given struct {
	Nodes []GivenNodes `json:"nodes"` // none: one node
	Pods  []GivenPods  `json:"pods"`
	Line  int          `json:"-"`
}

// GivenNodes is one node, or some that are alike.
type GivenNodes struct {
	Name   string            `json:"name"`  // "node"; of several, "node-0", "node-1" …
	Count  int               `json:"count"` // 0: one, without a number
	Labels map[string]string `json:"labels"`
	Zones  []string          `json:"zones"` // in turn, as label topology.kubernetes.io/zone
	// Capacity is laid over that of a node without any config.
	Capacity v1.ResourceList `json:"capacity"`
}

// GivenPods is one pod, or some that are alike, which a Deployment keeps.
type GivenPods struct {
	Namespace   string            `json:"namespace"` // default
	Name        string            `json:"name"`
	Count       int               `json:"count"` // 0: one, which nobody replaces
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Script      string            `json:"script"` // whose pods they are, as the annotation moonlet.dev/script
	Image       string            `json:"image"`
	Node        string            `json:"node"` // a glob; where they may run
	Priority    int32             `json:"priority"`
	Memory      resource.Quantity `json:"memory"` // limit and request
	Spec        *v1.PodSpec       `json:"spec"`   // in place of one container named as the pod
}

// libGiven declares what scenarios begin with.
func libGiven(l *lua.LState) int {
	s := stateOf(l)
	switch {
	case s.loading == nil:
		l.RaiseError("given is said while the file loads: call it at the top of the file")
	case s.loading.given != nil:
		l.RaiseError("given is said twice, first in line %d", s.loading.given.Line)
	}
	g := &Given{}
	if err := (Value{s, l.Get(1)}).Decode("given", g); err != nil {
		l.RaiseError("%s", asError(err).Text)
	}
	for _, p := range g.Pods {
		if p.Name == "" {
			l.RaiseError("given.pods: each needs a name")
		}
	}
	_, g.Line = where(l)
	s.loading.given = g
	return 0
}
