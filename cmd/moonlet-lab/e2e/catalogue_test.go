package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// failure is a row of the catalogue in scripts/README.md, which the tests there play on a held clock.
type failure struct {
	name  string
	hook  string // whose body the line is, with its parameters; "": the line is a verb
	line  string
	edits []string
	rows  []string // READY STATUS, in order
	event string
}

var (
	failureRow = regexp.MustCompile("(?m)^\\| ([^|]+) \\| `([^|]+)` \\| ([^|]*)\\| (`[^|]+`) \\| ([^|]*)\\|$")
	nodeRow    = regexp.MustCompile("(?m)^\\| ([^|]+) \\| `nodes\\{\\}:([^|]+)` \\| (\\w+) \\| (\\w+) (\\w+) (\\w+): ([^|]+) \\|$")
	webAPI     = regexp.MustCompile(`web API +(http://[^/\s]+)/`)
)

func catalogueText(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../../scripts/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(b), " The catalogue of failures\n")
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

func catalogue(t *testing.T) []failure {
	t.Helper()
	all := []failure{{
		name: "a provider's error", hook: "on_create(pod)", line: `return reject(503, "out of capacity")`,
		rows: []string{"0/1 ProviderFailed"}, event: "Warning ProviderCreateFailed: … out of capacity …",
	}}
	for _, part := range strings.Split(catalogueText(t), "\n### ")[1:] {
		title, body, _ := strings.Cut(part, "\n")
		if !strings.Contains(title, "(") {
			title = ""
		}
		for _, m := range failureRow.FindAllStringSubmatch(body, -1) {
			f := failure{name: m[1], hook: title, line: m[2], event: strings.TrimSpace(m[5])}
			for e := range strings.SplitSeq(m[3], ";") {
				f.edits = append(f.edits, strings.TrimSpace(e))
			}
			for r := range strings.SplitSeq(m[4], ",") {
				f.rows = append(f.rows, strings.Trim(r, " `"))
			}
			all = append(all, f)
		}
	}
	if len(all) < 65 {
		t.Fatalf("%d rows found in the README: does the test read them right?", len(all))
	}
	return all
}

// TestRowsOfTheCatalogue brings every failure of the catalogue about, and reads what kubectl prints and the event.
func TestRowsOfTheCatalogue(t *testing.T) {
	client := clusterClient(t, &theLab)
	ns := newNamespace(t, client, "catalogue")
	all := catalogue(t)
	scripts := map[string]string{}
	for i, f := range all {
		if f.hook != "" {
			scripts[f.podName(i)+".lua"] = fmt.Sprintf("match = { names = { %q } }\nfunction %s %s end\n", f.podName(i), f.hook, f.line)
		}
	}
	kubelet := startKubelet(t, &theLab, "--nodename", "cat", "--nodes", "2", "--namespace", ns, "--state", "memory", "--scripts", scriptFolder(t, scripts))
	server := webAPI.FindStringSubmatch(kubelet.output(t))
	if server == nil {
		t.Fatalf("no web API in\n%s", kubelet.output(t))
	}
	printed := watchRows(t, ns)
	for i, f := range all {
		if _, err := client.CoreV1().Pods(ns).Create(t.Context(), f.pod(t, ns, i), metav1.CreateOptions{}); err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
	}
	for i, f := range all {
		f.provoke(t, client, server[1], ns, f.podName(i), printed)
	}
	eventually(t, "every row is printed, every event told", func() error {
		told := eventsOf(t, client, ns)
		var missing []error
		for i, f := range all {
			missing = append(missing, f.printed(printed(), f.podName(i)), f.told(told[f.podName(i)]))
		}
		return errors.Join(missing...)
	})
}

func (f failure) podName(i int) string { return fmt.Sprintf("c%d-%s", i, slug(f.name)) }

// node is where the pod runs: what shuts its node down has one of its own.
func (f failure) node() string {
	if strings.HasPrefix(f.line, "nodes{}") {
		return "cat-1"
	}
	return "cat-0"
}

func (f failure) pod(t *testing.T, ns string, i int) *v1.Pod {
	t.Helper()
	p := podOn(f.node(), ns, f.podName(i))
	always, second := v1.ContainerRestartPolicyAlways, int64(1)
	app := &p.Spec.Containers[0]
	for _, e := range f.edits {
		what := strings.Fields(e + " ")
		if len(what) == 0 || e == "deleted" {
			continue
		}
		last := what[len(what)-1]
		switch strings.TrimSpace(strings.TrimSuffix(e, last)) {
		case "restart policy":
			p.Spec.RestartPolicy = v1.RestartPolicy(last)
		case "image pull policy":
			app.ImagePullPolicy = v1.PullPolicy(last)
		case "init container":
			inits(last)(p)
		case "sidecar":
			inits(last)(p)
			p.Spec.InitContainers[len(p.Spec.InitContainers)-1].RestartPolicy = &always
		case "container":
			p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: last, Image: app.Image})
		case "startup":
			app.StartupProbe = &v1.Probe{FailureThreshold: 1, PeriodSeconds: 2, ProbeHandler: v1.ProbeHandler{Exec: &v1.ExecAction{Command: []string{"true"}}}}
		case "readiness":
			p.Spec.ReadinessGates = []v1.PodReadinessGate{{ConditionType: "example.com/gate"}}
		case "active for 1 s at":
			p.Spec.ActiveDeadlineSeconds = &second
		default:
			t.Fatalf("what is %q?", e)
		}
	}
	return p
}

// provoke does what a row wants done to a pod that runs.
func (f failure) provoke(t *testing.T, client kubernetes.Interface, server, ns, pod string, printed func() string) {
	t.Helper()
	deletes := len(f.edits) > 0 && f.edits[0] == "deleted"
	if f.hook != "" && !deletes {
		return
	}
	eventually(t, f.name+": it runs", func() error {
		return failure{rows: []string{"1/1 Running"}}.printed(printed(), pod)
	})
	if deletes {
		if err := deleted(t.Context(), client, podOn("", ns, pod)); err != nil {
			t.Fatal(err)
		}
		return
	}
	target, whom := "pod", ns+"/"+pod
	call, ok := strings.CutPrefix(f.line, "pods{}:")
	if !ok {
		target, whom, call = "node", f.node(), strings.TrimPrefix(f.line, "nodes{}:")
	}
	act(t, server, target, whom, call)
}

// act says a verb such as crash(1) on the command line.
func act(t *testing.T, server, target, whom, call string) {
	t.Helper()
	verb, args, _ := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	line := []string{target, verb, whom, "--server", server}
	for a := range strings.SplitSeq(args, ",") {
		if a = strings.Trim(a, ` "`); a != "" {
			line = append(line, a)
		}
	}
	if out, err := exec.Command(moonletBinary, line...).CombinedOutput(); err != nil {
		t.Fatalf("moonlet %s: %v\n%s", strings.Join(line, " "), err, out)
	}
}

// printed wants the rows among those that kubectl printed of a pod, in order.
func (f failure) printed(printed, pod string) error {
	want, all := f.rows, []string{}
	for line := range strings.Lines(printed) {
		w := strings.Fields(line)
		if len(w) < 4 || w[0] != pod {
			continue
		}
		got := w[1] + " " + w[2]
		all = append(all, got)
		if len(want) > 0 && got == want[0] {
			want = want[1:]
		}
	}
	if len(want) > 0 {
		return fmt.Errorf("of %s kubectl printed %q, not %q", pod, all, f.rows)
	}
	return nil
}

// eventsOf are the events about each pod, as the catalogue writes them.
func eventsOf(t *testing.T, client kubernetes.Interface, ns string) map[string][]string {
	t.Helper()
	list, err := client.CoreV1().Events(ns).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, e := range list.Items {
		all[e.InvolvedObject.Name] = append(all[e.InvolvedObject.Name], e.Type+" "+e.Reason+": "+e.Message)
	}
	return all
}

// told wants the row's event among those of its pod; … stands for any text.
func (f failure) told(events []string) error {
	if f.event == "" {
		return nil
	}
	parts := strings.Split(f.event, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(strings.TrimSpace(parts[i]))
	}
	want := regexp.MustCompile("^" + strings.Join(parts, ".*") + " ?$")
	if slices.ContainsFunc(events, want.MatchString) {
		return nil
	}
	return fmt.Errorf("%s: no event %s in %q", f.name, f.event, events)
}

// TestRowsOfNodes does the same for nodes.
func TestRowsOfNodes(t *testing.T) {
	client := clusterClient(t, &theLab)
	rows := nodeRow.FindAllStringSubmatch(catalogueText(t), -1)
	if len(rows) != 5 {
		t.Fatalf("%d rows found in the README", len(rows))
	}
	kubelet := startKubelet(t, &theLab, "--nodename", "row", "--nodes", strconv.Itoa(len(rows)), "--state", "memory", "--scripts", scriptFolder(t, nil))
	server := webAPI.FindStringSubmatch(kubelet.output(t))
	for i, m := range rows {
		act(t, server[1], "node", fmt.Sprintf("row-%d", i), m[2])
	}
	for i, m := range rows {
		name := fmt.Sprintf("row-%d", i)
		eventually(t, m[1], func() error {
			out, err := theLab.command("kubectl", "get", "node", name, "--no-headers").Output()
			if err != nil {
				return err
			}
			if w := strings.Fields(string(out)); len(w) < 2 || w[1] != m[3] {
				return fmt.Errorf("kubectl prints %q, want %s", out, m[3])
			}
			return hasCondition(t, client, name, m[4:])
		})
	}
}

// hasCondition wants type, status, reason and message of a node's condition.
func hasCondition(t *testing.T, client kubernetes.Interface, node string, want []string) error {
	t.Helper()
	n, err := client.CoreV1().Nodes().Get(t.Context(), node, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, c := range n.Status.Conditions {
		if string(c.Type) == want[0] && string(c.Status) == want[1] && c.Reason == want[2] && c.Message == want[3] {
			return nil
		}
	}
	return fmt.Errorf("no condition %q in %v", want, n.Status.Conditions)
}
