package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

func paramCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "param", Aliases: []string{"params"},
		Short: "List or turn the params of a running Moonlet's scripts",
		Example: `  moonlet param list
  moonlet param set flaky.crash_rate 0.5`,
	}
	cmd.AddCommand(paramListCommand(), paramSetCommand())
	group(cmd)
	return cmd
}

func paramListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Aliases: []string{"ls"},
		Short:   "List the params that scripts declare",
		Example: "  moonlet param list",
		Args:    arguments(0, 0, ""),
	}
	from := remoteFlags(cmd)
	format := outputFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return from.with(func(c *client.Client) error {
			params, err := c.Params(cmd.Context())
			if err != nil {
				return err
			}
			return printAs(cmd, *format, list(params), func(w io.Writer) error {
				if len(params) == 0 {
					fmt.Fprintln(cmd.ErrOrStderr(), "No params: scripts declare them with param(name, default).")
					return nil
				}
				var rows [][]string
				for _, p := range params {
					rows = append(rows, []string{p.Script + "." + p.Name, valueText(p.Value), valueText(p.Default), p.Doc})
				}
				return printRows(w, []string{"PARAM", "VALUE", "DEFAULT", "MEANING"}, rows)
			})
		})
	}
	return cmd
}

func paramSetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set SCRIPT.NAME VALUE",
		Short: "Turn a param while the scripts run",
		Long: `Turns a param. The pods whose script declares it are planned anew: what has not happened yet goes by the new value. It stays
as set until it is set again, over restarts too.`,
		Example: `  moonlet param set flaky.crash_rate 0.5
  moonlet param set flaky.uptime=2m`,
		Args: arguments(1, 2, "the param"),
	}
	from := remoteFlags(cmd)
	cmd.ValidArgsFunction = completeArgs(from, paramNames)
	format := outputFlag(cmd, "table", "json", "yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, text, ok := strings.Cut(args[0], "=")
		if len(args) == 2 && !ok {
			text, ok = args[1], true
		} else if len(args) == 2 {
			return usageError("unexpected argument %q", args[1])
		}
		if !ok {
			return usageError("the value is missing: moonlet param set %s VALUE", name)
		}
		return from.with(func(c *client.Client) error { return setParam(cmd, c, *format, name, text) })
	}
	return cmd
}

func setParam(cmd *cobra.Command, c *client.Client, format, name, text string) error {
	params, err := c.Params(cmd.Context())
	if err != nil {
		return err
	}
	before, err := findParam(params, name)
	if err != nil {
		return err
	}
	value, err := valueLike(before.Default, text)
	if err != nil {
		return usageError("%s: %w", name, err)
	}
	now, err := c.SetParam(cmd.Context(), before.Script, before.Name, value)
	if err != nil {
		return err
	}
	return printAs(cmd, format, now, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %s → %s\n", name, valueText(before.Value), valueText(now.Value))
		return err
	})
}

func findParam(params []api.Param, name string) (api.Param, error) {
	var known []string
	for _, p := range params {
		full := p.Script + "." + p.Name
		if full == name {
			return p, nil
		}
		known = append(known, full)
	}
	return api.Param{}, checkError("no script declares the param %s%s", name, orNearest(name, known, "see moonlet param list"))
}

// valueLike reads a text as a value of the kind that the default has.
func valueLike(preset any, text string) (any, error) {
	switch preset.(type) {
	case float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return n, nil
	case bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not true or false", text)
		}
		return b, nil
	}
	return text, nil
}

func valueText(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}
