package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

// source gives the words that a running Moonlet knows of one sort.
type source func(context.Context, *client.Client) ([]string, error)

// completionTime is how long a shell waits for them: longer, and the key Tab feels broken.
const completionTime = 2 * time.Second

// ask gives a source's words; none where no Moonlet answers.
func (r *remote) ask(ctx context.Context, from source) []string {
	c, err := r.connect()
	if err != nil {
		return nil
	}
	defer c.Close()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	words, err := from(ctx, c)
	if err != nil {
		return nil
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// completeArgs offers a source's words as the words after the flags, those not yet there.
func completeArgs(r *remote, from source, more ...string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		words := slices.Concat(more, r.ask(cmd.Context(), from))
		return slices.DeleteFunc(words, func(w string) bool {
			return slices.Contains(args, w) || !strings.HasPrefix(w, begun)
		}), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFrom offers the words of sources as values of flags.
func completeFrom(cmd *cobra.Command, r *remote, flags map[string]source) {
	for flag, from := range flags {
		if err := cmd.RegisterFlagCompletionFunc(flag, completeArgs(r, from)); err != nil {
			panic(err) // the flag does not exist: a mistake of ours
		}
	}
}

func wordsOf[T any](list []T, err error, word func(T) string) ([]string, error) {
	words := make([]string, len(list))
	for i, one := range list {
		words[i] = word(one)
	}
	return words, err
}

// podNames are what the verbs take: a pod of the default namespace by its name alone.
func podNames(ctx context.Context, c *client.Client) ([]string, error) {
	pods, err := c.Pods(ctx, api.PodFilter{})
	return wordsOf(pods, err, func(p api.Pod) string {
		if p.Namespace == api.DefaultNamespace {
			return p.Name
		}
		return p.Namespace + "/" + p.Name
	})
}

func namespaces(ctx context.Context, c *client.Client) ([]string, error) {
	pods, err := c.Pods(ctx, api.PodFilter{})
	return wordsOf(pods, err, func(p api.Pod) string { return p.Namespace })
}

func nodeNames(ctx context.Context, c *client.Client) ([]string, error) {
	nodes, err := c.Nodes(ctx)
	return wordsOf(nodes, err, func(n api.NodeRow) string { return n.Name })
}

func scripts(ctx context.Context, c *client.Client) ([]string, error) {
	all, err := c.Scripts(ctx)
	return wordsOf(all, err, func(s api.Script) string { return s.Name })
}

func faultIDs(ctx context.Context, c *client.Client) ([]string, error) {
	faults, err := c.Faults(ctx)
	return wordsOf(faults, err, func(f api.Fault) string { return f.ID })
}

func paramNames(ctx context.Context, c *client.Client) ([]string, error) {
	params, err := c.Params(ctx)
	return wordsOf(params, err, func(p api.Param) string { return p.Script + "." + p.Name })
}

// doEach has a command take IDs of what a running Moonlet knows, and do one thing to each, until that fails.
func doEach(cmd *cobra.Command, known source, do func(*cobra.Command, *client.Client, string) error) {
	from := remoteFlags(cmd)
	cmd.ValidArgsFunction = completeArgs(from, known)
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		return from.with(func(c *client.Client) error {
			for _, id := range ids {
				if err := do(cmd, c, id); err != nil {
					return err
				}
			}
			return nil
		})
	}
}
