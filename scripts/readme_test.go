package scripts_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim/suite"
)

// blocks are the code blocks of README.md in one language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	return blocksOf(t, readme(t), language)
}

func blocksOf(t *testing.T, text, language string) []string {
	t.Helper()
	found := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(text, -1)
	if len(found) == 0 {
		t.Fatalf("there is no block of %s", language)
	}
	out := make([]string, len(found))
	for i, f := range found {
		out[i] = f[1]
	}
	return out
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var blockFile = regexp.MustCompile(`^-- my-scripts/([a-z/_-]+\.lua)`)

// Whoever saves a block under the name it has gets no error and no warning. Those below lib/ are there for all.
func TestEveryScriptOfTheReadmeLoads(t *testing.T) {
	libraries := map[string]string{}
	scripts := blocks(t, "lua")
	for _, text := range scripts {
		if name := fileOf(t, text); strings.HasPrefix(name, "lib/") {
			libraries[name] = text
		}
	}
	for _, text := range scripts {
		dir := t.TempDir()
		save(t, dir, fileOf(t, text), text)
		for name, text := range libraries {
			save(t, dir, name, text)
		}
		_, problems, err := engine.CheckFolder(t.Context(), dir)
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v:\n%s", problems, err, text)
		}
	}
}

func fileOf(t *testing.T, text string) string {
	t.Helper()
	m := blockFile.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("this block does not say which file it is:\n%s", text)
	}
	return m[1]
}

func save(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The scenario that the README shows is played.
func TestTheScenarioOfTheReadmePlays(t *testing.T) {
	dir := t.TempDir()
	for _, text := range blocks(t, "txtar") {
		save(t, dir, "readme.txtar", text)
		enginetest.Run(t, enginetest.Scenarios{Dir: dir, Scripts: "."})
	}
}

// The tests that the README shows pass, with the scripts that it shows beside them.
func TestTheTestsOfTheReadmePass(t *testing.T) {
	played := 0
	for _, block := range blocks(t, "lua") {
		name := fileOf(t, block)
		if !script.TestFile(name) {
			continue
		}
		f := suite.Folder{Tests: []suite.File{{Path: name, Source: script.Source{Name: name, Text: []byte(block)}}}}
		for _, other := range blocks(t, "lua") {
			if about := strings.TrimSuffix(name, "_test.lua") + ".lua"; fileOf(t, other) == about {
				f.Scripts = []script.Source{{Name: about, Text: []byte(other)}} // the last of that name
			}
		}
		report, err := suite.Run(t.Context(), suite.Options{Folder: f, Seed: 1, Seeds: 20})
		if err != nil {
			t.Fatal(err)
		}
		if played += report.Tests; !report.OK() {
			t.Errorf("%+v", report.Files)
		}
	}
	if played == 0 {
		t.Error("the README shows no test")
	}
}

// The gallery has a row for each script, and each row's script is there.
func TestGalleryIsComplete(t *testing.T) {
	var rows []string
	for _, m := range regexp.MustCompile(`(?m)^\| \[([a-z-]+\.lua)\]\(([a-z-]+\.lua)\) \| .+ \| .+ \|$`).FindAllStringSubmatch(readme(t), -1) {
		if m[1] != m[2] {
			t.Errorf("the row of %s leads to %s", m[1], m[2])
		}
		rows = append(rows, m[1])
	}
	if shipped := scripts(t); !slices.Equal(rows, shipped) {
		t.Errorf("the gallery lists\n%s\nthe folder has\n%s", strings.Join(rows, " "), strings.Join(shipped, " "))
	}
}

// TestTheFirstScreenIsTrue runs the ten lines of the project's README: they load, and crash the pod it speaks of.
func TestTheFirstScreenIsTrue(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	e := enginetest.New(t, enginetest.Options{
		Scripts: map[string]string{"flaky.lua": blocksOf(t, string(text), "lua")[0]}, Params: map[string]string{"flaky.crash_rate": "1"},
	})
	pod, err := os.ReadFile("../examples/pod.json")
	if err != nil {
		t.Fatal(err)
	}
	r := e.Do(http.MethodPost, "/createPod", string(pod))
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.Status)
	}
	for range 3600 {
		e.Pass(time.Second)
		if e.Pods(api.PodFilter{})[0].Status == "CrashLoopBackOff" {
			return
		}
	}
	t.Error("an hour has passed and the pod has never been in CrashLoopBackOff")
}
