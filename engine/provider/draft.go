package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// maxRounds bounds how often a change starts over because somebody else was faster.
const maxRounds = 100

// errUnchanged ends a round that found nothing to do.
var errUnchanged = errors.New("unchanged")

// change is what is to be done with one pod.
type change struct {
	key  state.Key
	wait bool // until it survives a crash
}

// change reads a pod, lets edit draft what becomes of it, and commits that. If somebody else changed the pod
// meanwhile it starts over, so edit must do nothing but draft. It returns the pod as committed; nil if it is gone.
func (p *Provider) change(ctx context.Context, c change, edit func(*draft) error) (*state.Pod, error) {
	room := notes.Get().(*notebook)
	defer room.back()
	for range maxRounds {
		d := p.draft(ctx, c.key)
		d.notebook = notebook{room.entries[:0], room.figures[:0], room.draws[:0]}
		err := edit(d)
		if errors.Is(err, errUnchanged) {
			return d.old, nil
		}
		if err != nil {
			return nil, err
		}
		committed, err := d.commit(c.wait)
		*room = d.notebook
		if retry(err) {
			continue
		}
		return committed, err
	}
	return nil, fmt.Errorf("pod %s: %w: gave up after %d rounds", c.key, state.ErrConflict, maxRounds)
}

// notebook is room for the entries of a draft. Every due time fills one, and none is kept: the journal packs what it gets.
type notebook struct {
	entries []journal.Entry
	figures []int64        // of their messages
	draws   []journal.Draw // of their hooks
}

var notes = sync.Pool{New: func() any { return new(notebook) }}

func (n *notebook) back() {
	clear(n.entries)
	notes.Put(n)
}

func retry(err error) bool {
	return errors.Is(err, state.ErrConflict) || errors.Is(err, state.ErrExists) || errors.Is(err, state.ErrNotFound)
}

// draft is one change of one pod in the making. It belongs to one goroutine.
type draft struct {
	p     *Provider
	ctx   context.Context //nolint:containedctx // a draft lives for one call and answers the machine's questions with it
	gen   *hook.Generation
	old   *state.Pod // nil: there was none
	next  *state.Pod // nil: to be removed
	owner *script.File
	at    time.Time

	notebook
	events   []pod.Event // what the machine did
	asked    []nodeWrite // what hooks wrote into node.memo
	derived  *v1.PodStatus
	replaces bool // an older incarnation goes with this change
	again    bool // open questions are put once more
	memory   *memoryWatch
	insist   bool // its entries are for the journal even where nothing else changed
}

// draft starts from the snapshot of a pod as it is now.
func (p *Provider) draft(ctx context.Context, key state.Key) *draft {
	d := &draft{p: p, ctx: ctx, gen: p.hooks.Current(), at: p.clock.Now(), old: p.store.Get(key)}
	if d.old == nil {
		return d
	}
	x := extraOf(d.old)
	d.memory = x.memory
	x.diary.Warm()
	next := *d.old
	d.next = &next
	d.owner = d.gen.File(next.Owner)
	return d
}

// adopt finds the script that owns the pod.
func (d *draft) adopt() {
	owner, problem := d.p.hooks.Owner(d.ctx, d.gen, &script.Pod{Object: d.next.Object})
	d.owner, d.next.Owner = owner, ""
	if owner != nil {
		d.next.Owner = scriptName(owner)
	}
	if problem != "" {
		d.note(journal.Entry{What: "UnknownScript", Message: problem, Kind: journal.User, By: "user"})
	}
}

// subject is the pod as a hook sees it when it is asked that question: without what it wrote when it was asked before.
func (d *draft) subject(ask string) hook.Subject {
	status := d.next.Status
	if status == nil {
		status = pendingStatus
	}
	return hook.Subject{
		Gen: d.gen, Owner: d.owner, Incarnation: d.next.Incarnation,
		Pod: &script.Pod{
			Object: d.next.Object, Status: status, Script: d.next.Owner,
			Memo: &script.Memo{Tree: d.next.Memo.Tree(ask)},
		},
	}
}

// pendingStatus is what hooks see of a pod that has none yet.
var pendingStatus = &v1.PodStatus{Phase: v1.PodPending}

// remember takes what a hook wrote into memos and notes what it said.
func (d *draft) remember(ask string, asked hook.Asked, e journal.Entry) {
	memo, err := d.next.Memo.Record(ask, asked.Memo, asked.Deleted)
	if err != nil {
		d.note(journal.Entry{What: "MemoRefused", Message: err.Error(), Kind: journal.Script, By: asked.By})
	}
	d.next.Memo = memo
	if len(asked.NodeMemo)+len(asked.NodeDeleted) > 0 {
		d.writeNode(ask, nodeWrite{set: asked.NodeMemo, deleted: asked.NodeDeleted})
	}
	if d.tells() {
		e.Kind, e.By, e.Generation, e.Draws = journal.Script, asked.By, asked.Generation, d.drawn(asked.Draws)
		e.Hook, _, e.Ask = hook.ParseAskID(ask)
	}
	if asked.Broken {
		e.Message, e.Figures = "the script broke; built-in behaviour instead", nil
	}
	d.note(e)
}

// drawn are draws as the journal has them.
func (d *draft) drawn(draws []script.Drawn) []journal.Draw {
	before := len(d.draws)
	for _, one := range draws {
		d.draws = append(d.draws, journal.Draw(one))
	}
	return d.draws[before:]
}

// writeNode notes what a question did to the memo of the pod's node.
func (d *draft) writeNode(ask string, w nodeWrite) {
	w.node, w.pod = d.nodeKeeper().name, d.next.String()
	w.ask = w.pod + "/" + ask
	d.asked = append(d.asked, w)
}

// tells says whether anybody will read what is noted.
func (d *draft) tells() bool { return d.p.tells() }

// note adds a journal entry, at the draft's time unless it has its own.
func (d *draft) note(e journal.Entry) {
	if e.At.IsZero() {
		e.At = d.at
	}
	d.entries = append(d.entries, e)
}

// happened notes what the machine did.
func (d *draft) happened(events []pod.Event) {
	if d.events == nil {
		d.events = events
	} else {
		d.events = append(d.events, events...)
	}
	for i := range events {
		e := &events[i]
		kind, by := journal.Script, e.By
		id, ofFault := strings.CutPrefix(by, byFault)
		switch {
		case by == "":
			kind, by = journal.Kubelet, "kubelet"
		case ofFault:
			kind = journal.Fault
		default:
			id = ""
		}
		d.note(journal.Entry{At: e.At, What: e.Reason, Container: e.Container, Message: e.Message, Kind: kind, By: by, Rule: e.Rule, Fault: id})
	}
}

// Pull answers the machine's question how a pull goes; see [pod.Asker].
func (d *draft) Pull(q pod.Question) pod.Pull {
	if !d.gen.Asks(d.owner, hook.OnPull) {
		return pod.Pull{}
	}
	ask := hook.AskID(hook.OnPull, q.Container.Name, q.Number)
	answer, asked := d.p.hooks.OnPull(d.ctx, d.subject(ask), q)
	e := journal.Entry{At: q.Now, What: hook.OnPull, Container: q.Container.Name, Again: d.again || !q.Now.Equal(q.At)}
	if d.tells() {
		before := len(d.figures)
		e.Message, d.figures = pullText(answer, d.figures)
		e.Figures = d.figures[before:]
	}
	d.remember(ask, asked, e)
	return answer
}

// Start answers the machine's question what a run will do; see [pod.Asker].
func (d *draft) Start(q pod.Question) pod.Outcome {
	if !d.gen.Asks(d.owner, hook.OnStart) {
		return pod.Outcome{}
	}
	ask := hook.AskID(hook.OnStart, q.Container.Name, q.Number)
	answer, asked := d.p.hooks.OnStart(d.ctx, d.subject(ask), q)
	e := journal.Entry{At: q.Now, What: hook.OnStart, Container: q.Container.Name, Again: d.again || !q.Now.Equal(q.At)}
	if d.tells() {
		before := len(d.figures)
		e.Message, d.figures = outcomeText(answer, d.figures)
		e.Figures = d.figures[before:]
	}
	d.remember(ask, asked, e)
	return answer
}

// advance lets the machine do all that is due, presents the pod's status, and drops the pod once it is gone, unless it
// is Kubernetes': that wants to see its end.
func (d *draft) advance() {
	if u := d.next.Update; u != nil && !u.Until.After(d.at) {
		d.settle(*u)
	}
	d.address()
	d.doDue()
	if d.hold() {
		d.doDue()
	}
	d.live(d.next.Life, nil)
}

// doDue lets the machine do all that is due.
func (d *draft) doDue() {
	life, events := d.next.Life.Advance(d.acted(), d.at, d)
	d.next.Life = life
	d.happened(events)
}

// acted is the object the runs follow: the one that is listed, unless its script delays an update.
func (d *draft) acted() *v1.Pod {
	if d.next.Update != nil {
		return d.next.Update.From
	}
	return d.next.Object
}

// settle lets a delayed update take effect, at its time.
func (d *draft) settle(u state.Update) {
	life, before := d.next.Life.Advance(u.From, u.Until, d)
	life, events := life.Update(u.From, d.next.Object, u.Until)
	d.next.Life, d.next.Update = life, nil
	d.happened(append(before, events...))
}

// live takes the machine's word.
func (d *draft) live(life *pod.Life, events []pod.Event) {
	d.next.Life = life
	d.happened(events)
	d.fold()
	if life.Gone() && !d.p.opts.Kubernetes {
		d.next = nil
		return
	}
	d.present()
	d.guardMemory()
}

// fold makes the writes of asks that are decided part of the pod's memo for good.
func (d *draft) fold() {
	for _, ask := range d.next.Memo.Asks() {
		if !d.open(ask) {
			d.next.Memo = d.next.Memo.Fold(ask)
			d.writeNode(ask, nodeWrite{fold: true})
		}
	}
}

func (d *draft) open(ask string) bool {
	name, container, number := hook.ParseAskID(ask)
	switch name {
	case hook.OnCreate:
		return d.next.Life.Delayed()
	case hook.OnUpdate:
		return d.next.Update != nil && number == d.next.Updates
	case hook.OnDelete:
		return d.next.Life.Deleting()
	default:
		return d.next.Life.Open(name, container, number)
	}
}

// commit puts the draft in place of the snapshot it came from, and writes the journal.
func (d *draft) commit(wait bool) (*state.Pod, error) {
	key := d.key()
	if d.nothingNew() {
		d.p.store.Requeue(key)
		if d.insist {
			d.p.write(d.old, d.entries...)
		}
		return d.old, nil
	}
	change := state.Change{Key: key, Old: d.old, New: d.next, Wait: wait}
	if d.p.clock.Held() {
		change.At = d.at
	}
	committed, err := d.p.store.Commit(d.ctx, change)
	if retry(err) || err != nil && d.p.store.Get(key) == d.old {
		return nil, err // nothing was done; any other error means: done, and perhaps not on disk
	}
	d.committed(key)
	return committed, err
}

func (d *draft) key() state.Key {
	if d.next != nil {
		return d.next.Key
	}
	return d.old.Key
}

// nothingNew says that nobody could tell the draft from the snapshot.
func (d *draft) nothingNew() bool {
	o, n := d.old, d.next
	return o != nil && n != nil && o.Life == n.Life && o.Object == n.Object && o.Update == n.Update && o.Memo == n.Memo && o.Owner == n.Owner &&
		o.Due.Equal(n.Due) && o.Attempt == n.Attempt && o.Status == n.Status && o.Extra == n.Extra
}

// committed does what may follow only once the change stands.
func (d *draft) committed(key state.Key) {
	d.p.rememberNode(d.at, d.asked)
	if d.next == nil {
		d.p.ips.release(key)
		d.p.journal.Forget(diary(d.old))
		return
	}
	if d.replaces {
		d.p.journal.Forget(diary(d.old))
	}
	d.p.write(d.next, d.entries...)
	for i := range d.entries {
		d.p.opts.Metrics.transition(d.entries[i].What)
	}
	if d.old == nil || d.old.Status != d.next.Status {
		d.p.listeners.statusChanged(d.next)
	}
	d.p.listeners.told(d.next.Object, d.events, d.facts().Minor)
}
