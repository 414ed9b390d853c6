package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLintFindsNothing(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := mustHelm(t, append([]string{"lint", "--strict", chart}, values...)...)
			if strings.Contains(out, "[WARNING]") || strings.Contains(out, "[ERROR]") {
				t.Error(out)
			}
		})
	}
}

func TestRenderedChart(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := template(t, values...)
			if name == "defaults" {
				text = withoutScripts(text)
			}
			golden(t, name, text)
		})
	}
}

// shippedScript is the text of one script in a ConfigMap.
var shippedScript = regexp.MustCompile(`(?m)^(  [-a-z]+\.lua: )\|-?\n(?:(?: {4}.*)?\n| {2}\n)+`)

// withoutScripts leaves the texts of the shipped scripts out: TestShippedScriptsAreTheScriptFolder holds them.
func withoutScripts(text string) string {
	return shippedScript.ReplaceAllString(text, "$1<its text>\n")
}

func TestNotes(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := mustHelm(t, append([]string{"install", "demo", chart, "--namespace", "moon", "--dry-run=client"}, values...)...)
			_, notes, found := strings.Cut(out, "\nNOTES:\n")
			if !found {
				t.Fatal("there are no notes")
			}
			golden(t, name+".notes", notes)
		})
	}
}

// Whoever has no scripts of their own edits those that come with Moonlet, all of them and as they are.
func TestShippedScriptsAreTheScriptFolder(t *testing.T) {
	files, err := filepath.Glob("../../scripts/*.lua")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.lua") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want[filepath.Base(file)] = string(text)
	}
	got := configMap(t, render(t), "demo-moonlet-scripts").Data
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scripts of the chart (-folder +chart):\n%s", diff)
	}
}

func TestPackagedChartHasTheScripts(t *testing.T) {
	folder := t.TempDir()
	mustHelm(t, "package", chart, "--destination", folder)
	archive, err := filepath.Glob(filepath.Join(folder, "moonlet-*.tgz"))
	if err != nil || len(archive) != 1 {
		t.Fatalf("packages %v: %v", archive, err)
	}
	unpacked := mustHelm(t, "template", "demo", archive[0], "--namespace", "moon")
	if diff := cmp.Diff(template(t), unpacked); diff != "" {
		t.Errorf("rendered from the folder and from the package differ:\n%s", diff)
	}
}

func TestChartIsForTodaysKubernetes(t *testing.T) {
	for _, version := range []string{"1.33.0", "1.37.1"} {
		template(t, "--kube-version", version)
	}
	if _, refusal := helm(t, "template", "demo", chart, "--kube-version", "1.32.9"); !strings.Contains(refusal, "requires kubeVersion: >=1.33.0-0") {
		t.Errorf("a Kubernetes whose shapes Moonlet does not know is refused with %q", refusal)
	}
}
