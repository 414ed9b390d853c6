package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

// dirVariable names the lab's folder for a whole shell session or test.
const dirVariable = "MOONLET_LAB_DIR"

func rootCommand(linked Linked) *cobra.Command {
	root := &cobra.Command{
		Use:   "moonlet-lab",
		Short: "A real Kubernetes control plane on this machine, without containers",
		Long: `Runs etcd, kube-apiserver, kube-scheduler and kube-controller-manager on 127.0.0.1, ready in a few seconds, with no
nodes: moonlet kubelet, or any other virtual kubelet, brings those. A lab lives in one folder; your own kubeconfig is
never touched.`,
		Example: `  moonlet-lab up --detach                            start a lab, and leave it running
  moonlet-lab kubectl get nodes                      ask it, with the kubectl that is built in
  export KUBECONFIG=$(moonlet-lab kubeconfig)        for moonlet kubelet, helm and any other client
  moonlet-lab status                                 what runs, and whether it is well
  moonlet-lab down --purge                           end it, and forget what it held`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		TraverseChildren:  true, // so that kubectl, which reads its own flags, can be given --dir before its name
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError("%w", err) })
	root.PersistentFlags().String("dir", "", "the lab's folder (default $"+dirVariable+", else moonlet/lab in $XDG_STATE_HOME or ~/.local/state)")
	if err := root.MarkPersistentFlagDirname("dir"); err != nil {
		panic(err)
	}
	root.AddCommand(
		upCommand(linked), downCommand(), statusCommand(), restartCommand(),
		kubeconfigCommand(), certCommand(), kubectlCommand(),
		completionCommand(), versionCommand(linked), superviseCommand(linked),
	)
	unknownCommand(root)
	return root
}

// unknownCommand makes the root print its help when it is alone, and say which command was meant when a word is unknown.
func unknownCommand(cmd *cobra.Command) {
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return usageError("unknown command %q: did you mean %s?", args[0], strings.Join(near, " or "))
		}
		return usageError("unknown command %q", args[0])
	}
}

// labDir is the folder that a command is about: flag, variable, default.
func labDir(cmd *cobra.Command) (lab.Dir, error) {
	flag := cmd.Root().PersistentFlags().Lookup("dir")
	dir := flag.Value.String()
	switch {
	case flag.Changed && dir == "":
		return "", usageError("--dir is empty: name a folder, or leave the flag out")
	case !flag.Changed:
		dir = os.Getenv(dirVariable)
	}
	if dir == "" {
		return defaultDir()
	}
	absolute, err := filepath.Abs(dir)
	return lab.Dir(absolute), err
}

func defaultDir() (lab.Dir, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // the specification says to ignore it then
		home, err := os.UserHomeDir()
		if err != nil {
			return "", usageError("no home folder to keep the lab in (%w): name one with --dir", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return lab.Dir(filepath.Join(state, "moonlet", "lab")), nil
}

// again is how to call this program for the same lab, to be pasted into a shell.
func again(cmd *cobra.Command, words string) string {
	call := quote(os.Args[0])
	if flag := cmd.Root().PersistentFlags().Lookup("dir"); flag.Changed {
		call += " --dir " + quote(flag.Value.String())
	}
	return call + " " + words
}

// quote leaves a plain word as it is, and makes one word of anything else.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+=:@%~", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// arguments limits the words after a command's flags.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < least {
			return usageError("%s is missing", what)
		}
		if len(args) > most {
			return usageError("unexpected argument %q", args[most])
		}
		return nil
	}
}

// outputFlag adds -o, whose first word is the default.
func outputFlag(cmd *cobra.Command, words ...string) *string {
	format := cmd.Flags().StringP("output", "o", words[0], "output format: "+strings.Join(words, " or "))
	complete(cmd, "output", words...)
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if slices.Contains(words, *format) {
			return nil
		}
		return usageError("unknown output format %q: write -o %s", *format, strings.Join(words, " or -o "))
	}
	return format
}

// complete offers words to the shell; a flag that does not exist is a mistake of ours.
func complete(cmd *cobra.Command, flag string, words ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err)
	}
}

// noLab explains where there is nothing to work with.
func noLab(cmd *cobra.Command, dir lab.Dir) error {
	return fmt.Errorf("no lab in %s: start one with %s", dir, again(cmd, "up --detach"))
}
