package enginetest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// actCommand does a verb and prints its ID, whom it hit and when it ends.
func actCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) < 2 {
		return "", errUsage
	}
	o := fault.Order{On: fault.Target(args[0]), Verb: args[1], Args: map[string]any{}}
	for _, word := range args[2:] {
		key, value, _ := strings.Cut(word, "=")
		if err := ordered(&o, key, value); err != nil {
			return "", err
		}
	}
	r, err := s.live(ts).Act(context.Background(), o)
	if err != nil {
		return "", err
	}
	out := strings.Join(append([]string{r.ID}, r.Hits...), " ")
	if !r.Until.IsZero() {
		out += " until " + r.Until.Format("15:04:05")
	}
	return strings.TrimSpace(out) + "\n", nil
}

// ordered takes one word of act: a part of the selector, of the order, or an argument of the verb.
func ordered(o *fault.Order, key, value string) (err error) {
	texts := map[string]*string{
		"namespace": &o.Select.Namespace, "name": &o.Select.Name, "labels": &o.Select.Labels, "node": &o.Select.Node,
		"owner": &o.Select.Owner, "script": &o.Select.Script, "by": &o.By, "why": &o.Why, "run": &o.Run,
	}
	switch key {
	case "count":
		o.Select.Count, err = strconv.Atoi(value)
	case "share":
		o.Select.Share, err = fault.ParseShare(value)
	case "calls":
		o.Select.Calls = strings.Split(value, ",")
	case "lasts":
		o.Lasts, err = fault.ParseDuration(value)
	case "dry":
		o.DryRun = true
	case "empty":
		o.AllowEmpty = true
	default:
		if text := texts[key]; text != nil {
			*text = value
		} else {
			o.Args[key] = value
		}
	}
	return err
}

func undoCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) != 1 {
		return "", errUsage
	}
	return "", s.live(ts).Undo(context.Background(), args[0], "")
}

func resetCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	ended, err := s.live(ts).ResetFaults(context.Background(), strings.Join(args, " "), "")
	return fmt.Sprintln(len(ended)), err
}

func faultsCommand(s *stage, ts *testscript.TestScript, _ []string) (string, error) {
	var b strings.Builder
	for _, f := range s.live(ts).Faults() {
		fmt.Fprintln(&b, strings.Join(append([]string{f.ID, string(f.On), f.Verb}, f.Hits...), " "))
	}
	return b.String(), nil
}

// conditionsCommand prints a node's conditions: type, status, reason, message.
func conditionsCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	n, err := s.live(ts).NodeNamed(strings.Join(args, " "))
	var b strings.Builder
	for _, c := range n.Conditions {
		fmt.Fprintln(&b, c.Type, c.Status, c.Reason, c.Message)
	}
	return b.String(), err
}
