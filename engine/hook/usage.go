package hook

import (
	"context"
	"fmt"
	"math"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// UsageAsk is one sample of what a container uses.
type UsageAsk struct {
	Container *v1.Container
	Run       int // number of its run, from 1
	Sample    int // number of the sample within the run, from 1
	Started   time.Time
	At        time.Time
}

// UsageAnswer is what it uses. What is nil, the script left to the default.
type UsageAnswer struct {
	CPU    *float64 // cores
	Memory *uint64  // bytes
	OOM    bool     // over its memory limit the container is killed
}

// Usage asks what a container uses.
func (h *Hooks) Usage(ctx context.Context, s Subject, q UsageAsk) (UsageAnswer, Asked) {
	return put(ctx, h, question{
		subject: s, hook: Usage, container: q.Container.Name, number: q.Run, sample: q.Sample, at: q.At,
		args: []any{s.Pod, q.Container, &usageRun{Number: q.Run, Started: q.Started.UTC().Format(time.RFC3339Nano)}},
	}, usageAnswer)
}

// usageRun is what usage is told of the run.
type usageRun struct {
	Number  int    `json:"number"`
	Started string `json:"started"`
}

func usageAnswer(a script.Answer) (UsageAnswer, error) {
	var t struct {
		CPU    *resource.Quantity `json:"cpu"`
		Memory *resource.Quantity `json:"memory"`
		OOM    bool               `json:"oom"`
	}
	v, second := value(a, 0), value(a, 1)
	switch v.Kind() {
	case script.Tagged, script.Function, script.Bool:
		return UsageAnswer{}, fmt.Errorf("answer: %s is not a usage: return { cpu = \"250m\", memory = \"64Mi\" }, or cpu and memory", describe(v))
	case script.Table:
		if err := v.Decode("answer", &t); err != nil {
			return UsageAnswer{}, err
		}
	default:
		if err := v.Decode("answer: cpu", &t.CPU); err != nil {
			return UsageAnswer{}, err
		}
		if err := second.Decode("answer: memory", &t.Memory); err != nil {
			return UsageAnswer{}, err
		}
	}
	u, err := usageOf(t.CPU, t.Memory)
	u.OOM = t.OOM
	return u, err
}

func usageOf(cpu, memory *resource.Quantity) (u UsageAnswer, err error) {
	if cpu != nil {
		cores := cpu.AsApproximateFloat64()
		if cores < 0 || cores > math.MaxInt32 {
			return u, fmt.Errorf("answer: cpu: %s is no number of cores", cpu)
		}
		u.CPU = &cores
	}
	if memory != nil {
		if memory.Sign() < 0 {
			return u, fmt.Errorf("answer: memory: %s is below zero", memory)
		}
		bytes := uint64(memory.Value()) //nolint:gosec // not below zero
		u.Memory = &bytes
	}
	return u, nil
}
