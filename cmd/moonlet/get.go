package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

func getCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get",
		Short: "List the pods or nodes of a running Moonlet",
		Example: `  moonlet get pods
  moonlet get nodes -o wide`,
	}
	cmd.AddCommand(getPodsCommand(), getNodesCommand())
	group(cmd)
	return cmd
}

// podsWanted is which pods a person wants to see.
type podsWanted struct {
	filter api.PodFilter
	labels string
}

func getPodsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "pods [NAME…]", Aliases: []string{"pod", "po"},
		Short: "List pods, as kubectl prints them",
		Long: `Lists pods in the columns of kubectl, those of all namespaces unless -n names one. A NAME may be a pattern, and may have its
namespace before it: 'shop/web-*'. -o wide adds the script that owns a pod and when it next changes by itself; -o name prints
what the verbs take.`,
		Example: `  moonlet get pods
  moonlet get pods 'web-*' -o wide
  moonlet get pods -n shop -l app=web,tier!=db
  moonlet get pods --script flaky -o json | jq -r '.[] | select(.due) | "\(.due) \(.name)"'`,
	}
	from, want := remoteFlags(cmd), &podsWanted{}
	f := cmd.Flags()
	f.StringVarP(&want.filter.Namespace, "namespace", "n", "", "pods of this namespace only")
	f.StringVarP(&want.labels, "selector", "l", "", "pods with these labels, such as app=web,tier!=db")
	f.StringVar(&want.filter.Script, "script", "", "pods that this script owns")
	f.StringVar(&want.filter.Phase, "phase", "", "pods in this phase")
	f.StringVar(&want.filter.Name, "name", "", "pods whose name fits this pattern")
	f.StringVar(&want.filter.Node, "node", "", "pods of this node; a pattern")
	f.StringVar(&want.filter.Owner, "owner", "", "pods of this owner, such as Deployment/web or web")
	completeFrom(cmd, from, map[string]source{"namespace": namespaces, "script": scripts, "node": nodeNames})
	complete(cmd, "phase", "Pending", "Running", "Succeeded", "Failed")
	cmd.ValidArgsFunction = completeArgs(from, podNames)
	format := outputFlag(cmd, "table", "wide", "json", "yaml", "name")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		selector, err := labels.Parse(want.labels)
		if err != nil {
			return usageError("-l %q is no label selector: write it like app=web,tier!=db", want.labels)
		}
		want.filter.Labels = selector
		return from.with(func(c *client.Client) error {
			pods, err := c.Pods(cmd.Context(), want.filter)
			if err != nil {
				return err
			}
			pods, err = narrow(pods, names)
			shown := podTable{pods: pods, format: *format, all: want.filter.Namespace == ""}
			if *format == "wide" {
				shown.faults = faultsOnPods(cmd.Context(), c)
			}
			return errors.Join(shown.print(cmd), err)
		})
	}
	return cmd
}

// narrow keeps the pods of the names that are wanted. A name that is none is an error beside the others.
func narrow(pods []api.Pod, names []string) ([]api.Pod, error) {
	missing := slices.Clone(names)
	pods = slices.DeleteFunc(pods, func(p api.Pod) bool {
		of := func(name string) bool { return isNamed(name, p.Namespace, p.Name) }
		missing = slices.DeleteFunc(missing, of)
		return len(names) > 0 && !slices.ContainsFunc(names, of)
	})
	if len(missing) > 0 {
		return pods, checkError("there is no pod %s", strings.Join(missing, ", "))
	}
	return pods, nil
}

// isNamed says that a word such as web-0, web-* or shop/web-0 means that pod.
func isNamed(word, namespace, name string) bool {
	if of, rest, ok := strings.Cut(word, "/"); ok {
		return fits(of, namespace) && fits(rest, name)
	}
	return fits(word, name)
}

func fits(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// podTable is pods to be printed.
type podTable struct {
	pods   []api.Pod
	format string
	all    bool                // of all namespaces
	faults map[string][]string // verbs in force, by namespace/name
}

// faultsOnPods are the verbs in force on each pod; nothing where they cannot be had, for they are an extra.
func faultsOnPods(ctx context.Context, c *client.Client) map[string][]string {
	on := map[string][]string{}
	faults, _ := c.Faults(ctx)
	for _, f := range faults {
		for _, hit := range f.Hits {
			if f.On == api.OnPod {
				on[hit] = append(on[hit], f.Verb)
			}
		}
	}
	return on
}

func (t podTable) print(cmd *cobra.Command) error {
	return printAs(cmd, t.format, list(t.pods), func(w io.Writer) error {
		switch {
		case t.format == "name":
			for _, p := range t.pods {
				fmt.Fprintln(w, p.Namespace+"/"+p.Name)
			}
			return nil
		case len(t.pods) == 0:
			fmt.Fprintln(cmd.ErrOrStderr(), "No pods.")
			return nil
		}
		header, rows := t.rows(time.Now())
		return printRows(w, header, rows)
	})
}

func (t podTable) rows(now time.Time) (header []string, rows [][]string) {
	header = []string{"NAME", "READY", "STATUS", "RESTARTS", "AGE"}
	if t.all {
		header = append([]string{"NAMESPACE"}, header...)
	}
	if t.format == "wide" {
		header = append(header, "IP", "NODE", "SCRIPT", "NEXT CHANGE", "FAULTS")
	}
	for _, p := range t.pods {
		row := []string{p.Name, p.Ready, p.Status, p.Restarts, age(now, p.Created)}
		if t.all {
			row = append([]string{p.Namespace}, row...)
		}
		if t.format == "wide" {
			row = append(row, p.IP, p.Node, p.Script, ahead(now, p.Due), strings.Join(t.faults[p.Namespace+"/"+p.Name], ","))
		}
		rows = append(rows, row)
	}
	return header, rows
}

func getNodesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "nodes [NAME…]", Aliases: []string{"node", "no"},
		Short: "List nodes, and what is wrong with them on purpose",
		Long: `Lists the nodes that a Moonlet plays, whether or not a cluster knows them. A NAME may be a pattern. FAULTS are the verbs in
force on a node; -o wide adds when the first of them ends by itself, the address and the zone.`,
		Example: `  moonlet get nodes
  moonlet get nodes 'moon-1*' -o wide
  moonlet get nodes -l topology.kubernetes.io/zone=a -o name`,
	}
	from := remoteFlags(cmd)
	text := cmd.Flags().StringP("selector", "l", "", "nodes with these labels")
	cmd.ValidArgsFunction = completeArgs(from, nodeNames)
	format := outputFlag(cmd, "table", "wide", "json", "yaml", "name")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		selector, err := labels.Parse(*text)
		if err != nil {
			return usageError("-l %q is no label selector: write it like app=web,tier!=db", *text)
		}
		return from.with(func(c *client.Client) error {
			nodes, err := c.Nodes(cmd.Context())
			if err != nil {
				return err
			}
			nodes, err = narrowNodes(nodes, selector, names)
			return errors.Join(printNodes(cmd, *format, nodes), err)
		})
	}
	return cmd
}

func narrowNodes(nodes []api.NodeRow, selector labels.Selector, names []string) ([]api.NodeRow, error) {
	missing := slices.Clone(names)
	nodes = slices.DeleteFunc(nodes, func(n api.NodeRow) bool {
		of := func(name string) bool { return fits(name, n.Name) }
		missing = slices.DeleteFunc(missing, of)
		return !selector.Matches(labels.Set(n.Labels)) || len(names) > 0 && !slices.ContainsFunc(names, of)
	})
	if len(missing) > 0 {
		return nodes, checkError("there is no node %s", strings.Join(missing, ", "))
	}
	return nodes, nil
}

func printNodes(cmd *cobra.Command, format string, nodes []api.NodeRow) error {
	return printAs(cmd, format, list(nodes), func(w io.Writer) error {
		switch {
		case format == "name":
			for _, n := range nodes {
				fmt.Fprintln(w, n.Name)
			}
			return nil
		case len(nodes) == 0:
			fmt.Fprintln(cmd.ErrOrStderr(), "No nodes.")
			return nil
		}
		header, rows := nodeRows(time.Now(), format == "wide", nodes)
		return printRows(w, header, rows)
	})
}

func nodeRows(now time.Time, wide bool, nodes []api.NodeRow) (header []string, rows [][]string) {
	header = []string{"NAME", "STATUS", "SINCE", "PODS", "VERSION", "FAULTS"}
	if wide {
		header = append(header, "NEXT CHANGE", "INTERNAL-IP", "OS", "ZONE")
	}
	for _, n := range nodes {
		since := ""
		if n.Since != nil {
			since = age(now, *n.Since)
		}
		row := []string{n.Name, n.Status, since, strconv.Itoa(n.Pods), n.Version, strings.Join(n.Faults, ",")}
		if wide {
			row = append(row, ahead(now, n.Due), n.IP, strings.ToLower(n.OS)+"/"+n.Arch, n.Labels["topology.kubernetes.io/zone"])
		}
		rows = append(rows, row)
	}
	return header, rows
}

// list makes an absent list an empty one, so that it is never null.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
