package fault

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/moonlet-dev/moonlet/engine/nearest"
)

// Hint ends the error of a selector that fits nobody: it names the first part that none of the subjects has, and what may have
// been meant. what they are is pod or node. It starts with a colon.
func (s Selector) Hint(what string, all []Subject) string {
	parts := []struct {
		name, value string
		only        Selector
		of          func(Subject) []string
	}{
		{"namespace", s.Namespace, Selector{Namespace: s.Namespace}, func(o Subject) []string { return []string{o.Namespace} }},
		{"name", s.Name, Selector{Name: s.Name}, func(o Subject) []string { return []string{o.Name} }},
		{"node", s.Node, Selector{Node: s.Node}, func(o Subject) []string { return []string{o.Node} }},
		{"owner", s.Owner, Selector{Owner: s.Owner}, func(o Subject) []string { return o.Owners }},
		{"script", s.Script, Selector{Script: s.Script}, func(o Subject) []string { return []string{o.Script} }},
	}
	for _, part := range parts {
		if part.value == "" || fitsAny(part.only, all) {
			continue
		}
		return fmt.Sprintf(": no %s has the %s %q%s", what, part.name, part.value, nearestOf(part.value, all, part.of))
	}
	return labelHint(what, s.Labels, all)
}

func fitsAny(s Selector, all []Subject) bool {
	m, err := s.Compile()
	return err == nil && slices.ContainsFunc(all, m.Match)
}

// labelHint names the first label that nobody has, or has with that value.
func labelHint(what, text string, all []Subject) string {
	parsed, err := labels.Parse(text)
	if err != nil {
		return ""
	}
	requirements, _ := parsed.Requirements()
	for _, r := range requirements {
		if op := r.Operator(); op != selection.In && op != selection.Equals && op != selection.DoubleEquals && op != selection.Exists {
			continue
		}
		if !slices.ContainsFunc(all, func(s Subject) bool { _, ok := s.Labels[r.Key()]; return ok }) {
			keys := func(s Subject) []string { return slices.Collect(maps.Keys(s.Labels)) }
			return fmt.Sprintf(": no %s has a label %q%s", what, r.Key(), nearestOf(r.Key(), all, keys))
		}
		if !slices.ContainsFunc(all, func(s Subject) bool { return r.Matches(labels.Set(s.Labels)) }) {
			values := func(s Subject) []string { return []string{s.Labels[r.Key()]} }
			return fmt.Sprintf(": no %s has %s%s", what, r.String(), nearestOf(r.Values().UnsortedList()[0], all, values))
		}
	}
	return ": no " + what + " fits all of the selector"
}

// nearestOf ends an error text with the nearest of the values that there are.
func nearestOf(word string, all []Subject, of func(Subject) []string) string {
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
