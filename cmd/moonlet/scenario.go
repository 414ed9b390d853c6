package main

import "github.com/spf13/cobra"

func scenarioCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scenario",
		Short: "Run stories of failures, and have them judged",
	}
	cmd.AddCommand(scenarioRunCommand(), scenarioListCommand())
	group(cmd)
	return cmd
}
