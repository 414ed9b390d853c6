package provider

import (
	"context"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// keyNamed is a pod as a fault names it.
func keyNamed(hit string) state.Key {
	namespace, name, _ := strings.Cut(hit, "/")
	return state.Key{Namespace: namespace, Name: name}
}

// byFault is how a fault is named as the cause of what the machine does.
const byFault = "fault "

// eachHit does something for every pod that a fault hits: side by side, or on a held clock in their order.
func (p *Provider) eachHit(s *standing, do func(state.Key)) {
	var pods []*state.Pod
	for _, hit := range s.Hits {
		if one := p.store.Get(keyNamed(hit)); one != nil && one.UID == s.uids[hit] {
			pods = append(pods, one)
		}
	}
	p.eachOf(pods, func(one *state.Pod) { do(one.Key) })
}

// strikeAll does what happens once to every pod that was hit.
func (p *Provider) strikeAll(ctx context.Context, s *standing) {
	p.eachHit(s, func(key state.Key) {
		p.suffer(ctx, key, func(d *draft) error {
			if d.next.UID != s.uids[key.String()] {
				return errUnchanged
			}
			d.note(s.entry(s.begins()))
			d.strike(s)
			return nil
		})
	})
}

// strike does to a pod what a verb says.
func (d *draft) strike(s *standing) {
	kill := func(e pod.Exit) (*pod.Life, []pod.Event) {
		return d.next.Life.Kill(d.acted(), pod.Killing{Container: s.Text("container"), Exit: e, By: byFault + s.ID}, d.at)
	}
	d.doDue() // what was due before comes first
	var life *pod.Life
	var events []pod.Event
	switch s.Verb {
	case "crash", "exit":
		life, events = kill(pod.Exit{Code: int32(s.Number("code"))}) //nolint:gosec // checked to be from 0 to 255
	case "finish":
		life, events = kill(pod.Exit{})
	case "oom":
		life, events = kill(pod.OOM())
	case "stop":
		life, events = d.next.Life.Stop(d.acted(), stopped(s.Order), d.at)
	case "evict":
		end, _ := pod.Evicted(d.acted(), s.Text("reason"))
		if text := s.Text("message"); text != "" {
			end.Message = text
		}
		life, events = d.next.Life.End(d.acted(), end, d.at)
	default:
		return
	}
	d.next.Life = life
	d.happened(events)
	d.advance()
}

// stopped is the status that stop sets.
func stopped(o fault.Order) *v1.PodStatus {
	return &v1.PodStatus{Phase: v1.PodPhase(o.Text("phase")), Reason: o.Text("reason"), Message: o.Text("message")}
}

// feel re-plans a pod that a fault begins or ends to hit, and has its journal say so.
func (p *Provider) feel(ctx context.Context, s *standing, key state.Key, why string) {
	p.suffer(ctx, key, func(d *draft) error {
		if d.next.UID != s.uids[key.String()] {
			return errUnchanged
		}
		d.adopt()
		d.note(s.entry(why))
		d.reask()
		return nil
	})
}

// suffer changes a pod on behalf of a fault; its journal says so even where nothing else changes.
func (p *Provider) suffer(ctx context.Context, key state.Key, edit func(*draft) error) {
	_, err := p.change(ctx, change{key: key}, func(d *draft) error {
		if d.old == nil {
			return errUnchanged
		}
		d.insist = true
		return edit(d)
	})
	if err != nil && ctx.Err() == nil {
		p.log.Error("a fault could not be brought about", "pod", key.String(), "err", err)
	}
}

// hold brings what lasting faults keep from happening up to date, and says whether that changed anything.
func (d *draft) hold() bool {
	var held pod.Held
	by := ""
	if set := d.p.faults.set.Load(); len(set.pods) > 0 {
		for _, s := range set.pods[d.next.String()] {
			if s.uids[d.next.String()] != d.next.UID {
				continue
			}
			switch s.Verb {
			case verbUnready:
				held.Unready, by = true, byFault+s.ID // the only one that events tell of
			case verbHang:
				held.NoEnd = true
			}
		}
	}
	life, events := d.next.Life.Hold(d.acted(), held, d.at, by)
	changed := life != d.next.Life
	d.next.Life = life
	d.happened(events)
	return changed
}

// frozen is the status that a frozen pod goes on showing; nil: it is not frozen, or has none yet.
func (d *draft) frozen() *v1.PodStatus {
	s := d.p.faults.set.Load().onPod(d.next, verbFreeze)
	switch {
	case s == nil:
		return nil
	case d.old != nil && d.old.UID == d.next.UID && d.old.Status != nil:
		return d.old.Status
	default:
		return s.frozen[d.next.String()]
	}
}

// withStatuses is the fault with what the frozen pods show.
func (p *Provider) withStatuses(s *standing) *standing {
	with := *s
	with.frozen = map[string]*v1.PodStatus{}
	for _, hit := range s.Hits {
		if one := p.store.Get(keyNamed(hit)); one != nil && one.UID == s.uids[hit] {
			with.frozen[hit] = one.Status
		}
	}
	return &with
}

// journalOusted tells in the journals of the pods concerned that a fault gives way to another.
func (p *Provider) journalOusted(o ousting, to *standing) {
	e := o.was.entry("gives way to " + to.ID + " by " + to.By)
	e.At = p.clock.Now()
	if o.was.On == fault.Pod {
		for _, hit := range o.lost {
			if one := p.store.Get(keyNamed(hit)); one != nil {
				p.write(one, e)
			}
		}
		return
	}
	for _, one := range p.podsOn(o.lost) {
		p.write(one, e)
	}
}

// entry is a fault in a pod's journal.
func (s *standing) entry(text string) journal.Entry {
	return journal.Entry{What: s.Verb, Message: text, Kind: journal.Fault, By: s.By, Why: s.Why, Fault: s.ID}
}

// begins says in a journal that the fault was set.
func (s *standing) begins() string {
	text := s.argsText()
	if s.On == fault.Node {
		text = strings.TrimSpace("on the node " + text)
	}
	if s.Lasts > 0 {
		text += " for " + s.Lasts.String()
	}
	return strings.TrimSpace(text)
}

// title is the verb with its arguments.
func (s *standing) title() string { return strings.TrimSpace(s.Verb + " " + s.argsText()) }

func (s *standing) argsText() string {
	verb, err := fault.Find(s.On, s.Verb)
	if err != nil {
		return ""
	}
	var parts []string
	for _, a := range verb.Args {
		if text := s.ArgText(a.Name); text != "" {
			parts = append(parts, a.Name+"="+text)
		}
	}
	return strings.Join(parts, " ")
}

// podsOn lists the pods of nodes.
func (p *Provider) podsOn(nodes []string) []*state.Pod {
	among := setOf(nodes)
	return slices.DeleteFunc(slices.Clone(p.store.List()), func(one *state.Pod) bool {
		return !among[p.nodes.of(one.Object.Spec.NodeName).name]
	})
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}
