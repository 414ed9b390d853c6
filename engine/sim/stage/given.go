package stage

import (
	"fmt"
	"maps"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// nodeList is the nodes that a file gives.
type nodeList struct {
	names []string
	given map[string]nodeGiven
}

type nodeGiven struct {
	script.GivenNodes
	zone string
}

// nodesOf reads the nodes of a given{}; none: one node, as serve has it.
func nodesOf(g *script.Given) (nodeList, error) {
	l := nodeList{given: map[string]nodeGiven{}}
	if g == nil {
		return l, nil
	}
	for _, n := range g.Nodes {
		if n.Name == "" {
			n.Name = "node"
		}
		if n.Count < 0 {
			return l, fmt.Errorf("given.nodes: the count of %s is %d", n.Name, n.Count)
		}
		for i := range max(n.Count, 1) {
			one := nodeGiven{GivenNodes: n}
			if n.Count > 0 {
				one.Name = fmt.Sprintf("%s-%d", n.Name, i)
			}
			if len(n.Zones) > 0 {
				one.zone = n.Zones[i%len(n.Zones)]
			}
			if _, twice := l.given[one.Name]; twice {
				return l, fmt.Errorf("given.nodes: there are two nodes named %s: give them other names", one.Name)
			}
			l.names = append(l.names, one.Name)
			l.given[one.Name] = one
		}
	}
	return l, nil
}

// describe makes a node what the file says of it.
func (l nodeList) describe(n *provider.Node) {
	given, ok := l.given[n.Name]
	if !ok {
		return
	}
	n.Labels = maps.Clone(given.Labels)
	if n.Labels == nil {
		n.Labels = map[string]string{}
	}
	n.Labels[v1.LabelHostname] = n.Name
	if given.zone != "" {
		n.Labels[v1.LabelTopologyZone] = given.zone
	}
	n.Capacity = maps.Clone(n.Capacity)
	maps.Copy(n.Capacity, given.Capacity)
}

// podsOf reads the pods of a given{}.
func podsOf(g *script.Given) []Pods {
	if g == nil {
		return nil
	}
	var all []Pods
	for _, p := range g.Pods {
		all = append(all, Pods{Template: template(p), Count: p.Count, Node: p.Node})
	}
	return all
}

func template(p script.GivenPods) *v1.Pod {
	t := &v1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: p.Namespace, Name: p.Name, Labels: maps.Clone(p.Labels), Annotations: maps.Clone(p.Annotations),
	}}
	if t.Namespace == "" {
		t.Namespace = metav1.NamespaceDefault
	}
	if p.Script != "" {
		if t.Annotations == nil {
			t.Annotations = map[string]string{}
		}
		t.Annotations[hook.Annotation] = strings.TrimSuffix(p.Script, ".lua")
	}
	if p.Spec != nil {
		t.Spec = *p.Spec.DeepCopy()
	} else {
		t.Spec.Containers = []v1.Container{container(p)}
	}
	if p.Priority != 0 {
		t.Spec.Priority = &p.Priority
	}
	return t
}

// container is the one of a pod whose spec the file does not write out.
func container(p script.GivenPods) v1.Container {
	c := v1.Container{Name: p.Name, Image: p.Image}
	if c.Image == "" {
		c.Image = "registry.example/" + p.Name + ":1"
	}
	if p.Memory.Sign() > 0 {
		limits := v1.ResourceList{v1.ResourceMemory: p.Memory}
		c.Resources = v1.ResourceRequirements{Limits: limits, Requests: limits}
	}
	return c
}
