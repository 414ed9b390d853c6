package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say what runs, and whether it is well",
		Long:  `Asks each program how it is. The exit code is 0 when the lab is up and all are well, 3 when not.`,
		Example: `  moonlet-lab status
  moonlet-lab status -o json`,
		Args: arguments(0, 0, ""),
	}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		dir, err := labDir(cmd)
		if err != nil {
			return err
		}
		report, err := lab.Inspect(cmd.Context(), dir)
		if err != nil {
			return err
		}
		if *format == "json" {
			err = printJSON(cmd.OutOrStdout(), report)
		} else {
			err = printReport(cmd.OutOrStdout(), report, time.Now())
		}
		if err == nil && !report.Ready {
			err = silent(exitNotWell)
		}
		return err
	}
	return cmd
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func printReport(w io.Writer, r lab.Report, now time.Time) error {
	if !r.Running {
		_, err := fmt.Fprintf(w, "No lab runs in %s\n", r.Dir)
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "lab\t%s\n", r.Dir)
	if r.Server != "" {
		fmt.Fprintf(table, "kubernetes\t%s\nserver\t%s\nkubeconfig\t%s\n", r.Kubernetes, r.Server, r.Kubeconfig)
	}
	fmt.Fprintf(table, "state\t%s, process %d\n", readiness(r, now), r.Supervisor)
	if err := table.Flush(); err != nil || len(r.Components) == 0 {
		return err
	}
	// A table of its own: the widths of the one above are not this one's.
	fmt.Fprintln(table)
	fmt.Fprintln(table, "COMPONENT\tPID\tUP\tRESTARTS\tMEMORY\tHEALTH")
	for _, c := range r.Components {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\t%s\n", c.Name, orDash(c.PID != 0, c.PID),
			orDash(c.PID != 0, age(now.Sub(c.Since))), c.Restarts, orDash(c.Resident != 0, mebibytes(c.Resident)), c.Health)
	}
	return table.Flush()
}

func readiness(r lab.Report, now time.Time) string {
	switch {
	case r.Ready:
		return "ready, up for " + age(now.Sub(r.Started))
	case r.Started.IsZero():
		return "starting"
	}
	return "not ready, started " + age(now.Sub(r.Started)) + " ago"
}

func orDash(known bool, value any) string {
	if !known {
		return "-"
	}
	return fmt.Sprint(value)
}

func age(d time.Duration) string { return d.Round(time.Second).String() }

func mebibytes(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }
