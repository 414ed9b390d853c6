package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"
)

// printAs prints a value in the format of -o; table prints it for people.
func printAs(cmd *cobra.Command, format string, v any, table func(io.Writer) error) error {
	switch format {
	case "json":
		return printJSON(cmd.OutOrStdout(), v)
	case "yaml":
		return printYAML(cmd.OutOrStdout(), v)
	}
	return table(cmd.OutOrStdout())
}

// printRows prints a table as kubectl does.
func printRows(w io.Writer, header []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 6, 4, 3, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = cell; cell == "" {
				cells[i] = "<none>"
			}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// age is how long ago that was, as kubectl says it.
func age(now, then time.Time) string {
	if then.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(then))
}

// ahead is when that will be; empty where it will not.
func ahead(now time.Time, then *time.Time) string {
	switch {
	case then == nil:
		return ""
	case !then.After(now):
		return "now"
	default:
		return "in " + duration.HumanDuration(then.Sub(now)+time.Second/2)
	}
}
