package provider

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/goccy/go-json"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// extra is what the provider knows of a pod beside what is stored.
type extra struct {
	print   string        // of the scripts that were asked
	params  uint64        // revision of the params they saw
	word    string        // the status hook's short answer
	always  bool          // the status hook wants to be asked on every call
	derived *v1.PodStatus // what it was asked about, where it is asked again
	memory  *memoryWatch  // nil: nothing is watched

	diary *journal.Diary // where its journal is written; nil: nobody looked for it yet
}

func extraOf(p *state.Pod) extra {
	x, _ := p.Extra.(extra)
	return x
}

// present derives the pod's status, lets the status hook have its say, and encodes what comes of it.
func (d *draft) present() {
	d.derived = d.next.Life.Status(d.acted(), d.facts())
	x := extra{print: d.gen.Fingerprint(d.owner), params: d.p.hooks.ParamRevision()}
	x.diary = d.diary()
	status, due := d.derived, d.next.Life.Due()
	if kept := d.frozen(); kept != nil {
		status = kept
	} else if d.gen.Asks(d.owner, hook.Status) {
		var again time.Time
		status, again = d.askStatus(&x)
		due = earlier(d.next.Life.Due(), again)
	}
	if u := d.next.Update; u != nil {
		due = earlier(due, u.Until)
	}
	if d.lacksAddress() {
		due = earlier(due, d.at.Add(addressRetry))
	}
	d.next.Due, d.next.Extra = due, x
	d.show(status)
}

// askStatus asks the status hook and latches a terminal phase that it makes up.
func (d *draft) askStatus(x *extra) (status *v1.PodStatus, again time.Time) {
	subject := d.subject("")
	q := hook.StatusAsk{Derived: d.derived, At: d.at, Before: d.next.Status}
	shown, asked := d.p.hooks.Status(d.ctx, subject, q)
	latched := d.next.Life.Terminal()
	switch {
	case asked.Broken, latched && !terminal(shown.Status.Phase):
		return d.derived, shown.Again
	case !latched && terminal(shown.Status.Phase):
		d.latch(shown.Status, asked)
		return d.derived, time.Time{}
	}
	x.word, x.always = shown.Word, shown.Always
	if x.always && d.p.opts.Kubernetes { // nobody calls: the status is pushed
		x.always, shown.Again = false, d.at.Add(pushEvery)
	}
	if x.always {
		x.derived = d.derived
	}
	return shown.Status, shown.Again
}

// latch makes a terminal phase that the status hook presented the pod's own: its runs end.
func (d *draft) latch(s *v1.PodStatus, asked hook.Asked) {
	life, events := d.next.Life.Stop(d.acted(), s, d.at)
	d.next.Life = life
	d.note(journal.Entry{What: hook.Status, Message: "latched " + string(s.Phase), Kind: journal.Script, By: asked.By, Hook: hook.Status, Generation: asked.Generation, Draws: d.drawn(asked.Draws)})
	d.happened(events)
	d.fold()
	d.derived = life.Status(d.acted(), d.facts())
}

// pushEvery is how often a status hook that wants to be asked on every call is asked where there are no calls.
const pushEvery = time.Second

// show puts a status into the draft, the old one itself where it is the same.
func (d *draft) show(s *v1.PodStatus) {
	if d.p.opts.Lazy && d.old != nil && d.old.Life != d.next.Life {
		d.next.Status = s // it is another life, so hardly ever the same: to find out costs more than to have it twice
		return
	}
	if d.p.opts.Kubernetes || d.p.opts.Lazy {
		if d.old == nil || d.old.Status == nil || !equality.Semantic.DeepEqual(d.old.Status, s) {
			d.next.Status = s
		}
		return
	}
	encoded, err := json.Marshal(s)
	if err != nil { // a status is made of plain fields: only a broken quantity could do that, and decoding refuses those
		d.p.log.Error("encode status", "pod", d.next.String(), "err", err)
		return
	}
	if d.old == nil || !bytes.Equal(d.old.StatusJSON, encoded) {
		d.next.Status, d.next.StatusJSON = s, encoded
	}
}

// looksLike says that a status is encoded as the pod's already is.
func looksLike(pod *state.Pod, s *v1.PodStatus) bool {
	if pod.StatusJSON == nil {
		return equality.Semantic.DeepEqual(pod.Status, s)
	}
	encoded, err := json.Marshal(s)
	return err == nil && bytes.Equal(encoded, pod.StatusJSON)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// encodeObject encodes metadata and spec so that a status can be added without encoding them again. What is
// Kubernetes' is encoded only for those who read it.
func (d *draft) encodeObject() (err error) {
	if d.p.opts.Kubernetes {
		return nil
	}
	d.next.ObjectJSON, err = encodeObject(d.next.Object)
	return err
}

// encoded is a pod with its encoded parts, which must not be changed.
func encoded(one *state.Pod) (*state.Pod, error) {
	if one.ObjectJSON != nil && one.StatusJSON != nil {
		return one, nil
	}
	all := *one
	var err error
	if all.ObjectJSON, err = encodeObject(ownCopy(one.Object)); err != nil {
		return nil, err
	}
	all.StatusJSON, err = json.Marshal(one.Status)
	return &all, err
}

// encodedAll is all pods with their encoded parts.
func encodedAll(pods []*state.Pod) ([]*state.Pod, error) {
	if len(pods) == 0 || pods[0].ObjectJSON != nil && pods[0].StatusJSON != nil {
		return pods, nil
	}
	all := make([]*state.Pod, len(pods))
	for i, one := range pods {
		var err error
		if all[i], err = encoded(one); err != nil {
			return nil, err
		}
	}
	return all, nil
}

var emptyStatus = []byte(`"status":{}}`)

func encodeObject(o *v1.Pod) ([]byte, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be encoded: %w", state.ErrInvalid, err)
	}
	if head, ok := bytes.CutSuffix(b, emptyStatus); ok {
		return head, nil
	}
	b[len(b)-1] = ','
	return b, nil
}

// PodStatusJSON is a pod's status, encoded; [state.ErrNotFound] if there is no such pod. The bytes must not be
// changed. Unless the pod's script wants to be asked on every call this costs a look-up.
func (p *Provider) PodStatusJSON(ctx context.Context, namespace, name string) ([]byte, error) {
	pod := p.store.Get(state.Key{Namespace: namespace, Name: name})
	if pod == nil {
		return nil, state.ErrNotFound
	}
	if pod = p.fresh(ctx, pod); pod.StatusJSON == nil {
		return json.Marshal(pod.Status)
	}
	return pod.StatusJSON, nil
}

// PodJSON is a whole pod, encoded; [state.ErrNotFound] if there is no such pod.
func (p *Provider) PodJSON(ctx context.Context, namespace, name string) ([]byte, error) {
	pod := p.store.Get(state.Key{Namespace: namespace, Name: name})
	if pod == nil {
		return nil, state.ErrNotFound
	}
	return wholeJSON(p.fresh(ctx, pod))
}

func wholeJSON(one *state.Pod) ([]byte, error) {
	one, err := encoded(one)
	if err != nil {
		return nil, err
	}
	b := append([]byte(nil), one.ObjectJSON...)
	b = append(b, `"status":`...)
	b = append(b, one.StatusJSON...)
	return append(b, '}'), nil
}

// fresh asks the status hook anew where it wants to be asked on every call.
func (p *Provider) fresh(ctx context.Context, pod *state.Pod) *state.Pod {
	x := extraOf(pod)
	if !x.always {
		return pod
	}
	gen := p.hooks.Current()
	subject := hook.Subject{
		Gen: gen, Owner: gen.File(pod.Owner), Incarnation: pod.Incarnation,
		Pod: &script.Pod{Object: pod.Object, Status: pod.Status, Script: pod.Owner, Memo: &script.Memo{Tree: pod.Memo.Tree("")}},
	}
	q := hook.StatusAsk{Derived: x.derived, Before: pod.Status, BeforeWord: x.word, At: p.clock.Now()}
	shown, asked := p.hooks.Status(ctx, subject, q)
	if asked.Broken || shown.Status == pod.Status || looksLike(pod, shown.Status) {
		return pod
	}
	fresh, err := p.change(ctx, change{key: pod.Key}, func(d *draft) error {
		if d.old == nil {
			return errUnchanged
		}
		d.present()
		return nil
	})
	if err != nil || fresh == nil {
		return pod
	}
	return fresh
}
