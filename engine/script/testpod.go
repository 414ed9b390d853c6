package script

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// podWish is what pod{ … } takes: a short form, or a manifest.
type podWish struct {
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	Metadata   *metav1.ObjectMeta `json:"metadata"`
	Spec       *v1.PodSpec        `json:"spec"`

	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Script      string            `json:"script"`  // whose pod it is, whatever the matches say
	Owner       string            `json:"owner"`   // "ReplicaSet/web-5d9c", or a ReplicaSet's name
	Node        string            `json:"node"`    // where it is bound to
	Image       string            `json:"image"`   // of its container
	Restart     v1.RestartPolicy  `json:"restart"` // Always, OnFailure, Never
	Grace       *period           `json:"grace"`
	Init        []string          `json:"init"` // names of init containers
	CPU         string            `json:"cpu"`  // request and limit
	Memory      string            `json:"memory"`
}

// TestPodFields documents the short form of pod{ … }.
func TestPodFields() []Arg {
	return []Arg{
		{"name", "string?", "left out: pod-1, pod-2 …"},
		{"namespace", "string?", "left out: default"},
		{"labels", "table<string, string>?", ""},
		{"annotations", "table<string, string>?", ""},
		{"script", "string?", "whose pod it is, whatever the matches say"},
		{"owner", "string?", "\"ReplicaSet/web-5d9c\", or the name of a ReplicaSet"},
		{"node", "string?", "where it is bound to"},
		{"image", "string?", "of its only container, which is named app"},
		{"restart", "string?", "Always, OnFailure or Never"},
		{"grace", "Duration?", "how long it may take to end"},
		{"init", "string[]?", "names of init containers"},
		{"cpu", "string?", "request and limit"},
		{"memory", "string?", "request and limit"},
		{"metadata", "ObjectMeta?", "with spec: a whole manifest"},
		{"spec", "PodSpec?", "in place of the one container"},
	}
}

// annotationScript is how a pod says whose it is.
const annotationScript = "moonlet.dev/script"

// object is the pod that is wished for; nth counts the test's pods.
func (w *podWish) object(nth int) (*v1.Pod, error) {
	p := &v1.Pod{}
	if w.Metadata != nil {
		p.ObjectMeta = *w.Metadata
	}
	set := func(field *string, value, otherwise string) {
		switch {
		case value != "":
			*field = value
		case *field == "":
			*field = otherwise
		}
	}
	set(&p.Name, w.Name, fmt.Sprintf("pod-%d", nth))
	set(&p.Namespace, w.Namespace, v1.NamespaceDefault)
	p.Labels, p.Annotations = merged(p.Labels, w.Labels), merged(p.Annotations, w.Annotations)
	if w.Script != "" {
		p.Annotations[annotationScript] = w.Script
	}
	if w.Owner != "" {
		p.OwnerReferences = append(p.OwnerReferences, ownerNamed(w.Owner))
	}
	return p, w.spec(p)
}

func merged(a, b map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range []map[string]string{a, b} {
		maps.Copy(out, m)
	}
	return out
}

func ownerNamed(owner string) metav1.OwnerReference {
	kind, name, both := strings.Cut(owner, "/")
	if !both {
		kind, name = "ReplicaSet", owner
	}
	yes := true
	return metav1.OwnerReference{APIVersion: "apps/v1", Kind: kind, Name: name, Controller: &yes}
}

// spec fills in the pod's spec.
func (w *podWish) spec(p *v1.Pod) error {
	if w.Spec != nil {
		p.Spec = *w.Spec
	}
	if len(p.Spec.Containers) == 0 {
		p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
	}
	app := &p.Spec.Containers[0]
	if w.Image != "" {
		app.Image = w.Image
	}
	if w.Node != "" {
		p.Spec.NodeName = w.Node
	}
	if w.Restart != "" {
		p.Spec.RestartPolicy = w.Restart
	}
	if w.Grace != nil {
		seconds := int64(time.Duration(*w.Grace) / time.Second)
		p.Spec.TerminationGracePeriodSeconds = &seconds
	}
	for _, name := range w.Init {
		p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: name, Image: name + ":1"})
	}
	for name, text := range map[v1.ResourceName]string{v1.ResourceCPU: w.CPU, v1.ResourceMemory: w.Memory} {
		if err := demand(app, name, text); err != nil {
			return err
		}
	}
	return nil
}

// demand sets a resource as request and limit.
func demand(c *v1.Container, name v1.ResourceName, text string) error {
	if text == "" {
		return nil
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return fmt.Errorf("%s: %q is no quantity: write 500m, 2 or 64Mi", name, text)
	}
	if c.Resources.Requests == nil {
		c.Resources.Requests, c.Resources.Limits = v1.ResourceList{}, v1.ResourceList{}
	}
	c.Resources.Requests[name], c.Resources.Limits[name] = q, q
	return nil
}

// libPod creates a pod and returns a view of it.
func libPod(l *lua.LState) int {
	b, stage := inTest(l, "pod")
	b.n.pods++
	var object *v1.Pod
	var err error
	if file, ok := l.Get(1).(lua.LString); ok {
		object, err = stage.Manifest(string(file))
	} else {
		wish := &podWish{}
		if l.Get(1) != lua.LNil {
			err = Value{stateOf(l), l.Get(1)}.Decode("pod", wish)
		}
		if err == nil {
			object, err = wish.object(b.n.pods)
		}
	}
	if err != nil {
		l.RaiseError("%s", asError(err).Text)
	}
	name := PodName{object.Namespace, object.Name}
	if name.Namespace == "" {
		name.Namespace = v1.NamespaceDefault
	}
	b.deed("pod", func(ctx context.Context) error { return stage.Create(ctx, object) })
	l.Push(newView(&testPod{name: name}))
	return 1
}

// testPod is a pod as it is whenever a test looks.
type testPod struct {
	name PodName
	seen *Pod
	view lua.LValue // of seen
}

// PodMethod documents what a test can do with a pod, beside the verbs.
type PodMethod struct {
	Name    string
	Params  []Arg
	Returns string
	Doc     string
	Example string

	fn lua.LGFunction
}

// PodMethods lists what tests can do with a pod: p:name(…).
func PodMethods() []PodMethod {
	ask := func(m PodMethod) PodMethod {
		m.fn = func(l *lua.LState) int {
			p, b, stage := checkTestPod(l, m.Name)
			q := question(l, m.Name, 2)
			q.Pod = p.name
			return b.ask(stage, q)
		}
		return m
	}
	return []PodMethod{
		ask(PodMethod{Name: "row", Returns: "string", Doc: "What kubectl get pods prints: READY STATUS RESTARTS.", Example: `expect(p:row()):is("1/1 Running 0")`}),
		{Name: "ready", Returns: "boolean", Doc: "Whether the pod is ready.", Example: `expect(p:ready()):is(true)`, fn: podReady},
		{Name: "restarts", Returns: "number", Doc: "The restarts of all its containers.", Example: `expect(p:restarts()):is(0)`, fn: podRestarts},
		{Name: "gone", Returns: "boolean", Doc: "Whether the pod is no more.", Example: `expect(p:gone()):is(false)`, fn: podGone},
		ask(PodMethod{
			Name: "logs", Returns: "string", Params: []Arg{{"options", "table?", "container, tail, previous"}},
			Doc: "The log of its only container, or of the one named.", Example: `expect(p:logs{ tail = 1 }):is("")`,
		}),
		ask(PodMethod{
			Name: "exec", Returns: "table", Params: []Arg{{"...", "string", "the command; or a table with it, and container, stdin, tty"}},
			Doc: "Runs a command as kubectl exec does: stdout, stderr, exit.", Example: `expect(p:exec("ls").exit):is(126)`,
		}),
		ask(PodMethod{
			Name: "usage", Returns: "table?", Params: []Arg{{"container", "string?", "left out: the first that runs"}},
			Doc: "What a container uses now: cpu (cores), memory (bytes). nil: it does not run.", Example: `expect(p:usage().cpu):at_most(1)`,
		}),
		ask(PodMethod{
			Name: "http", Returns: "table", Params: []Arg{{"path", "string", "or a table with it, and port, method, headers, body"}},
			Doc: "Sends a request through a forwarded port: status, body, headers.", Example: `expect(p:http("/").status):is(200)`,
		}),
		ask(PodMethod{Name: "journal", Returns: "string", Doc: "What happened to the pod, and why, a line each.", Example: `expect(p:journal()):contains("Created")`}),
		{Name: "delete", Params: []Arg{{"grace", "Duration?", "left out: the pod's own"}}, Doc: "Deletes the pod. It is gone once it has ended.", Example: `p:delete()`, fn: podDelete},
		{
			Name: "update", Params: []Arg{{"change", "fun(object: Pod)", "changes a copy of the object"}}, fn: podUpdate,
			Doc: "Sends a changed object, as kubectl apply does.", Example: `p:update(function(o) o.metadata.labels = { tier = "b" } end)`,
		},
	}
}

var podMethodNames = func() []string {
	var names []string
	for _, m := range podMethodList {
		names = append(names, m.Name)
	}
	return names
}()

var (
	podMethodList = PodMethods()
	podMethodMap  = func() map[lua.LString]lua.LValue {
		methods := map[lua.LString]lua.LValue{}
		for _, m := range podMethodList {
			methods[lua.LString(m.Name)] = goFunction(m.fn)
		}
		return methods
	}()
)

func (p *testPod) get(l *lua.LState, key lua.LValue) lua.LValue {
	name, _ := key.(lua.LString)
	if m := podMethodMap[name]; m != nil {
		return m
	}
	if m, ok := verbMethods()[fault.Pod][name]; ok {
		return m
	}
	names := slices.Concat(podPlan.names, []string{memoField}, podMethodNames, verbNames(fault.Pod))
	if !slices.Contains(names, string(name)) {
		l.RaiseError("a pod has no '%s'%s", shorten(keyText(key), 60), didYouMean(keyText(key), names))
	}
	return objectOf(p.now(l)).get(l, key)
}

// now is the view of the pod as it is; it raises if the pod is gone.
func (p *testPod) now(l *lua.LState) lua.LValue {
	_, stage := inTest(l, "a pod")
	seen := stage.Pod(p.name)
	if seen == nil {
		l.RaiseError("the pod %s is gone: ask p:gone() first", p.name)
	}
	if p.seen == nil || p.seen.Object != seen.Object || p.seen.Status != seen.Status {
		p.seen, p.view = seen, newPodView(seen)
	}
	return p.view
}

func (p *testPod) set(l *lua.LState, key, _ lua.LValue) {
	l.RaiseError("cannot set '%s': use p:update(function(object) … end)", shorten(keyText(key), 60))
}

func (p *testPod) list(*lua.LState) (int, bool) { return 0, false }

func (p *testPod) keys(l *lua.LState) []lua.LValue { return objectOf(p.now(l)).keys(l) }

func checkTestPod(l *lua.LState, method string) (*testPod, *branch, TestStage) {
	p, ok := objectOf(l.Get(1)).(*testPod)
	if !ok {
		l.RaiseError("call it with a colon on a pod: p:%s()", method)
	}
	b, stage := inTest(l, method)
	return p, b, stage
}

func podReady(l *lua.LState) int {
	p, _, stage := checkTestPod(l, "ready")
	one := stage.Pod(p.name)
	l.Push(lua.LBool(one != nil && one.Ready))
	return 1
}

func podGone(l *lua.LState) int {
	p, _, stage := checkTestPod(l, "gone")
	l.Push(lua.LBool(stage.Pod(p.name) == nil))
	return 1
}

func podRestarts(l *lua.LState) int {
	p, _, _ := checkTestPod(l, "restarts")
	p.now(l)
	n := int32(0)
	if s := p.seen.Status; s != nil {
		for _, list := range [][]v1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses} {
			for i := range list {
				n += list[i].RestartCount
			}
		}
	}
	return pushNumber(l, float64(n))
}

func podDelete(l *lua.LState) int {
	p, b, stage := checkTestPod(l, "delete")
	var grace *time.Duration
	if l.Get(2) != lua.LNil {
		d := checkDuration(l, 2)
		grace = &d
	}
	b.deed("delete", func(ctx context.Context) error { return stage.Delete(ctx, p.name, grace) })
	return 0
}

func podUpdate(l *lua.LState) int {
	p, b, stage := checkTestPod(l, "update")
	change := l.CheckFunction(2)
	p.now(l)
	copied := (&copier{l: l, left: treeNodes / 4}).copy(newPodView(&Pod{Object: p.seen.Object}), 0)
	l.Push(change)
	l.Push(copied)
	l.Call(1, 0)
	object := &v1.Pod{}
	if t, ok := copied.(*lua.LTable); ok {
		t.RawSetString(statusField, lua.LNil)
	}
	if err := (Value{stateOf(l), copied}).Decode("pod", object); err != nil {
		l.RaiseError("%s", asError(err).Text)
	}
	b.deed("update", func(ctx context.Context) error { return stage.Update(ctx, object) })
	return 0
}
