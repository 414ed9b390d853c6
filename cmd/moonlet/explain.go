package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/explain"
)

func explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [NAMESPACE/]POD",
		Short: "Say why a pod is in its state, and what happens next",
		Long: `Says why a pod is in the state it is in: what happened to it and what caused each step (a script and its line, with what
it drew; a fault, with who set it and why; a rule of the kubelet), and what happens next by itself, and when.`,
		Example: `  moonlet explain web-0
  moonlet explain shop/web-0 --all
  moonlet explain web-0 -o json | jq '.next'`,
		Args: arguments(1, 1, "the pod"),
	}
	from := remoteFlags(cmd)
	namespace := cmd.Flags().StringP("namespace", "n", "", "namespace of a pod named without one (default "+api.DefaultNamespace+")")
	all := cmd.Flags().Bool("all", false, "all that is known of the past, not only the latest")
	cmd.ValidArgsFunction = completeArgs(from, podNames)
	completeFrom(cmd, from, map[string]source{"namespace": namespaces})
	format := outputFlag(cmd, "text", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		pod, err := podNamed(args[0], *namespace)
		if err != nil {
			return err
		}
		return from.with(func(c *client.Client) error {
			e, err := c.Explain(cmd.Context(), pod.namespace, pod.name)
			if client.NotFound(err) {
				return noPod(cmd.Context(), c, pod)
			}
			if err != nil {
				return err
			}
			return printAs(cmd, *format, e, func(w io.Writer) error {
				_, err := io.Copy(w, strings.NewReader(explain.Text(e, explain.Options{All: *all})))
				return err
			})
		})
	}
	return cmd
}
