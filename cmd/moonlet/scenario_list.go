package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
)

// scenarioRow is a scenario as scenario list prints it.
type scenarioRow struct {
	Scenario string `json:"scenario"`
	File     string `json:"file"`
	Line     int    `json:"line"`
	Given    bool   `json:"given"` // the file says what there is to play with
}

func scenarioListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list [FILE|DIR …]",
		Short: "List the scenarios of files",
		Long: `Lists the scenarios that files declare, those of the scripts folder by default. A file that does not load is an error, as in
scenario run. (moonlet scenario runs lists those that are under way.)`,
		Example: `  moonlet scenario list examples/chaos
  moonlet scenario list -o json | jq -r '.[].scenario'`,
		Args: arguments(0, 100, ""),
	}
	settingFlags(cmd, "scripts.dir")
	format := outputFlag(cmd, "table", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		rows, err := listScenarios(cmd, args)
		if err != nil {
			return err
		}
		if *format == "json" {
			return printJSON(cmd.OutOrStdout(), rows)
		}
		return printScenarios(cmd.OutOrStdout(), rows)
	}
	return cmd
}

func listScenarios(cmd *cobra.Command, args []string) ([]scenarioRow, error) {
	dir, err := scriptsDir(cmd, nil)
	if err != nil {
		return nil, err
	}
	if len(args) == 0 {
		args = []string{dir}
	}
	files, err := scenarioFiles(args)
	if err != nil {
		return nil, err
	}
	var library []script.Source
	if _, err := os.Stat(dir); err == nil {
		if library, err = engine.ReadScripts(dir); err != nil {
			return nil, err
		}
	}
	rt := sim.NewRuntime(nil)
	defer rt.Close()
	rows := []scenarioRow{}
	for _, file := range files {
		f, err := scenario.Load(file, scenario.Options{Runtime: rt, Library: library})
		if errors.Is(err, scenario.ErrNoScenario) {
			continue
		}
		if err != nil {
			return nil, checkError("%w", err)
		}
		for _, s := range f.Scenarios() {
			rows = append(rows, scenarioRow{Scenario: s.Name, File: file.Name, Line: s.Line, Given: f.Given() != nil})
		}
	}
	return rows, nil
}

func printScenarios(w io.Writer, rows []scenarioRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "SCENARIO\tFILE\tLINE")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%d\n", r.Scenario, r.File, r.Line)
	}
	return t.Flush()
}
