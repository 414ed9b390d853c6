package main

import "github.com/spf13/cobra"

func scriptCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "script",
		Short: "Write and check scripts",
	}
	cmd.AddCommand(scriptCheckCommand(), scriptNewCommand())
	group(cmd)
	return cmd
}
