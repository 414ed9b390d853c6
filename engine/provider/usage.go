package provider

import (
	"context"
	"fmt"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// PodUsage is what one pod uses.
type PodUsage struct {
	Pod        *v1.Pod // metadata and spec; shared: not to be changed
	Containers []ContainerUsage
}

// ContainerUsage is what one running container uses.
type ContainerUsage struct {
	Name        string
	Started     time.Time
	CPU         float64 // cores in use now
	CPUSeconds  float64 // used since Started; never falls within a run while the process lives
	MemoryBytes uint64  // working set
}

const (
	// sampleEvery is the length of one step of usage: hook usage is asked about its beginning and holds for the whole.
	sampleEvery = 5 * time.Second
	// catchUp is how many steps are asked about at most of those that nobody looked at: one a minute looks at all.
	catchUp = 12
)

// Usage lists the pods of a node that run, with what their running containers use now. An empty name means our first
// node; one that is none of ours is [state.ErrNotFound].
func (p *Provider) Usage(ctx context.Context, node string) ([]PodUsage, error) {
	keeper, err := p.nodeNamed(node)
	if err != nil {
		return nil, err
	}
	now := p.clock.Now()
	gen := p.hooks.Current()
	out := []PodUsage{}
	for _, one := range p.store.List() {
		if p.nodes.of(one.Object.Spec.NodeName) != keeper {
			continue
		}
		if used := p.podUsage(ctx, gen, one, now); len(used) > 0 {
			out = append(out, PodUsage{Pod: one.Object, Containers: used})
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("usage of node %s: %w", keeper.name, context.Cause(ctx))
		}
	}
	return out, nil
}

func (p *Provider) podUsage(ctx context.Context, gen *hook.Generation, one *state.Pod, now time.Time) []ContainerUsage {
	var used []ContainerUsage
	for _, list := range [][]v1.Container{one.Object.Spec.InitContainers, one.Object.Spec.Containers} {
		for i := range list {
			run := running(one, list[i].Name)
			if run == nil || run.Started.After(now) {
				continue
			}
			m := meter{p: p, ctx: ctx, gen: gen, one: one, container: &list[i], run: run}
			reading, _ := m.read(now)
			used = append(used, reading)
		}
	}
	return used
}

// meter reads one running container.
type meter struct {
	p         *Provider
	ctx       context.Context //nolint:containedctx // a meter lives for one call
	gen       *hook.Generation
	one       *state.Pod
	container *v1.Container
	run       *pod.Run
}

// level is what a container uses during one step.
type level struct {
	cores float64
	bytes uint64
	oom   bool // over its limit it is killed
}

// reading is what is kept of a container between two looks: the CPU time up to the beginning of a step, and the level
// in it.
type reading struct {
	run     int
	step    int // from 0
	level   level
	seconds float64
}

// read brings the container's last reading up to date.
func (m meter) read(now time.Time) (ContainerUsage, level) {
	step := int(now.Sub(m.run.Started) / sampleEvery)
	for {
		last := m.p.usage.get(m.one, m.container.Name)
		next := m.advance(last, step)
		if !m.p.usage.swap(m.p.store, m.one, m.container.Name, last, next) {
			continue // somebody else looked meanwhile: go on from what he saw
		}
		return ContainerUsage{
			Name: m.container.Name, Started: m.run.Started, CPU: next.level.cores, MemoryBytes: next.level.bytes,
			CPUSeconds: next.seconds + next.level.cores*now.Sub(m.begins(next.step)).Seconds(),
		}, next.level
	}
}

// advance goes on from the last reading to a step, asking about the steps between, or about some where they are many.
// A step that was asked about is not asked about again, also if the script is another by now: what was used was used.
func (m meter) advance(last reading, step int) reading {
	if last.run != m.run.Number {
		last = reading{run: m.run.Number, level: m.level(0)}
	}
	from, asks := last.step, min(catchUp, step-last.step)
	for i := 1; i <= asks; i++ {
		to := from + (step-from)*i/asks
		last.seconds += last.level.cores * float64(to-last.step) * sampleEvery.Seconds()
		last.step, last.level = to, m.level(to)
	}
	return last
}

func (m meter) begins(step int) time.Time {
	return m.run.Started.Add(time.Duration(step) * sampleEvery)
}

// level asks what the container uses in a step.
func (m meter) level(step int) level {
	l := m.usual()
	if !m.gen.Asks(m.gen.File(m.one.Owner), hook.Usage) {
		return l
	}
	said, _ := m.p.hooks.Usage(m.ctx, m.p.reader(m.gen, m.one), hook.UsageAsk{
		Container: m.container, Run: m.run.Number, Sample: step + 1, Started: m.run.Started, At: m.begins(step),
	})
	l.oom = said.OOM
	if said.CPU != nil {
		l.cores = *said.CPU
	}
	if said.Memory != nil {
		l.bytes = *said.Memory
	}
	return l
}

// usual is what a container uses of which no script says anything: a share of what it requests, or of a small
// container's usual requests, that is drawn once for a run.
func (m meter) usual() level {
	cpu, memory := m.container.Resources.Requests[v1.ResourceCPU], m.container.Resources.Requests[v1.ResourceMemory]
	cores, bytes := cpu.AsApproximateFloat64(), memory.AsApproximateFloat64()
	if cores <= 0 {
		cores = smallCores
	}
	if bytes <= 0 {
		bytes = smallBytes
	}
	share := func(what string) float64 {
		return script.NewDraws(m.p.opts.Seed, m.one.String(), m.one.Incarnation, m.container.Name, hook.Usage, m.run.Number, what).Share()
	}
	return level{cores: cores * (0.2 + 0.6*share("cpu")), bytes: uint64(bytes * (0.4 + 0.5*share("memory")))}
}

// What a container is taken to request that requests nothing.
const (
	smallCores = 0.05
	smallBytes = 64 << 20
)

// usageBook keeps the last reading of each container. The zero value is ready.
type usageBook struct {
	mu    sync.Mutex
	pods  map[state.Key]*podReadings // guarded by mu
	sweep int                        // guarded by mu; see forgetGone
}

type podReadings struct {
	incarnation int
	of          map[string]reading
}

func (b *usageBook) get(one *state.Pod, container string) reading {
	b.mu.Lock()
	defer b.mu.Unlock()
	if kept := b.pods[one.Key]; kept != nil && kept.incarnation == one.Incarnation {
		return kept.of[container]
	}
	return reading{}
}

// swap puts a reading in place of the one it was made from, and says whether that was still there.
func (b *usageBook) swap(store *state.Store, one *state.Pod, container string, from, to reading) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pods == nil {
		b.pods = map[state.Key]*podReadings{}
	}
	kept := b.pods[one.Key]
	if kept == nil || kept.incarnation != one.Incarnation {
		kept = &podReadings{incarnation: one.Incarnation, of: map[string]reading{}}
		b.pods[one.Key] = kept
		b.sweep = forgetGone(store, b.pods, b.sweep)
	}
	if kept.of[container] != from {
		return false
	}
	kept.of[container] = to
	return true
}
