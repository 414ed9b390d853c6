package provider

import (
	"fmt"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/pod"
)

// memoryWatch is which containers of a pod hook usage wants to be killed over their memory limit. It never changes.
type memoryWatch struct {
	print  string // of the scripts that said so
	params uint64
	runs   []watchedRun
}

// watchedRun is one run, and when it is looked at again; zero: not in this run, for its script does not ask for that.
type watchedRun struct {
	container string
	run       int
	wanted    bool // its script asked for it once
	next      time.Time
}

// guardMemory asks what the containers use whose script wants them killed over their limit, at the beginning of each step of
// usage, and kills those that are over it. What a script says at the beginning of a run decides whether it is asked again.
func (d *draft) guardMemory() {
	if d.next.Life.Terminal() || !d.gen.Asks(d.owner, hook.Usage) {
		return
	}
	x := extraOf(d.next)
	guard := memoryGuard{d: d, was: d.memory, now: memoryWatch{print: x.print, params: x.params}}
	for _, list := range [][]v1.Container{d.next.Object.Spec.InitContainers, d.next.Object.Spec.Containers} {
		for i := range list {
			guard.look(&list[i])
		}
	}
	if d.memory == nil || !d.memory.same(&guard.now) {
		d.memory = &guard.now
	}
	switch {
	case guard.killed:
		d.advance() // what follows from it; the watch goes on from there
		return
	case guard.now.runs == nil:
		return
	}
	x.memory = d.memory
	d.next.Extra = x
	d.next.Due = earlier(d.next.Due, d.memory.next())
}

// next is when a container is looked at; zero: none is.
func (w *memoryWatch) next() (due time.Time) {
	if w == nil {
		return due
	}
	for _, r := range w.runs {
		due = earlier(due, r.next)
	}
	return due
}

func (w *memoryWatch) same(o *memoryWatch) bool {
	return w.print == o.print && w.params == o.params && slices.Equal(w.runs, o.runs)
}

// memoryGuard looks at the containers of one pod.
type memoryGuard struct {
	d      *draft
	was    *memoryWatch
	now    memoryWatch
	killed bool
}

func (g *memoryGuard) look(c *v1.Container) {
	limit, limited := c.Resources.Limits[v1.ResourceMemory]
	run := running(g.d.next, c.Name)
	if !limited || run == nil || run.Started.After(g.d.at) {
		return
	}
	w := g.before(c.Name, run)
	if w.next.IsZero() || w.next.After(g.d.at) {
		g.now.runs = append(g.now.runs, w)
		return
	}
	m := meter{p: g.d.p, ctx: g.d.ctx, gen: g.d.gen, one: g.d.next, container: c, run: run}
	used, level := m.read(g.d.at)
	over := used.MemoryBytes > uint64(max(limit.Value(), 0))
	if level.oom && over {
		g.kill(c.Name, run.Number, used.MemoryBytes, limit)
		return
	}
	w.wanted, w.next = w.wanted || level.oom, time.Time{}
	if w.wanted {
		w.next = m.begins(int(g.d.at.Sub(run.Started)/sampleEvery) + 1)
	}
	g.now.runs = append(g.now.runs, w)
}

// before is what is known of a run: of a new one, or where its scripts changed, that it is to be looked at.
func (g *memoryGuard) before(container string, run *pod.Run) watchedRun {
	fresh := watchedRun{container: container, run: run.Number, next: run.Started}
	if g.was == nil {
		return fresh
	}
	i := slices.IndexFunc(g.was.runs, func(w watchedRun) bool { return w.container == container && w.run == run.Number })
	switch {
	case i < 0:
		return fresh
	case g.was.print != g.now.print || g.was.params != g.now.params:
		// What is used in this step was asked already.
		fresh.next = run.Started.Add((g.d.at.Sub(run.Started)/sampleEvery + 1) * sampleEvery)
		return fresh
	default:
		return g.was.runs[i]
	}
}

func (g *memoryGuard) kill(container string, run int, used uint64, limit resource.Quantity) {
	d := g.d
	by := d.gen.Where(d.owner, hook.Usage)
	uses := resource.NewQuantity(int64(used>>20)<<20, resource.BinarySI)
	d.note(journal.Entry{
		What: hook.Usage, Container: container, Kind: journal.Script, By: by, Hook: hook.Usage, Ask: run, Generation: d.gen.ID(),
		Message: fmt.Sprintf("uses %s, over its memory limit of %s", uses, limit.String()),
	})
	life, events := d.next.Life.Kill(d.acted(), pod.Killing{Container: container, Exit: pod.OOM(), By: by}, d.at)
	d.next.Life, g.killed = life, true
	d.happened(events)
}
