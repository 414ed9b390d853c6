package enginetest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/provider"
)

// Scenarios says where scenarios and the scripts they play with are.
type Scenarios struct {
	Dir     string // of *.txtar files
	Scripts string // folder of the scripts that `start` loads; those in the archive lie over them; empty: only those
}

// Run plays every scenario as a subtest. See commands for what a scenario may say.
func Run(t *testing.T, s Scenarios) {
	t.Helper()
	shipped := map[string]string{}
	if s.Scripts != "" {
		shipped = ReadFolder(t, s.Scripts)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 s.Dir,
		Cmds:                commands(shipped),
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("MOONLET_UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Values[stageKey{}] = &stage{}
			return nil
		},
	})
}

type stageKey struct{}

// stage is what one scenario has on it.
type stage struct {
	engine *Engine
	tb     *scenarioTB
	seed   uint64
	state  string // file
	params map[string]string
	node   func(*provider.Node)
	nodes  []string
}

func stageOf(ts *testscript.TestScript) *stage { return ts.Value(stageKey{}).(*stage) }

// live is the started engine.
func (s *stage) live(ts *testscript.TestScript) *Engine {
	if s.engine == nil {
		ts.Fatalf("nothing is started: begin with start")
	}
	return s.engine
}

// begin starts an engine with the shipped scripts and those of the archive.
func (s *stage) begin(ts *testscript.TestScript, shipped map[string]string) {
	scripts := map[string]string{}
	maps.Copy(scripts, shipped)
	own, err := filepath.Glob(filepath.Join(ts.MkAbs("scripts"), "*.lua"))
	ts.Check(err)
	for _, f := range own {
		scripts[filepath.Base(f)] = ts.ReadFile(f)
	}
	s.open(ts, scripts, clock.Hold(Start))
}

func (s *stage) open(ts *testscript.TestScript, scripts map[string]string, held *clock.HeldClock) {
	s.tb = &scenarioTB{ts: ts}
	s.engine = New(s.tb, Options{Seed: s.seed, Scripts: scripts, Params: s.params, Node: s.node, Nodes: s.nodes, Clock: held, State: s.state})
	ts.Defer(s.tb.cleanup)
}

// restart ends the engine and starts it again on its state file, a while later.
func (s *stage) restart(ts *testscript.TestScript, down time.Duration) {
	if s.state == "" {
		ts.Fatalf("nothing is kept: begin with state")
	}
	before := s.engine
	s.tb.cleanup()
	s.open(ts, before.sources, clock.Hold(before.Clock.Now().Add(down)))
}

// readPod reads a manifest, YAML or JSON.
func readPod(ts *testscript.TestScript, file string) *v1.Pod {
	p := &v1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(ts.ReadFile(file)), p); err != nil {
		ts.Fatalf("%s: %v", file, err)
	}
	return p
}

// simplePod is what `create web behaviour=flaky restart=Never` means: a pod with one container named app; words with
// "=" are labels but for restart, image, init, node, uid, grace, cpu and memory.
func simplePod(name string, words []string) (*v1.Pod, error) {
	p := &v1.Pod{}
	p.Name, p.Namespace = name, "default"
	p.Labels = map[string]string{}
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "nginx:1.27"}}
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		if !ok {
			return nil, fmt.Errorf("%q: want key=value", w)
		}
		if err := shape(p, key, value); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func shape(p *v1.Pod, key, value string) error {
	switch key {
	case "restart":
		p.Spec.RestartPolicy = v1.RestartPolicy(value)
	case "image":
		p.Spec.Containers[0].Image = value
	case "init":
		p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: value, Image: "busybox:1"})
	case "uid":
		p.UID = types.UID(value)
	case "node":
		p.Spec.NodeName = value
	case "grace":
		d, err := time.ParseDuration(value)
		if err != nil {
			return err
		}
		seconds := int64(d / time.Second)
		p.Spec.TerminationGracePeriodSeconds = &seconds
	case "memory", "cpu":
		return request(p, key, value)
	default:
		p.Labels[key] = value
	}
	return nil
}

// request sets a resource as request and limit.
func request(p *v1.Pod, name, value string) error {
	q, err := resource.ParseQuantity(value)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c := &p.Spec.Containers[0]
	if c.Resources.Requests == nil {
		c.Resources.Requests, c.Resources.Limits = v1.ResourceList{}, v1.ResourceList{}
	}
	c.Resources.Requests[v1.ResourceName(name)], c.Resources.Limits[v1.ResourceName(name)] = q, q
	return nil
}
