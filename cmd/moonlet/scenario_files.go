package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim/stage"
)

// scenarioFiles reads the files that the arguments name: files, or those of a folder that declare scenarios.
func scenarioFiles(args []string) ([]script.Source, error) {
	var files []script.Source
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, usageError("%w", err)
		}
		paths := []string{arg}
		if info.IsDir() {
			if paths, err = filepath.Glob(filepath.Join(arg, "*.lua")); err != nil {
				return nil, err
			}
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			if !info.IsDir() || tellsStories(path, string(text)) {
				files = append(files, script.Source{Name: filepath.Base(path), Text: text})
			}
		}
	}
	if len(files) == 0 {
		return nil, usageError("%s: no file there declares a scenario", strings.Join(args, " "))
	}
	return files, nil
}

// tellsStories says that a file of a folder is meant: others hold behaviours, or tests.
func tellsStories(path, text string) bool {
	if !script.Loadable(filepath.Base(path)) {
		return false
	}
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "--") // a comment declares nothing
		if declares.MatchString(code) {
			return true
		}
	}
	return false
}

var declares = regexp.MustCompile(`\bscenario\s*\(`)

// readPods reads manifests of pods and deployments.
func readPods(files []string) ([]stage.Pods, error) {
	var all []stage.Pods
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return nil, usageError("--pod: %w", err)
		}
		pods, err := podsIn(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, usageError("--pod %s: %w", file, err)
		}
		all = append(all, pods...)
	}
	return all, nil
}

// podsIn reads the documents of a manifest.
func podsIn(r io.Reader) ([]stage.Pods, error) {
	var all []stage.Pods
	docs := utilyaml.NewYAMLOrJSONDecoder(r, 4096)
	for empty := true; ; {
		var raw map[string]any
		switch err := docs.Decode(&raw); {
		case errors.Is(err, io.EOF) && empty:
			return nil, errors.New("it is empty")
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case len(raw) == 0:
			continue
		}
		empty = false
		text, err := yaml.Marshal(raw)
		if err != nil {
			return nil, err
		}
		kind, _ := raw["kind"].(string)
		pods, err := podsOf(cmp.Or(kind, "manifest without a kind"), text)
		if err != nil {
			return nil, err
		}
		all = append(all, pods...)
	}
}

// podsOf reads one document. A Deployment that is scaled to 0 has none.
func podsOf(kind string, text []byte) ([]stage.Pods, error) {
	switch kind {
	case "Pod":
		p := &v1.Pod{}
		if err := yaml.UnmarshalStrict(text, p); err != nil {
			return nil, err
		}
		return []stage.Pods{{Template: withNamespace(p)}}, needContainers(p)
	case "Deployment":
		d := &appsv1.Deployment{}
		if err := yaml.UnmarshalStrict(text, d); err != nil {
			return nil, err
		}
		p := &v1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: d.Spec.Template.Spec}
		p.Namespace, p.Name = d.Namespace, d.Name
		n := 1
		if d.Spec.Replicas != nil {
			n = int(*d.Spec.Replicas)
		}
		if n <= 0 {
			return nil, needContainers(p)
		}
		return []stage.Pods{{Template: withNamespace(p), Count: n}}, needContainers(p)
	}
	return nil, fmt.Errorf("it holds a %s: only Pods and Deployments can be played with", kind)
}

func withNamespace(p *v1.Pod) *v1.Pod {
	if p.Namespace == "" {
		p.Namespace = metav1.NamespaceDefault
	}
	return p
}

func needContainers(p *v1.Pod) error {
	if p.Name == "" || len(p.Spec.Containers) == 0 {
		return fmt.Errorf("%q needs a name and containers", p.Name)
	}
	return nil
}
