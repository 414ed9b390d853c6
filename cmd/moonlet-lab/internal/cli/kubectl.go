package cli

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// handOver is the "error" of the kubectl command: it asks Run to leave the process to kubectl, signals and all.
type handOver struct{ args []string }

func (handOver) Error() string { return "kubectl was not run" }

func kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "kubectl …",
		Short: "Run the real kubectl, which is built in, on the lab",
		Long: `Takes all that kubectl takes. It asks the lab, unless --kubeconfig or the variable KUBECONFIG says otherwise; with --dir
before the word kubectl, the variable does not count.`,
		Example: `  moonlet-lab kubectl get pods --all-namespaces
  moonlet-lab --dir /tmp/second kubectl get nodes`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := pointKubectl(cmd, args); err != nil {
				return err
			}
			return handOver{args}
		},
	}
}

// pointKubectl sets KUBECONFIG to the lab's, where the user has not chosen another.
func pointKubectl(cmd *cobra.Command, args []string) error {
	chosen := cmd.Root().PersistentFlags().Lookup("dir").Changed
	if os.Getenv("KUBECONFIG") != "" && !chosen || namesKubeconfig(args) {
		return nil
	}
	dir, err := labDir(cmd)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir.Kubeconfig()); errors.Is(err, fs.ErrNotExist) && needsServer(args) {
		return noLab(cmd, dir)
	}
	return os.Setenv("KUBECONFIG", dir.Kubeconfig())
}

func namesKubeconfig(args []string) bool {
	for _, arg := range args {
		if arg == "--" { // what follows is for a program in a container
			return false
		}
		if arg == "--kubeconfig" || strings.HasPrefix(arg, "--kubeconfig=") {
			return true
		}
	}
	return false
}

// needsServer tells the uses of kubectl that mean something without a lab.
func needsServer(args []string) bool {
	if len(args) == 0 {
		return false
	}
	switch args[0] {
	case "help", "completion", "options", "kustomize", "plugin", "--help", "-h", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return false
	}
	return true
}
