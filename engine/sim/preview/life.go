package preview

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// life is one playing of the pod's life.
type life struct {
	seed    uint64
	key     state.Key
	script  string
	end     string // what kubectl shows in the end
	ready   bool   // in the end
	refused string // why it was not even created; "": it was

	whole *Row // the pod
	parts []*Row
	story []Happens // nil unless it is wanted
}

// live plays one life and watches it, at every moment at which something happens.
func live(ctx context.Context, o *Options, seed uint64, story bool) (*life, error) {
	options := o.Sim
	options.NoJournal = new(atomic.Bool)
	options.NoJournal.Store(!story)
	options.Seed = seed
	s, err := sim.New(ctx, options)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	w := &watcher{s: s, life: newLife(o.Pod, seed), began: s.Clock.Now(), told: map[string]bool{}}
	w.key = state.Key{Namespace: cmpNamespace(o.Pod), Name: o.Pod.Name}
	if err := s.CreatePod(ctx, o.Pod.DeepCopy()); err != nil {
		asked, ok := errors.AsType[*fault.Asked](err)
		if !ok {
			return nil, err
		}
		w.refused = asked.Error()
		return w.life, nil
	}
	w.watch(ctx, o.For, story)
	return w.life, ctx.Err()
}

func cmpNamespace(p *v1.Pod) string {
	if p.Namespace == "" {
		return v1.NamespaceDefault
	}
	return p.Namespace
}

func newLife(p *v1.Pod, seed uint64) *life {
	l := &life{seed: seed, whole: &Row{Name: "pod", Kind: Whole}}
	for i := range p.Spec.InitContainers {
		l.parts = append(l.parts, &Row{Name: p.Spec.InitContainers[i].Name, Kind: Init})
	}
	for i := range p.Spec.Containers {
		l.parts = append(l.parts, &Row{Name: p.Spec.Containers[i].Name, Kind: App})
	}
	return l
}

func (l *life) rows() []Row {
	rows := []Row{*l.whole}
	for _, r := range l.parts {
		rows = append(rows, *r)
	}
	return rows
}

// watcher moves a life on from moment to moment.
type watcher struct {
	*life
	s     *sim.Sim
	began time.Time
	told  map[string]bool // journal entries that are in the story
}

func (w *watcher) watch(ctx context.Context, length time.Duration, story bool) {
	end := w.began.Add(length)
	w.look(story)
	for ctx.Err() == nil {
		due := w.s.Store.NextDue()
		if due.IsZero() || due.After(end) {
			break
		}
		w.s.Advance(ctx, due)
		w.look(story)
	}
	w.s.Advance(ctx, end)
	w.look(story)
	for _, r := range append(w.parts, w.whole) {
		r.close(Seconds(length))
	}
	w.whole.Restarts = 0
	for _, r := range w.parts {
		w.whole.Restarts += r.Restarts
	}
}

// look notes what the pod is now.
func (w *watcher) look(story bool) {
	at := Seconds(w.s.Clock.Now().Sub(w.began))
	one := w.s.Store.Get(w.key)
	if one == nil {
		w.vanish(at)
		return
	}
	w.script = one.Owner
	_, w.end, _ = pod.Row(one.Object, one.Status, w.s.Clock.Now())
	state, why := podState(one.Status, w.end)
	w.ready = state == Ready
	w.whole.now(at, state, why)
	byName := map[string]*v1.ContainerStatus{}
	for _, list := range [][]v1.ContainerStatus{one.Status.InitContainerStatuses, one.Status.ContainerStatuses} {
		for i := range list {
			byName[list[i].Name] = &list[i]
		}
	}
	for _, r := range w.parts {
		if c := byName[r.Name]; c != nil {
			r.container(at, c)
		} else {
			r.now(at, Waiting, "")
		}
	}
	if story {
		w.read()
	}
}

func (w *watcher) vanish(at Seconds) {
	w.end, w.ready = "Deleted", false
	for _, r := range append(w.parts, w.whole) {
		r.now(at, Gone, "")
	}
}

// read takes over what the journal has got since.
func (w *watcher) read() {
	entries, err := w.s.Journal(w.key.Namespace, w.key.Name)
	if err != nil {
		return
	}
	for _, e := range entries {
		id := fmt.Sprint(e)
		if w.told[id] {
			continue
		}
		w.told[id] = true
		w.story = append(w.story, Happens{Seconds(e.At.Sub(w.began)), e})
	}
}
