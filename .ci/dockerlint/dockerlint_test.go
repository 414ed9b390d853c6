package dockerlint_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/moonlet-dev/moonlet/dockerlint"
)

func lint(t *testing.T, text string) ([]instructions.Stage, []dockerlint.Finding) {
	t.Helper()
	stages, findings, err := dockerlint.Lint(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return stages, findings
}

func ours(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDockerfileIsClean(t *testing.T) {
	_, findings := lint(t, ours(t))
	for _, f := range findings {
		t.Errorf("Dockerfile: %s", f)
	}
}

func TestLinterFinds(t *testing.T) {
	for name, tc := range map[string]struct{ text, rule string }{
		"a deprecated instruction":   {"FROM scratch\nMAINTAINER me\n", "MaintainerDeprecated"},
		"a stage name in capitals":   {"FROM scratch AS Build\n", "StageNameCasing"},
		"as and FROM unlike":         {"FROM scratch as build\n", "FromAsCasing"},
		"an empty line in a command": {"FROM busybox\nRUN a \\\n\n  b\n", "Parser"},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := lint(t, tc.text)
			if !slices.ContainsFunc(findings, func(f dockerlint.Finding) bool { return f.Rule == tc.rule }) {
				t.Errorf("found %v, want %s", findings, tc.rule)
			}
		})
	}
}

// The rules the linter does not have, and that the image promises.
func TestImagePromises(t *testing.T) {
	stages, _ := lint(t, ours(t))
	byName := map[string]*instructions.Stage{}
	for i := range stages {
		byName[stages[i].Name] = &stages[i]
	}
	base, last := byName["base"], &stages[len(stages)-1]
	if base == nil || base.BaseName != "scratch" {
		t.Fatal("there is no stage base FROM scratch")
	}
	for _, stage := range []*instructions.Stage{byName["prebuilt"], last} {
		if stage == nil || stage.BaseName != "base" {
			t.Errorf("stage %v does not start from base", stage)
		}
	}
	if user := command[*instructions.UserCommand](t, base); user.User != "65532:65532" {
		t.Errorf("runs as %s", user.User)
	}
	if port := command[*instructions.ExposeCommand](t, base); !slices.Equal(port.Ports, []string{"3000"}) {
		t.Errorf("exposes %v", port.Ports)
	}
	if entry := command[*instructions.EntrypointCommand](t, base); entry.PrependShell {
		t.Error("the entry point needs a shell, and scratch has none")
	}
	labels := command[*instructions.LabelCommand](t, base)
	for _, name := range []string{"title", "description", "licenses", "source", "version", "revision", "created"} {
		if !slices.ContainsFunc(labels.Labels, func(l instructions.KeyValuePair) bool { return l.Key == "org.opencontainers.image."+name }) {
			t.Errorf("label %s is missing", name)
		}
	}
}

func TestBasesArePinned(t *testing.T) {
	stages, _ := lint(t, ours(t))
	for _, s := range stages {
		_, tag, tagged := strings.Cut(s.BaseName, ":")
		outside := s.BaseName != "scratch" && s.BaseName != "base"
		if outside && (!tagged || tag == "latest") {
			t.Errorf("stage %s is FROM %s: name a version", s.Name, s.BaseName)
		}
	}
}

// The build must run the Go that go.mod asks for.
func TestGoVersionIsThatOfGoMod(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "go "); ok && !strings.Contains(ours(t), "FROM golang:"+version+"-") {
			t.Errorf("go.mod asks for Go %s, the Dockerfile builds with another", version)
		}
	}
}

// command is the only command of its type in a stage.
func command[T instructions.Command](t *testing.T, stage *instructions.Stage) T {
	t.Helper()
	var found []T
	for _, c := range stage.Commands {
		if c, ok := c.(T); ok {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		t.Fatalf("stage %s has %d commands of type %T, want 1", stage.Name, len(found), found)
	}
	return found[0]
}
