package luadoc_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/luadoc"
	"github.com/moonlet-dev/moonlet/engine/script"
)

var update = flag.Bool("update", false, "rewrite the files that are made from the registries")

const root = "../.."

// TestMadeFilesAreUpToDate compares what is committed with what the registries say.
func TestMadeFilesAreUpToDate(t *testing.T) {
	files := map[string]string{"scripts/REFERENCE.md": luadoc.Reference()}
	for name, text := range luadoc.Files() {
		files[filepath.Join("scripts", name)] = text
	}
	for name, want := range files {
		t.Run(name, func(t *testing.T) { compare(t, filepath.Join(root, name), want) })
	}
}

// TestReadmeTablesAreUpToDate compares the tables of hooks and verbs in the README with the registries.
func TestReadmeTablesAreUpToDate(t *testing.T) {
	readme := filepath.Join(root, "README.md")
	b, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	want := between(t, string(b), "hooks", luadoc.HooksTable())
	compare(t, readme, between(t, want, "verbs", luadoc.VerbsTable()))
}

// between puts a table between the README's markers of that name.
func between(t *testing.T, text, name, table string) string {
	t.Helper()
	head, rest, ok := strings.Cut(text, "<!-- "+name+":begin -->")
	_, tail, also := strings.Cut(rest, "<!-- "+name+":end -->")
	if !ok || !also {
		t.Fatalf("README.md has no markers %s:begin and %s:end", name, name)
	}
	return head + "<!-- " + name + ":begin -->\n" + table + "<!-- " + name + ":end -->" + tail
}

func compare(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not what the registries say; make golden rewrites it (-want +got):\n%s", path, diff)
	}
}

func TestEveryHookAndLibraryEntryIsDefinedForEditors(t *testing.T) {
	text := luadoc.Definitions()
	for _, h := range hook.Registry() {
		if !strings.Contains(text, "\nfunction "+h.Name+"(") {
			t.Errorf("hook %s is not defined", h.Name)
		}
	}
	for _, e := range script.Library() {
		if !strings.Contains(text, e.Name+"(") && !strings.Contains(text, "\n"+e.Name+" = ") {
			t.Errorf("%s is not defined", e.Name)
		}
	}
	for _, field := range []string{"---@field restartPolicy? string", "---@field containers Container[]", "---@class ContainerStateTerminated"} {
		if !strings.Contains(text, field) {
			t.Errorf("definitions lack %q", field)
		}
	}
}
