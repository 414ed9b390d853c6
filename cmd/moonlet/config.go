package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine/config"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show or check the configuration",
		Long: `A setting is a flag (--limits-status), else a variable (MOONLET_LIMITS_STATUS), else a line of the file that --config or
MOONLET_CONFIG names, else its default. No file is read unless it is named.`,
	}
	cmd.AddCommand(configViewCommand(), configCheckCommand())
	group(cmd)
	return cmd
}

func configViewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "view",
		Short: "Print every setting as it would be used",
		Long:  "Prints every setting as it would be used, in the form of a configuration file: what it prints can be saved and started from.",
		Example: `  moonlet config view > moonlet.yaml
  moonlet config view --origin
  moonlet config view --config moonlet.yaml --node-capacity cpu=4 -o json`,
		Args: arguments(0, 0, ""),
	}
	settingFlags(cmd)
	origin := cmd.Flags().Bool("origin", false, "say where each value comes from")
	format := outputFlag(cmd, "yaml", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		store, err := openConfig(cmd)
		if err != nil {
			return err
		}
		switch {
		case *origin && *format == "json":
			return printJSON(cmd.OutOrStdout(), originRows(store))
		case *origin:
			return printOrigins(cmd.OutOrStdout(), store)
		case *format == "json":
			return printJSON(cmd.OutOrStdout(), store.Tree())
		}
		return printYAML(cmd.OutOrStdout(), store.Tree())
	}
	return cmd
}

func configCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say everything that is wrong with the configuration",
		Long:  "Reads the configuration as serve would, and prints one line for each thing wrong with it. Exit code 3 if there is any.",
		Example: `  moonlet config check --config moonlet.yaml
  MOONLET_NODE_TAINTS=dedicated=batch:NoSchedule moonlet config check`,
		Args: arguments(0, 0, ""),
	}
	settingFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		store, err := openConfig(cmd)
		problems, ok := config.AsProblems(err)
		if ok {
			for _, p := range problems {
				fmt.Fprintln(cmd.OutOrStdout(), p)
			}
			return checkError("the configuration has %s", count(len(problems), "problem"))
		}
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "the configuration is good:", sources(store))
		return nil
	}
	return cmd
}

// openConfig reads the configuration with the command's flags, and warns of what looks like a mistake.
func openConfig(cmd *cobra.Command) (*config.Store, error) {
	store, err := config.Open(config.Options{Flags: cmd.Flags()})
	if err != nil {
		return nil, err
	}
	for _, w := range store.Warnings() {
		fmt.Fprintln(cmd.ErrOrStderr(), "moonlet: warning:", w)
	}
	return store, nil
}

// sources says how many settings each source gave.
func sources(store *config.Store) string {
	given := map[config.Source]int{}
	for _, o := range store.Origins() {
		given[o.From]++
	}
	return fmt.Sprintf("%d from flags, %d from variables, %d from a file, %d defaults",
		given[config.FromFlag], given[config.FromEnv], given[config.FromFile], given[config.FromDefault])
}

// originRow is one line of config view --origin -o json.
type originRow struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	From  string `json:"from"`
	Where string `json:"where,omitempty"`
}

func originRows(store *config.Store) []originRow {
	origins := store.Origins()
	rows := make([]originRow, len(origins))
	for i, o := range origins {
		rows[i] = originRow{Key: o.Key, Value: o.Value, From: string(o.From), Where: o.Where}
	}
	return rows
}

func printOrigins(w io.Writer, store *config.Store) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tVALUE\tORIGIN")
	for _, o := range store.Origins() {
		text, where := o.Text(), o.Where
		if text == "" {
			text = "-"
		}
		if where == "" {
			where = string(o.From)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", o.Key, text, where)
	}
	return table.Flush()
}

func printYAML(w io.Writer, v any) error {
	data, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// count is "1 problem", "2 problems".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
