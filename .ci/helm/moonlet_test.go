package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The chart's flags are known to the command they are for.
func TestMoonletKnowsTheFlags(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := workload(t, render(t, values...)).Containers[0]
			if out, err := moonlet(t, append(c.Args, "--help")...); err != nil {
				t.Errorf("moonlet %s: %s", strings.Join(c.Args, " "), out)
			}
		})
	}
	if out, err := moonlet(t, "kubelet", "--no-such-flag", "--help"); err == nil {
		t.Errorf("any flag is known to moonlet kubelet, so this test tests nothing: %s", out)
	}
}

// outside is what the variants name and do not make.
const outside = `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: behaviours}
data: {idle.lua: "function on_start() return { ready = true } end"}
---
apiVersion: v1
kind: Secret
metadata: {name: provider}
stringData: {url: "http://provider:5000"}
---
apiVersion: v1
kind: Secret
metadata: {name: kubelet-serving}
stringData: {tls.crt: certificate, tls.key: key}
`

// The files that the chart mounts are good: configuration and scripts.
func TestMoonletTakesTheFiles(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			containerOf(t, template(t, values...)+outside, "--root", root)
			file := filepath.Join(root, "etc/moonlet/config.yaml")
			if out, err := moonlet(t, "config", "check", "--config", file, "--state=memory"); err != nil {
				t.Error(out)
			}
			scripts := filepath.Join(root, "scripts")
			if _, err := os.Stat(scripts); err != nil {
				return // of mode web
			}
			if out, err := moonlet(t, "script", "check", scripts); err != nil {
				t.Error(out)
			}
		})
	}
}

// Each variable the chart sets stands in Moonlet's source, and each key it refuses in config is one of Moonlet's.
func TestMoonletKnowsVariablesAndKeys(t *testing.T) {
	source := moonletSource(t)
	for _, e := range workload(t, render(t, variants(t)["web-sidecar"]...)).Containers[0].Env { // it has them all
		if !strings.Contains(source, `"`+e.Name+`"`) {
			t.Errorf("nothing in Moonlet reads %s", e.Name)
		}
	}
	check, err := os.ReadFile(filepath.Join(chart, "templates/_check.tpl"))
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile(`"((?:node|kubelet|scripts|listen|state|web)\.[a-z_.]+)"`).FindAllStringSubmatch(string(check), -1)
	if len(keys) < 10 {
		t.Fatalf("only %d keys are found in _check.tpl", len(keys))
	}
	for _, key := range keys {
		if !strings.Contains(source, `"`+key[1]+`"`) {
			t.Errorf("Moonlet has no key %s", key[1])
		}
	}
}

// moonletSource is the source of what reads variables.
func moonletSource(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"../../engine/config/*.go", "../../engine/kubelet/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}

// The shipped examples say at their top how they are used.
func TestExamplesSayHowTheyAreUsed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		command := regexp.MustCompile(`(?m)^#   (helm install .*)$`).FindStringSubmatch(string(text))
		if command == nil || !strings.Contains(command[1], "examples/values/"+filepath.Base(file)) {
			t.Errorf("%s does not begin with its own helm install", file)
			continue
		}
		cmd := helmCommand(t, append(strings.Fields(command[1])[1:], "--dry-run=client")...)
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %s: %s", file, command[1], out)
		}
	}
}

// containerOf is what moonlet-helm container prints of manifests.
func containerOf(t *testing.T, manifests string, args ...string) string {
	t.Helper()
	cmd := helmCommand(t, append([]string{"container"}, args...)...)
	cmd.Stdin = strings.NewReader(manifests)
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output returns it as it is
		t.Fatalf("container: %s", exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
