package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/nearest"
)

// words is what stands after a verb, told apart: names, arguments of the verb, and how long it lasts.
type words struct {
	names []string
	args  map[string]string
	lasts string
}

// readWords tells the words after a verb apart. NAME=VALUE is always an argument. Another word is the next argument
// that it looks like: a number, a duration, one of the argument's choices, text with a space. What looks like none is
// a name. So "crash web-0 137", "pressure moon-1 disk 10m" and "latency createPod 2s" say what they seem to say.
func readWords(v fault.Verb, list []string) (words, error) {
	w := words{args: map[string]string{}}
	for _, word := range list {
		if err := w.read(v, word); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w *words) read(v fault.Verb, word string) error {
	if name, value, ok := strings.Cut(word, "="); ok {
		return w.readPair(v, word, name, value)
	}
	for _, a := range v.Args {
		if _, have := w.args[a.Name]; have {
			continue
		}
		if choice := choiceOf(a, word); choice != "" {
			w.args[a.Name] = choice
			return nil
		}
		if looksLike(a, word) {
			w.args[a.Name] = word
			return nil
		}
	}
	if v.Lasts && w.lasts == "" && isDuration(word) {
		w.lasts = word
		return nil
	}
	if !isName(v.On, word) {
		return notAWord(v, word)
	}
	w.names = append(w.names, word)
	return nil
}

// readPair takes NAME=VALUE, or cpu=2 for a verb that takes resources.
func (w *words) readPair(v fault.Verb, word, name, value string) error {
	name = strings.ReplaceAll(name, "-", "_")
	for _, a := range v.Args {
		if a.Name == name {
			w.args[name] = value
			return nil
		}
	}
	if v.Lasts && name == "lasts" {
		w.lasts = value
		return nil
	}
	for _, a := range v.Args {
		if a.Kind == fault.Resources {
			w.args[a.Name] = strings.TrimPrefix(w.args[a.Name]+","+word, ",")
			return nil
		}
	}
	return fmt.Errorf("%s has no argument %q%s", v.Name, name, orNearest(name, argNames(v), "labels are selected with -l"))
}

func argNames(v fault.Verb) []string {
	names := make([]string, len(v.Args))
	for i, a := range v.Args {
		names[i] = a.Name
	}
	return names
}

// canBeWord says that an argument can be told from a name without its flag.
func canBeWord(a fault.Arg) bool { return a.Name != "container" && a.Kind != fault.Names }

// choiceOf is the choice of an argument that a word means, in whatever capitals.
func choiceOf(a fault.Arg, word string) string {
	for _, choice := range a.Choices {
		if strings.EqualFold(choice, word) {
			return choice
		}
	}
	return ""
}

// looksLike says that a word is meant as that argument, which has no choices.
func looksLike(a fault.Arg, word string) bool {
	if !canBeWord(a) || a.Choices != nil {
		return false
	}
	switch a.Kind {
	case fault.Number:
		_, err := strconv.Atoi(word)
		return err == nil
	case fault.Share:
		_, err := fault.ParseShare(word)
		return err == nil
	case fault.Duration:
		return isDuration(word)
	case fault.Text:
		return strings.ContainsAny(word, " \t")
	default:
		return false
	}
}

func isDuration(word string) bool {
	_, err := time.ParseDuration(word)
	return err == nil
}

// isName says that a word may be the name of what the verb acts on, or a pattern for it.
func isName(on fault.Target, word string) bool {
	switch on {
	case fault.Call:
		return slices.Contains(fault.Calls(), word)
	case fault.Write:
		return false
	default:
		return strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789-./*?[]") == "" && word != ""
	}
}

// notAWord says why a word is neither a name nor an argument.
func notAWord(v fault.Verb, word string) error {
	near := argNames(v)
	for _, a := range v.Args {
		near = append(near, a.Choices...)
	}
	switch v.On {
	case fault.Call:
		return fmt.Errorf("there is no provider call %q%s", word, orNearest(word, append(near, fault.Calls()...), "there are "+strings.Join(fault.Calls(), ", ")))
	case fault.Write:
		return fmt.Errorf("%q is no argument of %s%s", word, v.Name, orNearest(word, near, "writes are selected by their pods, with -l, -n or --name"))
	default:
		return fmt.Errorf("%q is neither the name of a %s nor an argument of %s%s", word, v.On, v.Name, orNearest(word, near, "see its --help"))
	}
}

// orNearest ends an error text: with the nearest known word, else with what to do.
func orNearest(word string, known []string, otherwise string) string {
	if near := nearest.To(word, known); near != "" {
		return ": did you mean " + near + "?"
	}
	return ": " + otherwise
}

// completeWords offers, after a verb, the names of what it acts on and the choices of its arguments.
func completeWords(v fault.Verb, from *remote) cobra.CompletionFunc {
	var choices []string
	for _, a := range v.Args {
		choices = append(choices, a.Choices...)
	}
	switch v.On {
	case fault.Pod:
		return completeArgs(from, podNames, choices...)
	case fault.Node:
		return completeArgs(from, nodeNames, choices...)
	case fault.Call:
		return cobra.FixedCompletions(append(choices, fault.Calls()...), cobra.ShellCompDirectiveNoFileComp)
	default:
		return cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)
	}
}
