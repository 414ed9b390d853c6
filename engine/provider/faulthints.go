package provider

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/nearest"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// noPod says why an order hits no pod.
func (p *Provider) noPod(o fault.Order, pods []*state.Pod, matched int) error {
	if len(pods) == 0 {
		return fmt.Errorf("%s: %w: there are no pods", o.Verb, fault.ErrNoMatch)
	}
	if matched > 0 {
		return fmt.Errorf("%s: %w: %s", o.Verb, fault.ErrNoMatch, unable(o, matched))
	}
	subjects := make([]fault.Subject, len(pods))
	for i, one := range pods {
		subjects[i] = subjectOf(one)
	}
	return fmt.Errorf("%s: %w%s", o.Verb, fault.ErrNoMatch, hint("pod", o.Select, subjects))
}

// unable says why none of those that fit can be hit.
func unable(o fault.Order, matched int) string {
	fit, are := fmt.Sprintf("%d pods fit", matched), "they are"
	if matched == 1 {
		fit, are = "one pod fits", "it is"
	}
	switch container := o.Text("container"); {
	case o.Verb != "crash" && o.Verb != "exit" && o.Verb != "oom" && o.Verb != "finish":
		return fit + ", but " + are + " over"
	case container != "":
		return fmt.Sprintf("%s, but no container %q runs there", fit, container)
	default:
		return fit + ", but no container runs there now"
	}
}

func (p *Provider) noNode(o fault.Order) error {
	subjects := make([]fault.Subject, len(p.nodes.sorted))
	for i, k := range p.nodes.sorted {
		subjects[i] = p.nodeSubject(k)
	}
	return fmt.Errorf("%s: %w%s", o.Verb, fault.ErrNoMatch, hint("node", o.Select, subjects))
}

// hint names the first part of a selector that fits nobody, and what may have been meant.
func hint(what string, s fault.Selector, all []fault.Subject) string {
	parts := []struct {
		name, value string
		only        fault.Selector
		of          func(fault.Subject) []string
	}{
		{"namespace", s.Namespace, fault.Selector{Namespace: s.Namespace}, func(o fault.Subject) []string { return []string{o.Namespace} }},
		{"name", s.Name, fault.Selector{Name: s.Name}, func(o fault.Subject) []string { return []string{o.Name} }},
		{"node", s.Node, fault.Selector{Node: s.Node}, func(o fault.Subject) []string { return []string{o.Node} }},
		{"owner", s.Owner, fault.Selector{Owner: s.Owner}, func(o fault.Subject) []string { return o.Owners }},
		{"script", s.Script, fault.Selector{Script: s.Script}, func(o fault.Subject) []string { return []string{o.Script} }},
	}
	for _, part := range parts {
		if part.value == "" || fitsAny(part.only, all) {
			continue
		}
		return fmt.Sprintf(": no %s has the %s %q%s", what, part.name, part.value, nearestOf(part.value, all, part.of))
	}
	return labelHint(what, s.Labels, all)
}

func fitsAny(s fault.Selector, all []fault.Subject) bool {
	m, err := s.Compile()
	return err == nil && slices.ContainsFunc(all, m.Match)
}

// labelHint names the first label that nobody has, or has with that value.
func labelHint(what, text string, all []fault.Subject) string {
	parsed, err := labels.Parse(text)
	if err != nil {
		return ""
	}
	requirements, _ := parsed.Requirements()
	for _, r := range requirements {
		if op := r.Operator(); op != selection.In && op != selection.Equals && op != selection.DoubleEquals && op != selection.Exists {
			continue
		}
		if !slices.ContainsFunc(all, func(s fault.Subject) bool { _, ok := s.Labels[r.Key()]; return ok }) {
			keys := func(s fault.Subject) []string { return slices.Collect(maps.Keys(s.Labels)) }
			return fmt.Sprintf(": no %s has a label %q%s", what, r.Key(), nearestOf(r.Key(), all, keys))
		}
		if !slices.ContainsFunc(all, func(s fault.Subject) bool { return r.Matches(labels.Set(s.Labels)) }) {
			values := func(s fault.Subject) []string { return []string{s.Labels[r.Key()]} }
			return fmt.Sprintf(": no %s has %s%s", what, r.String(), nearestOf(r.Values().UnsortedList()[0], all, values))
		}
	}
	return ": no " + what + " fits all of the selector"
}

// nearestOf ends an error text with the nearest of the values that there are.
func nearestOf(word string, all []fault.Subject, of func(fault.Subject) []string) string {
	known := map[string]bool{}
	for _, s := range all {
		for _, value := range of(s) {
			known[value] = true
		}
	}
	if near := nearest.To(word, slices.Sorted(maps.Keys(known))); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}
