package config_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/moonlet-dev/moonlet/engine/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	begin = "<!-- config:begin -->\n"
	end   = "<!-- config:end -->"
)

func TestTableGolden(t *testing.T) {
	const golden = "testdata/table.md"
	if *update {
		write(t, golden, config.Table())
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), config.Table()); diff != "" {
		t.Error("make golden rewrites the table\n" + diff)
	}
}

// TestTableInReadme holds the README to the code, from the day it has the markers.
func TestTableInReadme(t *testing.T) {
	const readme = "../../README.md"
	data, err := os.ReadFile(readme)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("there is no README.md yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	table, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("README.md has no config table: put %s and %s around its place", strings.TrimSpace(begin), end)
	}
	if *update {
		write(t, readme, before+begin+config.Table()+end+after)
		return
	}
	if diff := cmp.Diff(config.Table(), table); diff != "" {
		t.Error("make golden rewrites the table\n" + diff)
	}
}

func TestFlagsCoverEverySetting(t *testing.T) {
	flags := pflag.NewFlagSet("moonlet", pflag.ContinueOnError)
	config.AddFlags(flags)
	for line := range strings.Lines(config.Table()) {
		cells := strings.Split(line, "`")
		if len(cells) < 6 {
			continue
		}
		if key, name := cells[1], strings.TrimPrefix(cells[3], "--"); flags.Lookup(name) == nil {
			t.Errorf("%s has no flag --%s", key, name)
		}
	}
	for name, words := range config.Choices() {
		for _, word := range words {
			if _, err := config.Load(start{args: []string{"--" + name, word}}.options(t)); err != nil {
				t.Errorf("--%s offers %s and refuses it: %v", name, word, err)
			}
		}
	}
}

func TestFlagsOfSomeKeys(t *testing.T) {
	flags := pflag.NewFlagSet("moonlet", pflag.ContinueOnError)
	config.AddFlags(flags, "scripts.dir")
	var names []string
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if diff := cmp.Diff([]string{"config", "scripts"}, names); diff != "" {
		t.Error(diff)
	}
}
