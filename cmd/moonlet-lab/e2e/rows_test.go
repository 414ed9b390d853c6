package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// kubeletCases are all cases of a real kubelet, with the row that kubectl prints.
const kubeletCases = "../../../engine/pod/testdata/kubelet-statuses.txt"

// byOthers are the cases whose status no kubelet writes.
var byOthers = map[string]bool{
	"Unschedulable (written by kube-scheduler, no kubelet)": true,
	"SchedulingGated": true,
	"NodeLost + deleting (legacy DeletePods path)": true,
}

// played is how a case comes about on a real API server.
type played struct {
	lua  string // of its own script
	edit func(*v1.Pod)
	then func(ctx context.Context, client kubernetes.Interface, p *v1.Pod) error // once it runs
}

var rowCases = map[string]played{
	"ContainerCreating, no sandbox yet":                {lua: `function on_create() return delay("1h") end`},
	"ContainerCreating, sandbox ready (image pulling)": {lua: `function on_pull() return "1h" end`},
	"Running+Ready":                     {},
	"Running, readiness failing":        {lua: `function on_start() return { ready = false } end`},
	"Running, startup probe not passed": {lua: `function on_start() return { started = "1h" } end`},
	"ErrImagePull":                      {lua: pull("ErrImagePull", "1s")},
	"ImagePullBackOff":                  {lua: pull("ErrImagePull", "0s")},
	"ErrImageNeverPull":                 {lua: pull("ErrImageNeverPull", "0s"), edit: func(p *v1.Pod) { p.Spec.Containers[0].ImagePullPolicy = v1.PullNever }},
	"CreateContainerConfigError":        {lua: `function on_start() return { start_error = { reason = "CreateContainerConfigError", message = 'secret "db" not found' } } end`},
	"RunContainerError first time":      {lua: `function on_start() return { start_error = "failed to start containerd task ..." } end`},
	"Error exit 1, restart pending (no back-off reason yet), Always": {lua: exits(1, "")},
	"CrashLoopBackOff after 1st restart, Always":                     {lua: exits(1, "")},
	"CrashLoopBackOff, Always, OOM":                                  {lua: exits(137, "OOMKilled") + restarted(7)},
	"OOMKilled just now, Always (before back-off is recorded)":       {lua: exits(137, "OOMKilled")},
	"Error exit 3, Never":                                            {lua: exits(3, ""), edit: policy(v1.RestartPolicyNever)},
	"Completed, Never/OnFailure":                                     {lua: exits(0, ""), edit: policy(v1.RestartPolicyOnFailure)},
	"Completed exit 0 but Always -> restart":                         {lua: exits(0, "") + restarted(3)},
	"Init running 0/2":                                               {lua: `function on_start() return { exit = 0, after = "1h" } end`, edit: inits("init-a", "init-b")},
	"Init failed exit 1, Always (just failed)":                       {lua: exits(1, ""), edit: inits("init-a")},
	"Init failed, Never": {lua: exits(1, ""), edit: func(p *v1.Pod) {
		inits("init-a")(p)
		policy(v1.RestartPolicyNever)(p)
	}},
	"Init done, app starting": {lua: `function on_pull(pod, c) if c.name == "app" then return "1h" end end`, edit: inits("init-a")},
	"Sidecar running + app running": {edit: func(p *v1.Pod) {
		inits("proxy")(p)
		always := v1.ContainerRestartPolicyAlways
		p.Spec.InitContainers[0].RestartPolicy = &always
	}},
	"Evicted (node pressure, after kill)":        {lua: `function status() return "Evicted" end`},
	"Evicted at admission (node under pressure)": {lua: `function on_create() return "Evicted" end`},
	"OutOfcpu":    {lua: `function on_create() return "OutOfcpu" end`, edit: asks(v1.ResourceCPU, "4")},
	"OutOfmemory": {lua: `function on_create() return "OutOfmemory" end`},
	"OutOfpods":   {lua: `function on_create() return "OutOfpods" end`},
	"NodeShutdown (admission)": {
		lua: `function on_create() return "NodeShutdown" end`,
	},
	"DeadlineExceeded (pod activeDeadlineSeconds)": {edit: func(p *v1.Pod) {
		second := int64(1)
		p.Spec.ActiveDeadlineSeconds = &second
	}, lua: `function on_start() return { terminate = "0s" } end`},
	"Terminating (grace period)": {lua: deaf, then: deleted},
	"Terminating, scheduler preemption": {
		lua: deaf, then: disrupted("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"),
	},
	"Terminating, taint manager (stuck on dead node)": {
		lua: deaf, then: disrupted("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"),
	},
	"ContainerStatusUnknown (container lost, Never)": {
		lua: `function status() return "ContainerStatusUnknown" end`, edit: policy(v1.RestartPolicyNever),
	},
}

const deaf = `function on_start() return { terminate = false } end`

func pull(reason, after string) string {
	return fmt.Sprintf(`function on_pull() return { after = %q, reason = %q, error = "failed to pull and unpack image ..." } end`, after, reason)
}

func exits(code int, reason string) string {
	if reason != "" {
		reason = fmt.Sprintf("reason = %q, ", reason)
	}
	return fmt.Sprintf(`function on_start() return { exit = %d, %safter = "1s" } end`, code, reason) + "\n"
}

// restarted shows more restarts than there is time for.
func restarted(n int) string {
	return fmt.Sprintf(`function status(pod, status)
  local s = copy(status)
  if not s.containerStatuses then return end
  s.containerStatuses[1].restartCount = %d
  return replace(s)
end`, n)
}

func policy(p v1.RestartPolicy) func(*v1.Pod) {
	return func(pod *v1.Pod) { pod.Spec.RestartPolicy = p }
}

func asks(name v1.ResourceName, q string) func(*v1.Pod) {
	return func(p *v1.Pod) {
		p.Spec.Containers[0].Resources.Requests = v1.ResourceList{name: resource.MustParse(q)}
	}
}

func inits(names ...string) func(*v1.Pod) {
	return func(p *v1.Pod) {
		for _, n := range names {
			p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: n, Image: "busybox"})
		}
	}
}

func deleted(ctx context.Context, client kubernetes.Interface, p *v1.Pod) error {
	grace := int64(300)
	return client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: &grace})
}

// disrupted marks a pod as those do who delete it for a reason, and deletes it.
func disrupted(reason, message string) func(context.Context, kubernetes.Interface, *v1.Pod) error {
	return func(ctx context.Context, client kubernetes.Interface, p *v1.Pod) error {
		patch := fmt.Sprintf(`{"status":{"conditions":[{"type":"DisruptionTarget","status":"True","reason":%q,"message":%q}]}}`, reason, message)
		_, err := client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
		if err != nil {
			return err
		}
		return deleted(ctx, client, p)
	}
}

// TestRows brings every case of a kubelet about, and reads the row that kubectl prints.
func TestRows(t *testing.T) {
	client := clusterClient(t, &theLab)
	ns := newNamespace(t, client, "rows")
	scripts, pods, want := map[string]string{}, map[string]*v1.Pod{}, map[string]string{}
	for name, row := range rows(t) {
		if byOthers[name] {
			continue
		}
		c, ok := rowCases[name]
		if !ok {
			t.Errorf("case %q is not played", name)
			continue
		}
		pod := podOn("rows", ns, slug(name))
		pod.Labels = map[string]string{"case": pod.Name}
		if c.edit != nil {
			c.edit(pod)
		}
		scripts[pod.Name+".lua"] = fmt.Sprintf("match = { labels = { case = %q } }\n%s\n", pod.Name, c.lua)
		pods[name], want[pod.Name] = pod, row
	}
	startKubelet(t, &theLab, "--nodename", "rows", "--namespace", ns, "--state", "memory", "--scripts", scriptFolder(t, scripts))
	watching := watchRows(t, ns)
	for name, pod := range pods {
		if _, err := client.CoreV1().Pods(ns).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for name, pod := range pods {
		if then := rowCases[name].then; then != nil {
			eventually(t, name+" runs", func() error { return seen(watching(), pod.Name, "1/1 Running 0") })
			if err := then(t.Context(), client, pod); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	eventually(t, "every row is printed", func() error {
		var missing []error
		for _, pod := range pods {
			missing = append(missing, seen(watching(), pod.Name, want[pod.Name]))
		}
		return errors.Join(missing...)
	})
}

var (
	rowLine  = regexp.MustCompile(`^kubectl: READY=(\S+) STATUS=(\S+) RESTARTS=(\d+)`)
	notWords = regexp.MustCompile(`[^a-z0-9]+`)
)

func slug(name string) string {
	return strings.Trim(notWords.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// rows are the cases with what kubectl prints of them: how long ago a restart was depends on when one looks.
func rows(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile(kubeletCases)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, part := range strings.Split(string(b), "\n### ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		row := rowLine.FindStringSubmatch(rest)
		if row == nil {
			t.Fatalf("%s: no row", name)
		}
		all[name] = strings.Join(row[1:], " ")
	}
	return all
}

// watchRows collects all that kubectl get pods --watch prints.
func watchRows(t *testing.T, ns string) func() string {
	t.Helper()
	out := t.TempDir() + "/rows"
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := theLab.command("kubectl", "get", "pods", "-n", ns, "--watch", "--no-headers")
	cmd.Stdout = f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return func() string {
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

// seen wants a row among those printed of a pod.
func seen(printed, pod, row string) error {
	var all []string
	for line := range strings.Lines(printed) {
		f := strings.Fields(line)
		if len(f) < 4 || f[0] != pod {
			continue
		}
		if got := strings.Join(f[1:4], " "); got == row {
			return nil
		}
		all = append(all, strings.Join(f[1:4], " "))
	}
	return fmt.Errorf("of %s kubectl printed %q, never %q", pod, all, row)
}
