package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/script"
)

func scriptCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Say what is wrong with the scripts in a folder",
		Long: `Loads the scripts of a folder as serve would, without serving: syntax, hook names, undefined globals, match fields,
params. Prints file:line:column for each finding. Exit code 3 if there are errors; warnings alone pass.`,
		Example: `  moonlet script check
  moonlet script check examples/first
  moonlet script check -o json | jq -r '.problems[].text'`,
		Args: arguments(0, 1, ""),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	settingFlags(cmd, "scripts.dir")
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := scriptsDir(cmd, args)
		if err != nil {
			return err
		}
		files, problems, err := engine.CheckFolder(cmd.Context(), dir)
		if err != nil {
			return err
		}
		report := newCheckReport(dir, files, problems)
		if *format == "json" {
			err = printJSON(cmd.OutOrStdout(), report)
		} else {
			err = report.print(cmd.OutOrStdout())
		}
		if err != nil {
			return err
		}
		return report.verdict()
	}
	return cmd
}

// scriptsDir is the folder named as an argument, else the configured one.
func scriptsDir(cmd *cobra.Command, args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	store, err := openConfig(cmd)
	if err != nil {
		return "", err
	}
	return store.Current().Scripts.Dir, nil
}

// checkReport is what script check -o json prints.
type checkReport struct {
	Files    int            `json:"files"`
	Errors   int            `json:"errors"`
	Warnings int            `json:"warnings"`
	Problems []checkProblem `json:"problems"`
}

type checkProblem struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"` // error or warning
	Hook     string `json:"hook,omitempty"`
	Kind     string `json:"kind"`
	Text     string `json:"text"`
	Source   string `json:"source,omitempty"` // the line of the file
}

func newCheckReport(dir string, files int, problems []*script.Error) checkReport {
	r := checkReport{Files: files, Problems: []checkProblem{}}
	for _, p := range problems {
		row := checkProblem{
			File: filepath.Join(dir, p.Script), Line: p.Line, Column: p.Col, Severity: "error",
			Hook: p.Hook, Kind: string(p.Kind), Text: p.Text, Source: p.Source,
		}
		if p.Warning {
			row.Severity = "warning"
			r.Warnings++
		} else {
			r.Errors++
		}
		r.Problems = append(r.Problems, row)
	}
	return r
}

func (r checkReport) print(w io.Writer) error {
	for _, p := range r.Problems {
		if _, err := io.WriteString(w, p.String()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s checked: %s, %s\n", count(r.Files, "file"), count(r.Errors, "error"), count(r.Warnings, "warning"))
	return err
}

// verdict is nil unless there are errors.
func (r checkReport) verdict() error {
	if r.Errors == 0 {
		return nil
	}
	return checkError("the scripts have %s: a running Moonlet keeps the last good version", count(r.Errors, "error"))
}

// String is the place and the text as compilers write them, which editors can jump to, then the line with a caret.
func (p checkProblem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	for _, n := range []int{p.Line, p.Column} {
		if n > 0 {
			fmt.Fprintf(&b, ":%d", n)
		}
	}
	fmt.Fprintf(&b, ": %s: %s\n", p.Severity, p.Text)
	if strings.TrimSpace(p.Source) != "" {
		fmt.Fprintf(&b, "    %s\n", strings.TrimRight(p.Source, "\r\n"))
		if p.Column > 0 && p.Column <= len(p.Source)+1 {
			fmt.Fprintf(&b, "    %s^\n", indent(p.Source[:p.Column-1]))
		}
	}
	return b.String()
}

// indent is as wide on the screen as the text it replaces: tabs stay, all else becomes spaces.
func indent(before string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, before)
}
