package hook

import (
	"context"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// worldLife is how long an answer that read other objects may live.
const worldLife = time.Second

// put puts a question and reads the answer; where nobody answered it is the zero value.
func put[T any](ctx context.Context, h *Hooks, q question, read func(script.Answer) (T, error)) (T, Asked) {
	var answer, none T
	asked, ok := h.ask(ctx, q, func(a script.Answer) (err error) {
		answer, err = read(a)
		return err
	})
	if !ok {
		return none, asked
	}
	return answer, asked
}

// OnCreate asks whether and when a pod is let in. attempt counts the creates of this pod, from 1.
func (h *Hooks) OnCreate(ctx context.Context, s Subject, attempt int, at time.Time) (CreateAnswer, Asked) {
	return put(ctx, h, question{subject: s, hook: OnCreate, number: attempt, at: at, args: []any{s.Pod}}, createAnswer)
}

// OnUpdate asks whether a change of a pod is taken. update counts the pod's updates, from 1.
func (h *Hooks) OnUpdate(ctx context.Context, s Subject, old *script.Pod, update int, at time.Time) (CreateAnswer, Asked) {
	return put(ctx, h, question{subject: s, hook: OnUpdate, number: update, at: at, args: []any{s.Pod, old}}, updateAnswer)
}

// OnDelete asks whether a pod may be deleted and how long that takes. attempt counts the deletes of this pod, from 1.
func (h *Hooks) OnDelete(ctx context.Context, s Subject, attempt int, at time.Time) (DeleteAnswer, Asked) {
	return put(ctx, h, question{subject: s, hook: OnDelete, number: attempt, at: at, args: []any{s.Pod}}, deleteAnswer)
}

// OnPull asks how the pull of a container's image goes.
func (h *Hooks) OnPull(ctx context.Context, s Subject, q pod.Question) (pod.Pull, Asked) {
	answer, asked := put(ctx, h, ofContainer(s, OnPull, q), func(a script.Answer) (pod.Pull, error) {
		return pullAnswer(a, q.Container.Image)
	})
	answer.By, answer.Expires = asked.answeredBy(), expires(asked, q.Now)
	return answer, asked
}

// OnStart asks what a run of a container will do.
func (h *Hooks) OnStart(ctx context.Context, s Subject, q pod.Question) (pod.Outcome, Asked) {
	answer, asked := put(ctx, h, ofContainer(s, OnStart, q, runTable(q)), startAnswer)
	answer.By, answer.Expires = asked.answeredBy(), expires(asked, q.Now)
	return answer, asked
}

// ofContainer is a question of the pod machine's, for a hook that takes pod, container and more.
func ofContainer(s Subject, hook string, q pod.Question, more ...any) question {
	return question{
		subject: s, hook: hook, container: q.Container.Name, number: q.Number, at: q.At,
		args: append([]any{s.Pod, q.Container}, more...),
	}
}

// answeredBy is the script and line whose answer holds; empty: the built-in one.
func (a Asked) answeredBy() string {
	if a.Broken {
		return ""
	}
	return a.By
}

// run is what on_start is told of the run.
type run struct {
	Number   int                          `json:"number"`
	Init     bool                         `json:"init"`
	Sidecar  bool                         `json:"sidecar"`
	Previous *v1.ContainerStateTerminated `json:"previous,omitempty"`
}

func runTable(q pod.Question) *run {
	return &run{Number: q.Number, Init: q.Kind == pod.Init, Sidecar: q.Kind == pod.Sidecar, Previous: q.Previous}
}

func expires(a Asked, at time.Time) time.Time {
	if !a.ReadWorld {
		return time.Time{}
	}
	return at.Add(worldLife)
}

// Call is one provider call, as on_request sees it.
type Call struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
	Pod       string `json:"pod,omitempty"`
	Container string `json:"container,omitempty"`
	Number    int    `json:"number"` // nth call of that name, from 1
}

func watches(f *script.File, call string) bool {
	if f.Match == nil || !f.Has(OnRequest) {
		return false
	}
	return slices.Contains(f.Match.Calls, call)
}

// OnRequest asks every file that watches the call for a fault, in name order: the first that strikes wins, latencies
// add up.
func (h *Hooks) OnRequest(ctx context.Context, call Call, at time.Time) fault.Fault {
	gen := h.Current()
	var sum fault.Fault
	for _, f := range gen.Files() {
		if !watches(f, call.Name) {
			continue
		}
		var one fault.Fault
		q := question{subject: Subject{Gen: gen}, hook: OnRequest, container: call.Name, number: call.Number, at: at, args: []any{&call}}
		asked, ok := h.call(ctx, f, "", q, func(a script.Answer) (err error) {
			one, err = faultAnswer(value(a, 0))
			return err
		})
		if ok {
			one.Source = asked.By
			sum = sum.Add(one)
		}
	}
	return sum
}
