package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

func scenarioRunsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "runs", Aliases: []string{"ps"},
		Short: "List the scenarios that a running Moonlet tells now",
		Long: `Lists the scenarios that a running Moonlet tells now: who began them, how many steps they have done, how their expectations
went so far, and what they wait for. (moonlet scenario list lists those of files.)`,
		Example: `  moonlet scenario runs
  moonlet scenario runs -o json | jq -r '.[].run'`,
		Args: arguments(0, 0, ""),
	}
	from := remoteFlags(cmd)
	format := outputFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return from.with(func(c *client.Client) error {
			runs, err := c.Runs(cmd.Context())
			if err != nil {
				return err
			}
			return printAs(cmd, *format, list(runs), func(w io.Writer) error {
				if len(runs) == 0 {
					fmt.Fprintln(cmd.ErrOrStderr(), "No scenarios under way.")
					return nil
				}
				return printRuns(w, time.Now(), runs)
			})
		})
	}
	return cmd
}

func printRuns(w io.Writer, now time.Time, runs []api.ScenarioRun) error {
	var rows [][]string
	for _, r := range runs {
		rows = append(rows, []string{r.Run, r.Scenario, r.By, age(now, r.Began), runProgress(r), runState(now, r)})
	}
	return printRows(w, []string{"ID", "SCENARIO", "BY", "AGE", "PROGRESS", "STATE"}, rows)
}

// runProgress is how far a run is: "2 steps, 1 of 3 expectations held". How much is to come, only its code knows.
func runProgress(r api.ScenarioRun) string {
	text := count(r.Steps, "step")
	if judged := r.Held + r.Failed; judged > 0 {
		text += fmt.Sprintf(", %d of %s held", r.Held, count(judged, "expectation"))
	}
	return text
}

// runState is what a run does: "waiting at line 9, 25s left: web keeps two ready".
func runState(now time.Time, r api.ScenarioRun) string {
	text := r.State
	if r.Line > 0 {
		text += fmt.Sprintf(" at line %d", r.Line)
	}
	if left := strings.TrimPrefix(ahead(now, r.Until), "in "); left != "" && left != "now" {
		text += ", " + left + " left"
	}
	if r.Expects != "" {
		text += ": " + r.Expects
	}
	return text
}

func scenarioStopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop ID…",
		Short: "End scenarios that a running Moonlet tells, and undo what they did",
		Long: `Ends scenarios before their time, by the IDs that moonlet scenario runs prints, and prints what was undone: their faults, and
the params that they turned. Whoever runs them gets their verdicts, which say who ended them; the other scenarios of the
same moonlet scenario run are not begun.`,
		Example: `  moonlet scenario stop zone-outage-1
  moonlet scenario stop $(moonlet scenario runs -o json | jq -r '.[].run')`,
		Args: arguments(1, 1000, "the ID of the scenario's run"),
	}
	doEach(cmd, runIDs, stopRun)
	return cmd
}

func stopRun(cmd *cobra.Command, c *client.Client, id string) error {
	if id == "" { // which the API takes for all
		return usageError("an ID is empty: see moonlet scenario runs")
	}
	ended, err := c.EndRuns(cmd.Context(), api.ScenarioEnd{Run: id, By: me(), Wait: true})
	if client.NotFound(err) {
		known, _ := runIDs(cmd.Context(), c)
		return checkError("no scenario %s is under way%s", id, orNearest(id, known, "see moonlet scenario runs"))
	}
	if err != nil {
		return err
	}
	for _, r := range ended {
		printUndone(cmd.OutOrStdout(), r)
	}
	return nil
}

func printUndone(w io.Writer, r api.ScenarioRun) {
	if len(r.Undone) == 0 {
		fmt.Fprintf(w, "%s is stopped; there was nothing to undo\n", r.Run)
		return
	}
	fmt.Fprintf(w, "%s is stopped, and undone:\n", r.Run)
	for _, what := range r.Undone {
		fmt.Fprintln(w, "  "+what)
	}
}

func runIDs(ctx context.Context, c *client.Client) ([]string, error) {
	runs, err := c.Runs(ctx)
	return wordsOf(runs, err, func(r api.ScenarioRun) string { return r.Run })
}
