package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// value is one value of the chart, as values.yaml documents it.
type value struct{ name, preset, meaning string }

// documentedValues reads the comments "# -- meaning" of values.yaml. A value without one fails the test.
func documentedValues(t *testing.T) []value {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	return valuesOf(t, document.Content[0], "")
}

func valuesOf(t *testing.T, mapping *yaml.Node, prefix string) []value {
	t.Helper()
	var all []value
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, node := mapping.Content[i], mapping.Content[i+1]
		_, meaning, documented := strings.Cut(key.HeadComment, "# -- ")
		switch {
		case documented:
			all = append(all, value{prefix + key.Value, preset(t, node), meaning})
		case node.Kind == yaml.MappingNode && len(node.Content) > 0:
			all = append(all, valuesOf(t, node, prefix+key.Value+".")...)
		default:
			t.Errorf("values.yaml:%d: %s has no comment that begins with # --", key.Line, key.Value)
		}
	}
	return all
}

func preset(t *testing.T, node *yaml.Node) string {
	t.Helper()
	var v any
	if err := node.Decode(&v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReadmeHasEveryValue(t *testing.T) {
	const begin, end = "<!-- values -->\n", "<!-- end of values -->\n"
	file := filepath.Join(chart, "README.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), begin)
	table, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no table between %q and %q", file, begin, end)
	}
	var want strings.Builder
	want.WriteString("| value | default | what it is |\n| --- | --- | --- |\n")
	for _, v := range documentedValues(t) {
		fmt.Fprintf(&want, "| `%s` | `%s` | %s |\n", v.name, v.preset, v.meaning)
	}
	if update {
		text := before + begin + want.String() + end + after
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != want.String() {
		t.Errorf("the table in %s is not that of values.yaml: go test . -update rewrites it", file)
	}
}

// Commands in the README name files and values that are there.
func TestReadmeCommandsWork(t *testing.T) {
	for _, file := range []string{filepath.Join(chart, "README.md"), "../../charts/README.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		installs := 0
		for line := range strings.Lines(string(data)) {
			words := strings.Fields(line)
			if len(words) < 3 || words[0] != "helm" || words[1] != "install" {
				continue
			}
			installs++
			args := append(readmeArgs(words[1:]), "--dry-run=client")
			cmd := helmCommand(t, args...)
			cmd.Dir = "../.."
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %s: %s", file, strings.TrimSpace(line), out)
			}
		}
		if installs == 0 {
			t.Errorf("%s shows no helm install", file)
		}
	}
}

// readmeArgs takes the quotes off, as a shell does, and puts a version where VERSION stands.
func readmeArgs(words []string) []string {
	args := make([]string, len(words))
	for i, w := range words {
		args[i] = strings.NewReplacer("'", "", `"`, "", "VERSION", "1.2.3").Replace(w)
	}
	return args
}
