package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	chart    = "../../charts/moonlet"
	examples = "../../examples/values"
)

var (
	update bool
	built  string // folder of what the tests build
)

func TestMain(m *testing.M) {
	flag.BoolVar(&update, "update", false, "rewrite the golden files and the table in the chart's README")
	flag.Parse()
	var err error
	if built, err = os.MkdirTemp("", "moonlet-helm"); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	if err := os.RemoveAll(built); err != nil {
		log.Fatal(err)
	}
	os.Exit(code)
}

// The real program, because helm in a test binary takes every cluster for one of years ago.
var helmBinary = build("moonlet-helm", ".", ".")

// The program the chart is for, from the same checkout.
var moonletBinary = build("moonlet", filepath.Join("..", ".."), "./cmd/moonlet")

// build compiles a program when it is first asked for.
func build(name, dir, pkg string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		binary := filepath.Join(built, name)
		cmd := exec.Command("go", "build", "-o", binary, pkg)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w: %s", name, err, bytes.TrimSpace(out))
		}
		return binary, nil
	})
}

// helmCommand is helm with folders of its own and no cluster.
func helmCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := helmBinary()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+os.DevNull, "HELM_NO_PLUGINS=1",
		"HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	return cmd
}

// helm returns what helm prints, and what it prints instead where it refuses.
func helm(t *testing.T, args ...string) (printed, refusal string) {
	t.Helper()
	cmd := helmCommand(t, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err != nil {
		return string(out), string(out) + stderr.String()
	}
	return string(out), ""
}

// mustHelm is helm where nothing is refused.
func mustHelm(t *testing.T, args ...string) string {
	t.Helper()
	out, refusal := helm(t, args...)
	if refusal != "" {
		t.Fatalf("helm %s: %s", strings.Join(args, " "), refusal)
	}
	return out
}

// variants are the values the chart is tested with, as arguments of helm: each mode, each example, and what no example has.
func variants(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{
		"defaults": nil,
		"bare": {
			"--set", "mode=web,webApiUrlSecret.name=provider,rbac.create=false,serviceAccount.create=false,taint.enabled=false",
			"--set", "adopt=true,nodes=2,nodePattern=vk-{number},fullnameOverride=vk,affinity=null",
		},
	}
	files, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no examples: %v", err)
	}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = []string{"--values", file}
	}
	return all
}

// template renders the chart as release demo in namespace moon.
func template(t *testing.T, values ...string) string {
	t.Helper()
	return mustHelm(t, append([]string{"template", "demo", chart, "--namespace", "moon"}, values...)...)
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if update {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-want +got); go test . -update rewrites it:\n%s", file, diff)
	}
}

// moonlet runs the program the chart is for.
func moonlet(t *testing.T, args ...string) (string, error) {
	t.Helper()
	binary, err := moonletBinary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput()
	return string(out), err
}
