package main

import "github.com/spf13/cobra"

func scriptCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "script",
		Short: "Write, check, preview and test scripts",
	}
	cmd.AddCommand(scriptCheckCommand(), scriptNewCommand(), scriptTestCommand(), scriptPreviewCommand())
	group(cmd)
	return cmd
}
