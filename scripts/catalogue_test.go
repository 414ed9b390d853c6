package scripts_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/pod/podtest"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// failure is a row of the README's catalogue.
type failure struct {
	name  string
	hook  string // whose body the line is; "": the line is a verb
	line  string
	edits []string // of the pod
	rows  []string // READY STATUS, in the order in which kubectl prints them
	event string   // type, reason and message; "" where none is special
}

// goldenOf are the rows for which there is a status of a real kubelet. Numbers differ where the case says so.
var goldenOf = map[string]string{
	"waits, without a sandbox":             "ContainerCreating, no sandbox yet",
	"sandbox fails (CNI)":                  "ContainerCreating, no sandbox yet",
	"volume is stuck":                      "ContainerCreating, no sandbox yet",
	"no cpu left":                          "OutOfcpu",
	"no memory left":                       "OutOfmemory",
	"too many pods":                        "OutOfpods",
	"node under pressure":                  "Evicted at admission (node under pressure)",
	"node shuts down":                      "NodeShutdown (admission)",
	"slow pull":                            "ContainerCreating, sandbox ready (image pulling)",
	"pull fails":                           "ErrImagePull",
	"pull backs off":                       "ImagePullBackOff",
	"image is not there, and never pulled": "ErrImageNeverPull",
	"app waits for its image after init":   "Init done, app starting",
	"nothing":                              "Running+Ready",
	"wrong configuration":                  "CreateContainerConfigError",
	"never ready":                          "Running, readiness failing",
	"startup takes long":                   "Running, startup probe not passed",
	"exit 1":                               "Error exit 1, restart pending (no back-off reason yet), Always",
	"crash loop":                           "CrashLoopBackOff after 1st restart, Always",
	"exit 3, never again":                  "Error exit 3, Never",
	"exit 0, done":                         "Completed, Never/OnFailure",
	"out of memory":                        "OOMKilled just now, Always (before back-off is recorded)",
	"init takes long":                      "Init running 0/2",
	"init fails":                           "Init failed exit 1, Always (just failed)",
	"init fails, never again":              "Init failed, Never",
	"sidecar, all well":                    "Sidecar running + app running",
	"deadline exceeded":                    "DeadlineExceeded (pod activeDeadlineSeconds)",
	"slow to end":                          "Terminating (grace period)",
	"stuck Terminating":                    "Terminating (grace period)",
	"evicted: memory":                      "Evicted (node pressure, after kill)",
	"container lost":                       "ContainerStatusUnknown (container lost, Never)",
}

var failureRow = regexp.MustCompile("(?m)^\\| ([^|]+) \\| `([^|]+)` \\| ([^|]*)\\| (`[^|]+`) \\| ([^|]*)\\|$")

// catalogue reads the README's rows about pods.
func catalogue(t *testing.T) []failure {
	t.Helper()
	_, text, _ := strings.Cut(readme(t), "\n## 23. The catalogue of failures\n")
	text, _, _ = strings.Cut(text, "\n## ")
	var all []failure
	for _, part := range strings.Split(text, "\n### ")[1:] {
		title, body, _ := strings.Cut(part, "\n")
		name, _, isHook := strings.Cut(title, "(")
		if !isHook {
			name = ""
		}
		for _, m := range failureRow.FindAllStringSubmatch(body, -1) {
			f := failure{name: m[1], hook: name, line: m[2], event: strings.TrimSpace(m[5])}
			for e := range strings.SplitSeq(m[3], ";") {
				if e = strings.TrimSpace(e); e != "" {
					f.edits = append(f.edits, e)
				}
			}
			for r := range strings.SplitSeq(m[4], ",") {
				f.rows = append(f.rows, strings.Trim(r, " `"))
			}
			all = append(all, f)
		}
	}
	return all
}

// TestCatalogue plays every failure of the README's catalogue about pods on a held clock: what kubectl prints on the way, the
// event, and in the end every field that a real kubelet writes, where that is known.
func TestCatalogue(t *testing.T) {
	all := catalogue(t)
	if len(all) < 65 {
		t.Fatalf("%d rows found in the README: does the test read them right?", len(all))
	}
	goldens := podtest.Cases(t, "../engine/pod/testdata/kubelet-statuses.txt")
	seen := map[string]bool{}
	for _, f := range all {
		if seen[f.name] && f.name != "nothing" {
			t.Errorf("two rows are called %q", f.name)
		}
		seen[f.name] = true
		t.Run(f.name, func(t *testing.T) {
			play := newFailurePlay(t, f)
			play.play()
			if golden := goldenOf[f.name]; golden != "" {
				play.compare(goldens[golden])
			}
		})
	}
	for name, golden := range goldenOf {
		if _, ok := goldens[golden]; !ok || !seen[name] {
			t.Errorf("%q is compared with %q: one of them is not there", name, golden)
		}
	}
}

// failurePlay is one row being played.
type failurePlay struct {
	failure
	t      *testing.T
	sim    *sim.Sim
	pod    *v1.Pod
	rows   []string // READY STATUS, each as it first came after another
	events []string
}

func newFailurePlay(t *testing.T, f failure) *failurePlay {
	t.Helper()
	s, err := sim.New(t.Context(), sim.Options{Kubernetes: true, Seed: 1, Scripts: f.scripts()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	p := &failurePlay{failure: f, t: t, sim: s, pod: f.pod(t)}
	s.OnEvent(func(_ *v1.Pod, e pod.Event) { p.events = append(p.events, e.Type+" "+e.Reason+": "+e.Message) })
	s.OnStatus(func(one *state.Pod) { p.look(one) })
	return p
}

// scripts are the one script of the row.
func (f failure) scripts() []script.Source {
	text := "match = true\n"
	if f.hook != "" {
		var params []string
		for _, sig := range hook.Registry() {
			if sig.Name == f.hook {
				for _, a := range sig.Params {
					params = append(params, a.Name)
				}
			}
		}
		text += fmt.Sprintf("function %s(%s) %s end\n", f.hook, strings.Join(params, ", "), f.line)
	}
	return []script.Source{{Name: "failure.lua", Text: []byte(text)}}
}

// pod is the pod of the cases of a real kubelet, with the edits of the row.
func (f failure) pod(t *testing.T) *v1.Pod {
	t.Helper()
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: "web-0", Namespace: "default", UID: "uid", Generation: 1, CreationTimestamp: metav1.NewTime(sim.Start),
	}}
	p.Spec.NodeName = "virtual-kubelet"
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "nginx:1.27"}}
	p.Spec.RestartPolicy = v1.RestartPolicyAlways
	p.Spec.TerminationGracePeriodSeconds = new(int64(30))
	for _, e := range f.edits {
		if !edit(p, e) {
			t.Fatalf("what is %q?", e)
		}
	}
	return p
}

// edit does to a pod what a row says in words.
func edit(p *v1.Pod, words string) bool {
	always := v1.ContainerRestartPolicyAlways
	app, what := &p.Spec.Containers[0], strings.Fields(words)
	last := what[len(what)-1]
	switch strings.TrimSpace(strings.TrimSuffix(words, last)) {
	case "restart policy":
		p.Spec.RestartPolicy = v1.RestartPolicy(last)
	case "image pull policy":
		app.ImagePullPolicy = v1.PullPolicy(last)
	case "init container":
		p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: last, Image: app.Image})
	case "sidecar":
		p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: last, Image: app.Image, RestartPolicy: &always})
	case "container":
		p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: last, Image: app.Image})
	case "startup":
		app.StartupProbe = &v1.Probe{FailureThreshold: 1, PeriodSeconds: 2}
	case "readiness":
		p.Spec.ReadinessGates = []v1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	case "active for 1 s at":
		p.Spec.ActiveDeadlineSeconds = new(int64(1))
	default:
		return words == "deleted"
	}
	return true
}

func (p *failurePlay) look(one *state.Pod) {
	ready, word, _ := pod.Row(one.Object, one.Status, p.sim.Clock.Now())
	if row := ready + " " + word; len(p.rows) == 0 || p.rows[len(p.rows)-1] != row {
		p.rows = append(p.rows, row)
	}
}

// play lets the pod live until kubectl has printed the row's last words, for two minutes at most.
func (p *failurePlay) play() {
	p.t.Helper()
	ctx := p.t.Context()
	if err := p.sim.BindPod(ctx, p.pod); err != nil {
		p.t.Fatal(err)
	}
	p.sim.Pass(ctx, time.Second/2)
	switch {
	case p.hook == "":
		p.sim.Pass(ctx, time.Second)
		p.rows = nil
		act(p.t, p.sim, p.line)
	case slices.Contains(p.edits, "deleted"):
		p.end()
	}
	for range 240 {
		if p.done() {
			return
		}
		p.sim.Pass(ctx, time.Second/2)
	}
	p.t.Errorf("kubectl printed %q, want %q in that order; events:\n%s\nwant %s", p.rows, p.failure.rows, strings.Join(p.events, "\n"), p.event)
}

// end deletes the pod as Kubernetes does.
func (p *failurePlay) end() {
	q := *p.pod
	q.DeletionTimestamp = &metav1.Time{Time: p.sim.Clock.Now().Add(time.Minute)}
	q.DeletionGracePeriodSeconds = new(int64(60))
	p.pod = &q
	if err := p.sim.EndPod(p.t.Context(), p.pod); err != nil {
		p.t.Fatal(err)
	}
	p.look(p.sim.Store.Get(p.key()))
}

func (p *failurePlay) key() state.Key { return state.Key{Namespace: p.pod.Namespace, Name: p.pod.Name} }

// done says that all was printed, the last of it now, and that the event was told.
func (p *failurePlay) done() bool {
	want := p.failure.rows
	if len(p.rows) == 0 || p.rows[len(p.rows)-1] != want[len(want)-1] {
		return false
	}
	for _, got := range p.rows {
		if len(want) > 0 && got == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0 && (p.event == "" || slices.ContainsFunc(p.events, func(e string) bool { return fits(e, p.event) }))
}

// fits compares an event with one in which … stands for any text.
func fits(got, want string) bool {
	parts := strings.Split(want, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(strings.TrimSpace(parts[i]))
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + " ?$").MatchString(got)
}

var verbCall = regexp.MustCompile(`^(pods|nodes)\{\}:(\w+)\((.*)\)$`)

// act does what a line such as pods{}:crash(1) says.
func act(t *testing.T, s *sim.Sim, line string) {
	t.Helper()
	m := verbCall.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("%s is no verb", line)
	}
	o := fault.Order{On: fault.Target(strings.TrimSuffix(m[1], "s")), Verb: m[2], Args: map[string]any{}}
	verb, err := fault.Find(o.On, o.Verb)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range strings.Split(m[3], ",") {
		text = strings.Trim(text, ` "`)
		n, err := strconv.ParseFloat(text, 64)
		switch {
		case text == "":
		case i >= len(verb.Args):
			if o.Lasts, err = fault.ParseDuration(text); err != nil {
				t.Fatal(err)
			}
		case err == nil:
			o.Args[verb.Args[i].Name] = n
		default:
			o.Args[verb.Args[i].Name] = text
		}
	}
	if _, err := s.Act(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

var numbers = regexp.MustCompile(`\d+`)

// compare compares the pod's status with that of a real kubelet.
func (p *failurePlay) compare(want podtest.Case) {
	p.t.Helper()
	got := p.sim.Store.Get(p.key()).Status.DeepCopy()
	golden := want.Status.DeepCopy()
	if strings.HasPrefix(got.Reason, "OutOf") { // how much is whose depends on the node
		got.Message, golden.Message = numbers.ReplaceAllString(got.Message, "N"), numbers.ReplaceAllString(golden.Message, "N")
	}
	if d := cmp.Diff(podtest.Plain(p.t, golden), podtest.Plain(p.t, got)); d != "" {
		p.t.Errorf("status (-kubelet +ours):\n%s", d)
	}
}

var nodeRow = regexp.MustCompile("(?m)^\\| ([^|]+) \\| `([^|]+)` \\| (\\w+) \\| (\\w+) (\\w+) (\\w+): ([^|]+) \\|$")

// TestCatalogueOfNodes does the same for nodes.
func TestCatalogueOfNodes(t *testing.T) {
	rows := nodeRow.FindAllStringSubmatch(readme(t), -1)
	if len(rows) != 10 {
		t.Fatalf("%d rows found in the README", len(rows))
	}
	for _, m := range rows {
		t.Run(m[1], func(t *testing.T) {
			o := sim.Options{Kubernetes: true, Seed: 1}
			if strings.HasPrefix(m[2], "return ") {
				o.Scripts = failure{hook: hook.Conditions, line: m[2]}.scripts()
			}
			s, err := sim.New(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			if strings.HasPrefix(m[2], "nodes{}:") {
				act(t, s, m[2])
			}
			if got := s.Nodes(t.Context())[0].Status; got != m[3] {
				t.Errorf("it is %s, want %s", got, m[3])
			}
			now, err := s.NodeState(t.Context(), "virtual-kubelet")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range now.Conditions {
				if string(c.Type) == m[4] {
					if got, want := fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message), fmt.Sprintf("%s %s: %s", m[5], m[6], m[7]); got != want {
						t.Errorf("%s %s, want %s", c.Type, got, want)
					}
				}
			}
		})
	}
}
