package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/config"
)

// FuzzFile: whatever a file holds, it is a configuration or a list of problems, each of them one line.
func FuzzFile(f *testing.F) {
	f.Add("yaml", "seed: 7\nnode: {labels: [a=b], capacity: {cpu: 1}}\nlisten.api: x\n? [a]\n: b")
	f.Add("toml", "seed = 7\n[node]\nlabels = ['a=b']\n[[params]]\nx = 1\nlimits = {status = '1s'}")
	f.Add("json", `{"seed": 1e3, "node": {"capacity": [1, null, {}]}, "params": "a.b=c"}`)
	folder := f.TempDir()
	f.Fuzz(func(t *testing.T, kind, contents string) {
		if kind != "yaml" && kind != "toml" && kind != "json" {
			return
		}
		name := filepath.Join(folder, "moonlet."+kind)
		if err := os.WriteFile(name, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(config.Options{File: name, Env: func() []string { return []string{"MOONLET_STATE=memory"} }})
		if problems, ok := config.AsProblems(err); err != nil && (!ok || len(problems) == 0) {
			t.Fatalf("an error that is no list of problems: %v", err)
		}
	})
}
