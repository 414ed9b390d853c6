// Command moonlet-helm answers: what does a cluster get from the chart? It is helm itself, linked in so that nobody needs
// one installed, with one command more: container, which tells how to start by hand what the chart would start in a pod.
//
// It is a module of its own, so that the product does not carry helm.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	helmcmd "helm.sh/helm/v4/pkg/cmd"
	"helm.sh/helm/v4/pkg/kube"
)

func main() { os.Exit(run(os.Args[1:])) }

// run does what helm's own main does, and returns the exit code.
func run(args []string) int {
	kube.ManagedFieldsManager = "helm"
	root, err := helmcmd.NewRootCmd(os.Stdout, args, helmcmd.SetupLogging)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	root.AddCommand(containerCommand())
	err = root.Execute() // it has printed the error already
	var coded helmcmd.CommandError
	switch {
	case errors.As(err, &coded):
		return coded.ExitCode
	case err != nil:
		return 1
	}
	return 0
}

func containerCommand() *cobra.Command {
	var place place
	cmd := &cobra.Command{
		Use:   "container < MANIFESTS",
		Short: "print the first container of the manifests' workload as JSON: command, args, env and mounted files",
		Example: `  moonlet-helm template demo charts/moonlet | moonlet-helm container
  moonlet-helm get manifest demo | moonlet-helm container --pod-ip 127.0.0.1 --root /tmp/demo`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printContainer(cmd.InOrStdin(), cmd.OutOrStdout(), place)
		},
	}
	cmd.Flags().StringVar(&place.podIP, "pod-ip", "", "what status.podIP is")
	cmd.Flags().StringVar(&place.root, "root", "", "folder to lay the mounts out in; args and env then name them there")
	return cmd
}

func printContainer(in io.Reader, out io.Writer, p place) error {
	objects, err := readObjects(in)
	if err != nil {
		return err
	}
	c, err := objects.container(p)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(c)
}
