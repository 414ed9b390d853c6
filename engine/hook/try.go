package hook

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// try puts every hook of a new generation to sample pods before it may serve, and returns what broke: a script that
// compiles but cannot answer is found now and not by the next pod.
func (h *Hooks) try(ctx context.Context, gen *Generation) []*script.Error {
	trial := &Hooks{opts: h.opts}
	trial.opts.World = func() script.World { return emptyWorld{} }
	trial.opts.Called = nil
	trial.opts.rehearsal = true
	var broken []*script.Error
	trial.opts.Failed = func(e *script.Error) {
		if !slices.ContainsFunc(broken, func(b *script.Error) bool { return b.Script == e.Script && b.Line == e.Line && b.Text == e.Text }) {
			broken = append(broken, e)
		}
	}
	trial.current.Store(gen)
	for _, f := range gen.Files() {
		ended := map[string]bool{}
		for _, p := range samples(f) {
			(&trialPod{h: trial, gen: gen, file: f, object: p, memo: map[string]any{}, ended: ended}).live(ctx)
		}
		trial.tryNode(ctx, f)
	}
	gen.trips = trips{}
	return broken
}

type emptyWorld struct{}

func (emptyWorld) Pods() []*script.Pod   { return nil }
func (emptyWorld) Nodes() []*script.Node { return nil }

// sampleTime is any moment: what a script makes of it is its own affair.
var sampleTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// trialPod is a sample pod that goes through its life once, and remembers what its hooks write.
type trialPod struct {
	h      *Hooks
	gen    *Generation
	file   *script.File
	object *v1.Pod
	memo   map[string]any
	ended  map[string]bool // hooks of the file that a limit ended: asking on would only take time
}

// live asks the file's hooks in the order in which a pod meets them.
func (t *trialPod) live(ctx context.Context) {
	pending := &v1.PodStatus{Phase: v1.PodPending, QOSClass: v1.PodQOSBestEffort}
	running, _ := pod.Shape("Running", t.object, pending, sampleTime)
	if t.file.Match != nil && t.file.Match.Func {
		t.h.matches(ctx, t.gen, t.file, t.subject(pending).Pod)
	}
	t.ask(OnCreate, func() Asked { _, a := t.h.OnCreate(ctx, t.subject(pending), 1, sampleTime); return a })
	t.run(ctx, t.object.Spec.InitContainers, pod.Init, pending)
	t.run(ctx, t.object.Spec.Containers, pod.App, pending)
	for _, s := range []*v1.PodStatus{pending, running} {
		t.ask(Status, func() Asked {
			_, a := t.h.Status(ctx, t.subject(s), StatusAsk{Derived: s, At: sampleTime})
			return a
		})
	}
	t.ask(Logs, func() Asked { _, a := t.h.Logs(ctx, t.subject(running), sampleLog(t.object)); return a })
	t.visit(ctx, running)
	t.ask(OnUpdate, func() Asked {
		_, a := t.h.OnUpdate(ctx, t.subject(running), &script.Pod{Object: t.object, Status: running}, 1, sampleTime)
		return a
	})
	t.ask(OnDelete, func() Asked { _, a := t.h.OnDelete(ctx, t.subject(running), 1, sampleTime); return a })
}

// visit asks what people ask who look into a running pod.
func (t *trialPod) visit(ctx context.Context, running *v1.PodStatus) {
	app := &t.object.Spec.Containers[0]
	for _, argv := range []string{"sh", app.Name} {
		attach := argv == app.Name
		t.ask(Exec, func() Asked {
			_, a := t.h.Exec(ctx, t.subject(running), ExecAsk{Container: app, Argv: []string{argv}, Number: 1, At: sampleTime, IO: sampleClient(attach)})
			return a
		})
	}
	t.ask(PortForward, func() Asked {
		_, a := t.h.PortForward(ctx, t.subject(running), PortAsk{Port: 80, Number: 1, At: sampleTime, IO: sampleClient(false)})
		return a
	})
	t.ask(HTTP, func() Asked {
		r := &HTTPRequest{Method: "GET", Path: "/", Host: "localhost", Query: map[string]string{}, Headers: map[string]string{"host": "localhost"}}
		_, a, _ := t.h.HTTP(ctx, t.subject(running), HTTPAsk{Port: 80, Number: 1, At: sampleTime, Request: r})
		return a
	})
	t.ask(Usage, func() Asked {
		_, a := t.h.Usage(ctx, t.subject(running), UsageAsk{Container: app, Run: 1, Sample: 1, Started: sampleTime, At: sampleTime})
		return a
	})
}

// sampleClient says a few things that most programs understand, and leaves.
func sampleClient(attach bool) *script.IO {
	return &script.IO{In: strings.NewReader("help\nexit\nQUIT\n"), Attach: attach, TTY: attach, Size: func() (int, int) { return 80, 24 }}
}

func (t *trialPod) subject(s *v1.PodStatus) Subject {
	return Subject{
		Gen: t.gen, Owner: t.file, Incarnation: 1,
		Pod: &script.Pod{Object: t.object, Status: s, Memo: &script.Memo{Tree: maps.Clone(t.memo)}},
	}
}

// ask puts a question if the file itself answers it.
func (t *trialPod) ask(hook string, put func() Asked) {
	if !t.file.Has(hook) || t.ended[hook] {
		return
	}
	asked := put()
	if e, broke := errors.AsType[*script.Error](asked.Err); broke && e.Kind == script.Limit {
		t.ended[hook] = true
	}
	maps.Copy(t.memo, asked.Memo)
	for _, key := range asked.Deleted {
		delete(t.memo, key)
	}
}

// run pulls and starts containers, twice each: a first run has no one before it.
func (t *trialPod) run(ctx context.Context, list []v1.Container, kind pod.Kind, s *v1.PodStatus) {
	ended := metav1.NewTime(sampleTime)
	previous := &v1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", StartedAt: ended, FinishedAt: ended}
	for i := range list {
		first := pod.Question{Container: &list[i], Kind: kind, Number: 1, At: sampleTime, Now: sampleTime}
		again := first
		again.Number, again.Previous = 2, previous
		t.ask(OnPull, func() Asked { _, a := t.h.OnPull(ctx, t.subject(s), first); return a })
		for _, q := range []pod.Question{first, again} {
			t.ask(OnStart, func() Asked { _, a := t.h.OnStart(ctx, t.subject(s), q); return a })
		}
	}
}

// sampleLog wants the last lines of an hour.
func sampleLog(p *v1.Pod) LogAsk {
	return LogAsk{
		Container: &p.Spec.Containers[0], Run: 1, Started: sampleTime, At: sampleTime.Add(time.Hour),
		Tail: 3, MaxLines: 3, MaxBytes: 1 << 20,
	}
}

// tryNode asks the node hooks of the file that answers them: another that defines one too is never asked.
func (h *Hooks) tryNode(ctx context.Context, f *script.File) {
	sample := NodeQuestion{Number: 1, At: sampleTime}
	for hook, ask := range map[string]func(){
		Capacity:   func() { h.Capacity(ctx, v1.ResourceList{}, sample) },
		Conditions: func() { h.Conditions(ctx, nil, sample) },
		Addresses:  func() { h.Addresses(ctx, nil, sample) },
		Heartbeat:  func() { h.Heartbeat(ctx, sample) },
	} {
		if h.Current().nodeFile(hook) == f {
			ask()
		}
	}
	if f.Match != nil && f.Has(OnRequest) {
		for _, name := range f.Match.Calls {
			h.OnRequest(ctx, Call{Name: name, Namespace: "default", Pod: "sample", Container: "app", Number: 1}, sampleTime)
		}
	}
}

// samples are the pods a file is tried on: a plain one and one with all that a pod commonly has, both made so that
// the file's match accepts them where it can.
func samples(f *script.File) []*v1.Pod {
	plain := samplePod("sample", v1.PodSpec{Containers: []v1.Container{{Name: "app", Image: "app:1"}}})
	full := samplePod("sample-full", v1.PodSpec{
		NodeName:       "virtual-kubelet",
		RestartPolicy:  v1.RestartPolicyAlways,
		InitContainers: []v1.Container{{Name: "init", Image: "init:1"}},
		Containers: []v1.Container{
			{Name: "app", Image: "app:1", Ports: []v1.ContainerPort{{Name: "http", ContainerPort: 80}}, Env: []v1.EnvVar{{Name: "A", Value: "b"}}},
			{Name: "log", Image: "log:1"},
		},
	})
	for _, p := range []*v1.Pod{plain, full} {
		dress(p, f)
	}
	return []*v1.Pod{plain, full}
}

func samplePod(name string, spec v1.PodSpec) *v1.Pod {
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "default", UID: "00000000-0000-0000-0000-000000000001", CreationTimestamp: metav1.NewTime(sampleTime),
		},
		Spec: spec,
	}
}

// dress gives a sample the labels and annotations that the file's match asks for.
func dress(p *v1.Pod, f *script.File) {
	p.Labels, p.Annotations = map[string]string{"app": "sample"}, map[string]string{}
	if f.Match != nil {
		maps.Copy(p.Labels, f.Match.Labels)
		maps.Copy(p.Annotations, f.Match.Annotations)
	}
}
