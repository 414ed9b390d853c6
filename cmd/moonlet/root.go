package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/moonlet-dev/moonlet/engine/config"
)

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "moonlet",
		Short: "A virtual kubelet whose behaviour is written in Lua",
		Long: `Moonlet stands behind a virtual Kubernetes node. Its pods run no containers: what they do (start slowly, crash, run
out of memory, print logs) is what short Lua scripts say. Save a script, and it is live.`,
		Example: `  moonlet serve                     serve ./scripts on 127.0.0.1:3000
  moonlet kubelet                   be a node of the cluster your kubeconfig names
  moonlet script new flaky          write a first script
  moonlet script check              what is wrong with the scripts
  moonlet get pods                  what the pods of a running Moonlet do
  moonlet pod crash web-0 137       let one crash
  moonlet explain web-0             why it is in its state, and what comes next
  moonlet config view --origin      every setting, and where its value comes from`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError("%w", err) })
	chapter(root, "Be a provider, or nodes of a cluster:", serveCommand(), kubeletCommand())
	chapter(root, "Look at a running Moonlet:", getCommand(), explainCommand(), paramCommand())
	chapter(root, "Let things go wrong there, on purpose:", append(verbCommands(), faultCommand(), scenarioCommand())...)
	chapter(root, "Write and try scripts:", scriptCommand(), recordCommand())
	chapter(root, "About this program:", configCommand(), completionCommand(), versionCommand())
	root.SetHelpCommandGroupID("About this program:")
	group(root)
	return root
}

// chapter adds commands under a title of their own in the help, in this order.
func chapter(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, cmd := range commands {
		cmd.GroupID = title
		root.AddCommand(cmd)
	}
}

// group makes a command of subcommands: alone it prints its help, with an unknown word it says which one was meant.
func group(cmd *cobra.Command) {
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

// settingFlags gives a command the flags of the configuration; with keys, only these settings'.
func settingFlags(cmd *cobra.Command, keys ...string) {
	config.AddFlags(cmd.Flags(), keys...)
	choices := config.Choices()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if words := choices[f.Name]; words != nil {
			complete(cmd, f.Name, words...)
		}
	})
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
