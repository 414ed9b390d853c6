package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/nearest"
)

// whom is the flags that say whom a verb hits.
type whom struct {
	verb  fault.Verb
	on    fault.Target
	all   bool
	share string
	flags api.Selector
}

func whomFlags(cmd *cobra.Command, v fault.Verb, from *remote) *whom {
	on, f := v.On, cmd.Flags()
	w := &whom{verb: v, on: on}
	f.StringVarP(&w.flags.Labels, "selector", "l", "", "those with these labels, such as app=web,tier!=db")
	f.StringVar(&w.flags.Name, "name", "", "those whose name fits this pattern, such as 'web-*'")
	f.BoolVar(&w.all, "all", false, "all of them")
	f.StringVar(&w.share, "share", "", "only a share of them: each with this chance, such as 30% or 0.3")
	if on != fault.Node {
		f.StringVarP(&w.flags.Namespace, "namespace", "n", "", "those of this namespace")
		f.StringVar(&w.flags.Node, "node", "", "those of this node; a pattern")
		f.StringVar(&w.flags.Owner, "owner", "", "those of this owner, such as Deployment/web or web")
		f.StringVar(&w.flags.Script, "script", "", "those that this script owns")
		completeFrom(cmd, from, map[string]source{"namespace": namespaces, "script": scripts, "node": nodeNames})
	}
	if on == fault.Pod || on == fault.Node {
		f.IntVar(&w.flags.Count, "count", 0, "only a sample of so many")
		f.Uint64Var(&w.flags.Draw, "draw", 0, "another number draws another sample; the same number draws the same")
	}
	return w
}

// selector is whom the flags and names mean. Names of pods and nodes are left to [whom.resolve].
func (w *whom) selector(said words) (api.Selector, error) {
	s := w.flags
	if w.share != "" {
		share, err := fault.ParseShare(w.share)
		if err != nil {
			return s, fmt.Errorf("share: %w", err)
		}
		if share == 0 {
			return s, errors.New("share: 0 is nobody")
		}
		s.Share = share
	}
	someone := !isAll(s) || len(said.names) > 0
	switch {
	case w.all && len(said.names) > 0:
		return s, fmt.Errorf("both --all and %s: say which", said.names[0])
	case s.Name != "" && len(said.names) > 0 && w.on != fault.Call:
		return s, fmt.Errorf("both --name and %s: say which", said.names[0])
	case !someone && !w.all:
		return s, fmt.Errorf("which %ss? Name some, select some with -l or --name, or take --all", w.on)
	}
	if w.on == fault.Call {
		s.Calls = said.names
	}
	return s, nil
}

// isAll says that a selector picks everything there is.
func isAll(s api.Selector) bool {
	return s.Namespace+s.Name+s.Labels+s.Node+s.Owner+s.Script == "" && s.Count == 0 && s.Share == 0
}

// resolve puts the names into the selector. One is a pattern for the core; of several, each must be there, or nobody is
// hit.
func (w *whom) resolve(ctx context.Context, c *client.Client, a api.Action, names []string) (api.Selector, error) {
	s := a.Select
	if w.on == fault.Call || len(names) == 0 {
		return s, nil
	}
	if len(names) == 1 {
		one, err := w.named(names[0])
		s.Namespace, s.Name = one.namespace, one.name
		return s, err
	}
	s.Names = []string{}
	for _, name := range names {
		one, err := w.named(name)
		if err != nil {
			return s, err
		}
		ask := a
		ask.DryRun, ask.Select = true, api.Selector{Namespace: one.namespace, Name: one.name}
		found, err := c.Act(ctx, ask)
		if err != nil {
			return s, w.missing(ctx, c, err, []string{name})
		}
		s.Names = append(s.Names, found.Hits...)
	}
	slices.Sort(s.Names)
	s.Names, s.Namespace = slices.Compact(s.Names), ""
	return s, nil
}

// place is where a pod or node is; a node has no namespace.
type place struct{ namespace, name string }

func (p place) String() string {
	if p.namespace == "" {
		return p.name
	}
	return p.namespace + "/" + p.name
}

func (w *whom) named(word string) (place, error) {
	if w.on == fault.Node {
		return place{name: word}, nil
	}
	return podNamed(word, w.flags.Namespace)
}

// podNamed reads web-0 or shop/web-0; flag is what -n says.
func podNamed(word, flag string) (place, error) {
	namespace, name, ok := strings.Cut(word, "/")
	if !ok {
		return place{cmp.Or(flag, api.DefaultNamespace), word}, nil
	}
	if flag != "" && flag != namespace {
		return place{}, usageError("%s is not in the namespace that -n says, %s", word, flag)
	}
	return place{namespace, name}, nil
}

// missing adds to the core's error what only the command line knows: that a name was meant as an argument, or that such
// a pod is in another namespace.
func (w *whom) missing(ctx context.Context, c *client.Client, err error, names []string) error {
	refused, ok := errors.AsType[*client.Error](err)
	if !ok || refused.Told.Reason != api.ReasonNoMatch || len(names) != 1 || w.on == fault.Call {
		return err
	}
	if choice := w.nearChoice(names[0]); choice != "" {
		return checkError("%s is the name of no %s: did you mean %s?", names[0], w.on, choice)
	}
	if w.on == fault.Pod && !strings.Contains(names[0], "/") && w.flags.Namespace == "" {
		if there := elsewhere(ctx, c, names[0]); there != "" {
			return checkError("there is no pod %s in namespace %s: did you mean %s?", names[0], api.DefaultNamespace, there)
		}
	}
	return err
}

// elsewhere is a pod of that name where there is one, but none in the default namespace.
func elsewhere(ctx context.Context, c *client.Client, name string) string {
	pods, _ := c.Pods(ctx, api.PodFilter{Name: name})
	if len(pods) == 0 || slices.ContainsFunc(pods, func(p api.Pod) bool { return p.Namespace == api.DefaultNamespace }) {
		return ""
	}
	return pods[0].Namespace + "/" + pods[0].Name
}

// nearChoice is the choice of one of the verb's arguments that a word, taken for a name, may have been meant as.
func (w *whom) nearChoice(word string) string {
	var choices []string
	for _, a := range w.verb.Args {
		choices = append(choices, a.Choices...)
	}
	return nearest.To(word, choices)
}

// noPod says that there is no such pod, and which one may be meant: of the same name elsewhere, or of a near one.
func noPod(ctx context.Context, c *client.Client, p place) error {
	pods, _ := c.Pods(ctx, api.PodFilter{})
	var known []string
	for _, one := range pods {
		if one.Name == p.name {
			return checkError("there is no pod %s: did you mean %s/%s?", p, one.Namespace, one.Name)
		}
		if one.Namespace == p.namespace {
			known = append(known, one.Name)
		}
	}
	return checkError("there is no pod %s%s", p, orNearest(p.name, known, "see moonlet get pods"))
}
