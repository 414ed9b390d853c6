package hook

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Presented is what the status hook made of a derived status.
type Presented struct {
	Status *v1.PodStatus // the derived one itself where the hook let it stand
	Word   string        // the short form, where the answer was one
	Again  time.Time     // when to ask again; zero: when something changes
	Always bool          // ask again on every call
}

// StatusAsk is the question: the derived status, and what was presented before, so that times stay where nothing
// changed.
type StatusAsk struct {
	Derived *v1.PodStatus
	Before  *v1.PodStatus // nil: never presented
	// BeforeWord is the short form that Before was made of, if Derived is still what it was then: the same word
	// again is then the same status.
	BeforeWord string
	At         time.Time
}

// Status asks how a derived status is presented. Presentation only: what the pod does is not changed by it, except
// that the caller latches a terminal phase.
func (h *Hooks) Status(ctx context.Context, s Subject, q StatusAsk) (Presented, Asked) {
	out := Presented{Status: q.Derived}
	asked, ok := h.ask(ctx, question{
		subject: s, hook: Status, at: q.At, args: []any{s.Pod, q.Derived},
	}, func(a script.Answer) (err error) {
		out, err = q.present(s.Pod.Object, a)
		return err
	})
	if !ok {
		return Presented{Status: q.Derived}, asked
	}
	if limit := q.At.Add(worldLife); asked.ReadWorld && (out.Again.IsZero() || out.Again.After(limit)) {
		out.Again = limit
	}
	return out, asked
}

func (q StatusAsk) present(p *v1.Pod, a script.Answer) (Presented, error) {
	out := Presented{Status: q.Derived}
	if err := q.again(value(a, 1), &out); err != nil {
		return out, err
	}
	v := value(a, 0)
	var err error
	switch {
	case v.Kind() == script.Nil:
	case v.Kind() == script.Text:
		out.Word = v.Text()
		out.Status, err = q.word(p, out.Word)
	case v.Tag() == "replace":
		out.Status, err = q.replace(v)
	case v.Kind() == script.Table:
		out.Status, err = q.merge(v)
	default:
		err = fmt.Errorf("answer: %s is not a status: return nothing, a word, a table or replace(table)", describe(v))
	}
	return out, err
}

// again reads the second value: seconds or a duration until the next ask, 0 for every call.
func (q StatusAsk) again(v script.Value, out *Presented) error {
	if v.Kind() == script.Nil {
		return nil
	}
	d, err := v.Duration("answer 2: when to ask again")
	if err != nil {
		return err
	}
	out.Always = d == 0
	if d > 0 {
		out.Again = q.At.Add(max(d, 10*time.Millisecond)) // below that, pods would keep the machine busy with nothing
	}
	return nil
}

func (q StatusAsk) word(p *v1.Pod, word string) (*v1.PodStatus, error) {
	if word == q.BeforeWord && q.Before != nil {
		return q.Before, nil
	}
	s, ok := pod.Shape(word, p, q.Derived, q.At)
	if !ok {
		return nil, fmt.Errorf("answer: unknown status %q%s", word, nearWord(word))
	}
	return q.keepTimes(s), nil
}

func nearWord(word string) string { return didYouMean(word, pod.Words()) }

func (q StatusAsk) replace(v script.Value) (*v1.PodStatus, error) {
	args := v.Args()
	if len(args) == 0 || args[0].Kind() != script.Table {
		return nil, fmt.Errorf("answer: replace wants a table: replace({ phase = \"Running\" })")
	}
	s := &v1.PodStatus{}
	if err := args[0].Decode("status", s); err != nil {
		return nil, err
	}
	return q.keepTimes(s), nil
}

// merge lays a table over the derived status: fields replace, conditions merge by type, container statuses by name.
func (q StatusAsk) merge(v script.Value) (*v1.PodStatus, error) {
	s := q.Derived.DeepCopy()
	if err := v.Decode("status", s); err != nil {
		return nil, err
	}
	var err error
	if s.Conditions, err = mergeConditions(q.Derived.Conditions, v.Field("conditions")); err != nil {
		return nil, err
	}
	for _, list := range []struct {
		name string
		to   *[]v1.ContainerStatus
		from []v1.ContainerStatus
	}{
		{"containerStatuses", &s.ContainerStatuses, q.Derived.ContainerStatuses},
		{"initContainerStatuses", &s.InitContainerStatuses, q.Derived.InitContainerStatuses},
		{"ephemeralContainerStatuses", &s.EphemeralContainerStatuses, q.Derived.EphemeralContainerStatuses},
	} {
		if *list.to, err = mergeContainers(list.name, list.from, v.Field(list.name)); err != nil {
			return nil, err
		}
	}
	return q.keepTimes(s), nil
}

func mergeConditions(derived []v1.PodCondition, given script.Value) ([]v1.PodCondition, error) {
	out := append([]v1.PodCondition(nil), derived...)
	for n, item := range given.Items() {
		path := fmt.Sprintf("status.conditions[%d]", n+1)
		kind := v1.PodConditionType(item.Field("type").Text())
		if kind == "" {
			return nil, fmt.Errorf("%s.type: missing", path)
		}
		i := indexCondition(out, kind)
		if i < 0 {
			i, out = len(out), append(out, v1.PodCondition{})
		}
		status := out[i].Status
		if err := item.Decode(path, &out[i]); err != nil {
			return nil, err
		}
		if out[i].Status != status && item.Field("lastTransitionTime").Kind() == script.Nil {
			out[i].LastTransitionTime = metav1.Time{} // flipped: keepTimes sets it
		}
	}
	return out, nil
}

func mergeContainers(name string, derived []v1.ContainerStatus, given script.Value) ([]v1.ContainerStatus, error) {
	out := append([]v1.ContainerStatus(nil), derived...)
	for n, item := range given.Items() {
		path := fmt.Sprintf("status.%s[%d]", name, n+1)
		container := item.Field("name").Text()
		i := indexContainer(out, container)
		if i < 0 {
			return nil, fmt.Errorf("%s.name: the pod has no container %q in %s", path, container, name)
		}
		if item.Field("state").Kind() != script.Nil {
			out[i].State = v1.ContainerState{}
		}
		if item.Field("lastState").Kind() != script.Nil {
			out[i].LastTerminationState = v1.ContainerState{}
		}
		if err := item.Decode(path, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// keepTimes gives conditions without a transition time the one they were presented with, if their status is still
// the same, else this moment.
func (q StatusAsk) keepTimes(s *v1.PodStatus) *v1.PodStatus {
	var before []v1.PodCondition
	if q.Before != nil {
		before = q.Before.Conditions
	}
	for i := range s.Conditions {
		c := &s.Conditions[i]
		if j := indexCondition(before, c.Type); j >= 0 && before[j].Status == c.Status {
			c.LastTransitionTime = before[j].LastTransitionTime
		} else if c.LastTransitionTime.IsZero() {
			c.LastTransitionTime = metav1.NewTime(q.At.Truncate(time.Second))
		}
	}
	return s
}

func indexCondition(list []v1.PodCondition, kind v1.PodConditionType) int {
	for i := range list {
		if list[i].Type == kind {
			return i
		}
	}
	return -1
}

func indexContainer(list []v1.ContainerStatus, name string) int {
	for i := range list {
		if list[i].Name == name {
			return i
		}
	}
	return -1
}
