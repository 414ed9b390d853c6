package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

func faultCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fault", Aliases: []string{"faults"},
		Short: "List, undo or reset what verbs do to a running Moonlet",
		Example: `  moonlet fault list
  moonlet fault undo unready-3
  moonlet fault reset`,
	}
	cmd.AddCommand(faultListCommand(), faultUndoCommand(), faultResetCommand())
	group(cmd)
	return cmd
}

func faultListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short: "List the faults in force",
		Long:  "Lists the verbs that hold: on whom, until when, who wanted it and why. -o wide adds whom they hit.",
		Example: `  moonlet fault list
  moonlet fault list -o wide
  moonlet fault list -o json | jq -r '.[].id'`,
		Args: arguments(0, 0, ""),
	}
	from := remoteFlags(cmd)
	format := outputFlag(cmd, "table", "wide", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return from.with(func(c *client.Client) error {
			faults, err := c.Faults(cmd.Context())
			if err != nil {
				return err
			}
			return printAs(cmd, *format, list(faults), func(w io.Writer) error {
				if len(faults) == 0 {
					fmt.Fprintln(cmd.ErrOrStderr(), "No faults in force.")
					return nil
				}
				return printFaults(w, time.Now(), *format == "wide", faults)
			})
		})
	}
	return cmd
}

func printFaults(w io.Writer, now time.Time, wide bool, faults []api.Fault) error {
	header := []string{"ID", "VERB", "ON", "ENDS", "AGE", "BY", "WHY"}
	if wide {
		header = append(header, "HITS")
	}
	var rows [][]string
	for _, f := range faults {
		ends := ahead(now, f.Until)
		if ends == "" {
			ends = "when undone"
		}
		row := []string{f.ID, verbText(f.Verb, f.Args), targetText(f), ends, age(now, f.Since), f.By, f.Why}
		if wide {
			row = append(row, strings.Join(f.Hits, ","))
		}
		rows = append(rows, row)
	}
	return printRows(w, header, rows)
}

// targetText says whom a fault is on: the one it hits, or how many and how they were selected.
func targetText(f api.Fault) string {
	how := selectorText(f.Select)
	switch {
	case f.On == api.OnCall, f.On == api.OnWrite:
		return strings.TrimSpace(f.On + "s " + how)
	case len(f.Hits) == 1:
		return f.On + " " + f.Hits[0]
	case how != "":
		return count(len(f.Hits), f.On) + " of " + how
	}
	return count(len(f.Hits), f.On)
}

func faultUndoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undo ID…",
		Short: "End faults before their time",
		Long:  "Ends faults before their time, by the IDs that the verbs and moonlet fault list print. What they held is restored at once.",
		Example: `  moonlet fault undo unready-3
  moonlet fault undo $(moonlet fault list -o json | jq -r '.[] | select(.verb=="silence") | .id')`,
		Args: arguments(1, 1000, "the fault's ID"),
	}
	doEach(cmd, faultIDs, undo)
	return cmd
}

func undo(cmd *cobra.Command, c *client.Client, id string) error {
	err := c.Undo(cmd.Context(), id, me())
	if client.NotFound(err) {
		known, _ := faultIDs(cmd.Context(), c)
		return checkError("no fault %s is in force%s", id, orNearest(id, known, "see moonlet fault list"))
	}
	if err == nil {
		fmt.Fprintln(cmd.OutOrStdout(), id+" is undone")
	}
	return err
}

func faultResetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "reset",
		Short:   "End all faults",
		Long:    "Ends all faults, those of running scenarios too.",
		Example: "  moonlet fault reset",
		Args:    arguments(0, 0, ""),
	}
	from := remoteFlags(cmd)
	format := outputFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return from.with(func(c *client.Client) error {
			n, err := c.ResetFaults(cmd.Context(), me())
			if err != nil {
				return err
			}
			return printAs(cmd, *format, api.ResetResult{Ended: n}, func(w io.Writer) error {
				_, err := fmt.Fprintln(w, count(n, "fault")+" ended")
				return err
			})
		})
	}
	return cmd
}
