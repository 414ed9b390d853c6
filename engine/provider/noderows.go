package provider

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// Nodes lists our nodes by name.
func (p *Provider) Nodes(ctx context.Context) []api.NodeRow {
	pods := map[*nodeKeeper]int{}
	for _, one := range p.store.List() {
		pods[p.nodes.of(one.Object.Spec.NodeName)]++
	}
	rows := make([]api.NodeRow, len(p.nodes.sorted))
	for i, k := range p.nodes.sorted {
		rows[i] = p.nodeRow(ctx, k)
		rows[i].Pods = pods[k]
	}
	return rows
}

func (p *Provider) nodeRow(ctx context.Context, k *nodeKeeper) api.NodeRow {
	n := p.node(k).config
	_, conditions := p.conditions(ctx, k)
	row := api.NodeRow{
		Name: n.Name, Status: "Unknown", OS: n.OS, Arch: n.Arch, Version: fmt.Sprintf("v1.%d", n.Minor), Labels: p.node(k).object.Labels, Faults: []string{},
	}
	for _, c := range conditions {
		if c.Type == v1.NodeReady {
			row.Status, row.Since = readyWord(c.Status), &c.LastTransitionTime.Time
		}
	}
	for _, s := range p.faults.set.Load().nodes[k.name] {
		addFault(&row, s)
	}
	for _, a := range p.addresses(ctx, k) {
		if a.Type == v1.NodeInternalIP && row.IP == "" {
			row.IP = a.Address
		}
	}
	return row
}

// addFault shows a fault in the row of a node that it hits.
func addFault(row *api.NodeRow, s *standing) {
	row.Faults = append(row.Faults, s.Verb)
	if s.Verb == verbSilence { // nobody hears the conditions that the row was made of
		row.Status += ",Silent"
	}
	if due := earlier(timeOf(row.Due), s.Until); !due.IsZero() {
		row.Due = &due
	}
}

// readyWord is what kubectl prints for the status of condition Ready.
func readyWord(s v1.ConditionStatus) string {
	if s == v1.ConditionTrue {
		return "Ready"
	}
	return "NotReady"
}

// timeOf is the time that is pointed to; zero: none is.
func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
