package hook

import (
	"context"
	"maps"
	"slices"
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
	var broken []*script.Error
	trial.opts.Failed = func(e *script.Error) {
		if !slices.ContainsFunc(broken, func(b *script.Error) bool { return b.Script == e.Script && b.Line == e.Line && b.Text == e.Text }) {
			broken = append(broken, e)
		}
	}
	trial.current.Store(gen)
	for _, f := range gen.Files() {
		for _, p := range samples(f) {
			trial.tryPod(ctx, gen, f, p)
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

func (h *Hooks) tryPod(ctx context.Context, gen *Generation, f *script.File, p *v1.Pod) {
	status := &v1.PodStatus{Phase: v1.PodPending, QOSClass: v1.PodQOSBestEffort}
	running, _ := pod.Shape("Running", p, status, sampleTime)
	subject := func() Subject {
		return Subject{Gen: gen, Owner: f, Incarnation: 1, Pod: &script.Pod{Object: p, Status: running, Memo: &script.Memo{}}}
	}
	if f.Match != nil && f.Match.Func {
		h.matches(ctx, gen, f, subject().Pod)
	}
	only := func(hook string, ask func()) {
		if f.Has(hook) {
			ask()
		}
	}
	only(OnCreate, func() { h.OnCreate(ctx, subject(), 1, sampleTime) })
	only(OnUpdate, func() { h.OnUpdate(ctx, subject(), &script.Pod{Object: p, Status: status}, 1, sampleTime) })
	only(OnDelete, func() { h.OnDelete(ctx, subject(), 1, sampleTime) })
	only(Status, func() {
		h.Status(ctx, subject(), StatusAsk{Derived: status, At: sampleTime})
		h.Status(ctx, subject(), StatusAsk{Derived: running, At: sampleTime})
	})
	h.tryContainers(ctx, p, subject, only)
}

func (h *Hooks) tryContainers(ctx context.Context, p *v1.Pod, subject func() Subject, only func(string, func())) {
	previous := &v1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", StartedAt: metav1.NewTime(sampleTime), FinishedAt: metav1.NewTime(sampleTime)}
	ask := func(list []v1.Container, kind pod.Kind) {
		for i := range list {
			first := pod.Question{Container: &list[i], Kind: kind, Number: 1, At: sampleTime}
			again := pod.Question{Container: &list[i], Kind: kind, Number: 2, At: sampleTime, Previous: previous}
			only(OnPull, func() { h.OnPull(ctx, subject(), first) })
			only(OnStart, func() { h.OnStart(ctx, subject(), first); h.OnStart(ctx, subject(), again) })
		}
	}
	ask(p.Spec.InitContainers, pod.Init)
	ask(p.Spec.Containers, pod.App)
	only(Logs, func() {
		_, _, _ = h.Logs(ctx, subject(), LogAsk{ // what breaks is told to Failed
			Container: &p.Spec.Containers[0], Run: 1, Started: sampleTime, At: sampleTime.Add(time.Hour),
			Tail: 3, MaxLines: 3, MaxBytes: 1 << 20,
		})
	})
}

func (h *Hooks) tryNode(ctx context.Context, f *script.File) {
	// Only the file that answers is tried: another that defines the hook too is never asked.
	if h.Current().nodeFile(Capacity) == f {
		h.Capacity(ctx, v1.ResourceList{}, sampleTime)
	}
	if h.Current().nodeFile(Conditions) == f {
		h.Conditions(ctx, nil, sampleTime)
	}
	if h.Current().nodeFile(Addresses) == f {
		h.Addresses(ctx, nil, sampleTime)
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
	return &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", UID: "00000000-0000-0000-0000-000000000001"}, Spec: spec}
}

// dress gives a sample the labels and annotations that the file's match asks for.
func dress(p *v1.Pod, f *script.File) {
	p.Labels, p.Annotations = map[string]string{"app": "sample"}, map[string]string{}
	if f.Match == nil {
		return
	}
	maps.Copy(p.Labels, f.Match.Labels)
	maps.Copy(p.Annotations, f.Match.Annotations)
}
