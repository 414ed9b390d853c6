package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
)

// acted is what came of an action, for people.
type acted struct {
	verb   fault.Verb
	action api.Action
	result api.ActionResult
	hints  io.Writer
}

// shownHits is how many of those hit are printed one by one.
const shownHits = 10

func (a acted) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s\n", verbText(a.action.Verb, a.action.Args), a.outcome())
	for i, hit := range a.result.Hits {
		if i == shownHits {
			fmt.Fprintf(w, "  … and %d more: -o json has them all\n", len(a.result.Hits)-shownHits)
			break
		}
		fmt.Fprintln(w, "  "+hit)
	}
	if a.verb.Lasts && a.result.ID != "" {
		fmt.Fprintln(a.hints, "Undo it with: moonlet fault undo "+a.result.ID)
	}
	return nil
}

// outcome is how many were hit, of how many, and until when.
func (a acted) outcome() string {
	text := a.howMany()
	switch {
	case a.result.DryRun:
		return "would hit " + text + "; nothing was done"
	case a.result.Until != nil:
		left := time.Until(*a.result.Until).Round(time.Second)
		text += " until " + a.result.Until.Local().Format("15:04:05") + " (" + duration.HumanDuration(left) + ")"
	case a.verb.Lasts && a.result.ID != "":
		text += " until it is undone"
	}
	return text
}

func (a acted) howMany() string {
	on := string(a.verb.On)
	if a.verb.On == fault.Call || a.verb.On == fault.Write {
		if s := selectorText(a.action.Select); s != "" {
			return on + "s of " + s
		}
		return "all " + on + "s"
	}
	n := len(a.result.Hits)
	if n < a.result.Matched {
		return fmt.Sprintf("%d of %s", n, count(a.result.Matched, on))
	}
	return count(n, on)
}

// verbText is a verb with its arguments, as one reads it: "crash code=137".
func verbText(verb string, args map[string]any) string {
	parts := []string{verb}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		text := valueText(args[name])
		if list, ok := args[name].([]any); ok {
			texts := make([]string, len(list))
			for i, one := range list {
				texts[i] = valueText(one)
			}
			text = strings.Join(texts, ",")
		}
		if strings.ContainsAny(text, " \t") {
			text = strconv.Quote(text)
		}
		parts = append(parts, name+"="+text)
	}
	return strings.Join(parts, " ")
}

// selectorText is a selector as one reads it: "app=web in shop, 30%".
func selectorText(s api.Selector) string {
	var parts []string
	add := func(format, value string) {
		if value != "" {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	add("%s", strings.Join(s.Calls, ","))
	add("%s", s.Labels)
	add("%s", s.Name)
	add("namespace %s", s.Namespace)
	add("node %s", s.Node)
	add("owner %s", s.Owner)
	add("script %s", s.Script)
	if s.Count > 0 {
		add("a sample of %s", strconv.Itoa(s.Count))
	}
	if s.Share > 0 {
		add("%s%%", strconv.FormatFloat(100*s.Share, 'g', 4, 64))
	}
	return strings.Join(parts, ", ")
}
