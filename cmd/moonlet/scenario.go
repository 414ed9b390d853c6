package main

import "github.com/spf13/cobra"

func scenarioCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scenario",
		Short: "Run stories of failures, and have them judged",
		Example: `  moonlet scenario run examples/chaos/zone-outage.lua
  moonlet scenario runs
  moonlet scenario stop zone-outage-1`,
	}
	cmd.AddCommand(scenarioRunCommand(), scenarioListCommand(), scenarioRunsCommand(), scenarioStopCommand())
	group(cmd)
	return cmd
}
