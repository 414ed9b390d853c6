package stage

import (
	"context"
	"fmt"
	"path"
	"slices"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// crew is the pods of one Deployment.
type crew struct {
	Pods
	born int // how many there ever were: their names are never used again
}

// hash is what a Deployment would put between its own name and that of its ReplicaSet.
const hash = "5d9c7b8f6"

func (c *crew) owner() metav1.OwnerReference {
	yes, name := true, c.Template.Name+"-"+hash
	return metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: name, UID: types.UID(name), Controller: &yes}
}

func (c *crew) owns(p *v1.Pod) bool {
	owner := metav1.GetControllerOf(p)
	return owner != nil && p.Namespace == c.Template.Namespace && owner.UID == c.owner().UID
}

// complete replaces the members of a crew that ended. Where no node is ready it is tried again at the next step.
func (s *Stage) complete(ctx context.Context, c *crew) error {
	alive := 0
	for _, p := range s.World().Pods() {
		if c.owns(p.Object) && !over(p) {
			alive++
		}
	}
	for ; alive < c.Count; alive++ {
		name := fmt.Sprintf("%s-%s-%d", c.Template.Name, hash, c.born)
		if err := s.place(ctx, c, name); err != nil {
			return fmt.Errorf("pod %s/%s: %w", c.Template.Namespace, name, err)
		}
	}
	return nil
}

// over says that a Deployment would count a pod no more.
func over(p *script.Pod) bool {
	return p.Object.DeletionTimestamp != nil || p.Status.Phase == v1.PodSucceeded || p.Status.Phase == v1.PodFailed
}

// place creates a pod on the node that is ready and has the fewest of its kind. Where there is none it waits: nothing
// happens.
func (s *Stage) place(ctx context.Context, c *crew, name string) error {
	node := s.choose(c)
	if node == "" {
		return nil
	}
	c.born++
	p := c.Template.DeepCopy()
	p.Name, p.Spec.NodeName = name, node
	if c.Count > 0 {
		p.OwnerReferences = []metav1.OwnerReference{c.owner()}
		if p.Labels == nil {
			p.Labels = map[string]string{}
		}
		p.Labels["pod-template-hash"] = hash
	}
	return s.CreatePod(ctx, p)
}

// choose is the node for the next pod of a crew; empty: none is ready.
func (s *Stage) choose(c *crew) string {
	load := map[string]int{}
	world := s.World()
	for _, p := range world.Pods() {
		if !over(p) && (c.Count == 0 || c.owns(p.Object)) {
			load[p.Object.Spec.NodeName]++
		}
	}
	silent := s.silent()
	best := ""
	for _, n := range world.Nodes() {
		name := n.Object.Name
		if !c.fits(name) || silent[name] || !open(n.Object) {
			continue
		}
		if best == "" || load[name] < load[best] {
			best = name
		}
	}
	return best
}

func (c *crew) fits(node string) bool {
	if c.Node == "" {
		return true
	}
	ok, err := path.Match(c.Node, node)
	return ok && err == nil
}

// pressures are conditions for which the control plane taints a node, so that no pods come.
var pressures = []v1.NodeConditionType{v1.NodeMemoryPressure, v1.NodeDiskPressure, v1.NodePIDPressure}

// open says that a scheduler would place pods there.
func open(n *v1.Node) bool {
	ready := false
	for _, c := range n.Status.Conditions {
		if c.Type == v1.NodeReady {
			ready = c.Status == v1.ConditionTrue
		}
		if slices.Contains(pressures, c.Type) && c.Status == v1.ConditionTrue {
			return false
		}
	}
	return ready && !n.Spec.Unschedulable
}

// silent are the nodes that a fault silences or switches off: nobody would place pods there.
func (s *Stage) silent() map[string]bool {
	silent := map[string]bool{}
	for _, f := range s.Faults() {
		if f.On == fault.Node && (f.Verb == "silence" || f.Verb == "shutdown") {
			for _, name := range f.Hits {
				silent[name] = true
			}
		}
	}
	return silent
}
