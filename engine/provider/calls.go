package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// defaultGrace is how long a pod may take to end when nobody says (Kubernetes: DefaultTerminationGracePeriodSeconds).
const defaultGrace = 30 * time.Second

// CreatePod takes a pod in. It is listed, and survives a crash, once CreatePod returns; nobody waits for delays that a
// script asks for. The same pod again is harmless: its metadata and spec are taken. Another UID under the same name
// replaces the pod. A [fault.Asked] is what a script wants the call to end with.
func (p *Provider) CreatePod(ctx context.Context, sent *v1.Pod) error {
	object := ownCopy(sent)
	defer p.admit.release(keyOf(object))
	_, err := p.change(ctx, change{key: keyOf(object), wait: true}, func(d *draft) error { return d.create(object, &sent.Status) })
	return calling("create", object, err)
}

// UpdatePod takes a pod's metadata and spec. Its status is taken only when it moves the pod forward to a terminal
// phase, as the lab's Stop Pod does; the kubelets of the era send back whatever status they have. An unknown pod is
// created.
func (p *Provider) UpdatePod(ctx context.Context, sent *v1.Pod) error {
	object := ownCopy(sent)
	defer p.admit.release(keyOf(object))
	_, err := p.change(ctx, change{key: keyOf(object), wait: true}, func(d *draft) error {
		return d.update(object, &sent.Status)
	})
	return calling("update", object, err)
}

// DeletePod ends a pod's runs and forgets it when the last has ended: at once, unless its runs or its script take
// longer. It is identified by namespace and name; a UID, if sent, must be its. An unknown pod is [state.ErrNotFound].
func (p *Provider) DeletePod(ctx context.Context, sent *v1.Pod) error {
	key := keyOf(ownCopy(sent))
	_, err := p.change(ctx, change{key: key, wait: true}, func(d *draft) error { return d.delete(sent) })
	return calling("delete", sent, err)
}

func calling(what string, o *v1.Pod, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s pod %s/%s: %w", what, o.Namespace, o.Name, err)
}

// ownCopy is a pod as we keep it ourselves: lean, without status, in a namespace.
func ownCopy(sent *v1.Pod) *v1.Pod {
	o := *sent
	o.Status = v1.PodStatus{}
	o.ManagedFields = nil
	if o.Namespace == "" {
		o.Namespace = metav1.NamespaceDefault
	}
	return &o
}

func keyOf(o *v1.Pod) state.Key { return state.Key{Namespace: o.Namespace, Name: o.Name} }

// create is CreatePod as one draft. Of the status sent only conditions that others than the kubelet keep count.
func (d *draft) create(object *v1.Pod, status *v1.PodStatus) error {
	if d.old != nil && samePod(d.old, object) {
		return d.update(object, &v1.PodStatus{Conditions: status.Conditions})
	}
	d.begin(object)
	answer := d.askCreate()
	if answer.Reject != nil {
		d.p.rejected(d.next)
		return answer.Reject
	}
	refused := d.worded(answer.Refuse)
	if refused == nil {
		refused = d.p.admit.refuse(d)
	}
	d.next.Life = pod.Begin(d.next.Object, d.at, pod.Beginning{Delay: answer.Delay, Rejected: refused}).WithConditions(status.Conditions)
	d.note(journal.Entry{What: "Created", Message: string(d.next.UID), Kind: journal.User, By: "user"})
	if refused != nil {
		d.warn(refused.Reason, refused.Why())
	}
	d.tellStuck(answer)
	if err := d.encodeObject(); err != nil {
		return err
	}
	d.advance()
	return nil
}

// worded is a refusal with the words it lacks: those of a node that is full.
func (d *draft) worded(r *pod.Rejection) *pod.Rejection {
	if r == nil || r.Message != "" {
		return r
	}
	k := d.nodeKeeper()
	n := d.p.node(k).config
	name := v1.ResourceName(strings.TrimPrefix(r.Reason, "OutOf"))
	return pod.Full(d.next.Object, name, pod.Allocation{Allocatable: n.allocatable(d.p.capacity(d.ctx, k))})
}

// tellStuck tells why a pod does not get its sandbox.
func (d *draft) tellStuck(a hook.CreateAnswer) {
	if a.Stuck != nil {
		why := a.Stuck.About(d.next.Object)
		d.warn(why.Reason, why.Message)
	}
}

// warn tells of something that is wrong with the pod as a whole.
func (d *draft) warn(reason, message string) {
	d.happened([]pod.Event{{At: d.at, Type: v1.EventTypeWarning, Reason: reason, Message: message}})
}

// begin makes room for a new incarnation of a name.
func (d *draft) begin(object *v1.Pod) {
	key := keyOf(object)
	was := d.p.store.Count(key)
	n := state.Count{UID: object.UID, Incarnation: was.Incarnation + 1, Attempt: 1}
	if was.Incarnation > 0 && (object.UID == "" && was.Rejected || object.UID != "" && object.UID == was.UID) {
		n.Incarnation, n.Attempt = was.Incarnation, was.Attempt+1
	}
	if n.UID == "" {
		n.UID = d.p.makeUID(key, n.Incarnation)
	}
	if object.UID == "" {
		object.UID = n.UID
	}
	if object.CreationTimestamp.IsZero() {
		object.CreationTimestamp = metav1.NewTime(d.at.Truncate(time.Second))
	}
	d.replaces = d.old != nil
	if past := d.p.store.Remembered(key); past != nil {
		d.p.journal.Forget(diary(past))
	}
	d.next = &state.Pod{Key: key, UID: n.UID, Incarnation: n.Incarnation, Attempt: n.Attempt, Created: d.at, Object: object}
	d.adopt()
}

// rejected remembers that a create was tried, so that the next try is a new question.
func (p *Provider) rejected(n *state.Pod) {
	count := state.Count{UID: n.UID, Incarnation: n.Incarnation, Attempt: n.Attempt, Rejected: true}
	if err := p.store.SetCount(n.Key, count); err != nil {
		p.log.Warn("a rejected create is not remembered", "pod", n.String(), "err", err)
	}
}

// samePod says that object speaks of that very pod: clients of the web-provider API may send no UID.
func samePod(known *state.Pod, object *v1.Pod) bool {
	return object.UID == "" || object.UID == known.UID
}

func (d *draft) askCreate() hook.CreateAnswer {
	if !d.gen.Asks(d.owner, hook.OnCreate) {
		return hook.CreateAnswer{}
	}
	ask := hook.AskID(hook.OnCreate, "", d.next.Attempt)
	answer, asked := d.p.hooks.OnCreate(d.ctx, d.subject(ask), d.next.Attempt, d.next.Created)
	d.remember(ask, asked, journal.Entry{What: hook.OnCreate, Again: true, Message: createText(answer)})
	return answer
}

// update is UpdatePod as one draft.
func (d *draft) update(object *v1.Pod, status *v1.PodStatus) error {
	if d.old == nil || !samePod(d.old, object) {
		return d.create(object, status)
	}
	keepOurs(object, d.old.Object)
	stops := terminal(status.Phase) && !d.next.Life.Terminal()
	changed, err := d.takeObject(object)
	if err != nil {
		return err
	}
	d.next.Life = d.next.Life.WithConditions(status.Conditions)
	if !changed && !stops && d.next.Life == d.old.Life {
		return errUnchanged
	}
	if stops {
		life, events := d.next.Life.Stop(d.acted(), status, d.at)
		d.next.Life = life
		d.note(journal.Entry{What: "Stopped", Message: "set to " + string(status.Phase) + " by updatePod", Kind: journal.User, By: "user"})
		d.happened(events)
	}
	d.advance()
	return nil
}

// takeObject puts new metadata and spec in place of the old, if they differ and on_update lets them.
func (d *draft) takeObject(object *v1.Pod) (changed bool, err error) {
	old := d.old
	d.next.Object = object
	if err := d.encodeObject(); err != nil {
		return false, err
	}
	if string(d.next.ObjectJSON) == string(old.ObjectJSON) {
		d.next.Object, d.next.ObjectJSON = old.Object, old.ObjectJSON
		return false, nil
	}
	if onlyVersions(old.Object, object) {
		return true, nil
	}
	return true, d.askAboutUpdate()
}

// askAboutUpdate lets on_update have its say about new metadata and spec, and brings them into effect.
func (d *draft) askAboutUpdate() error {
	d.adopt()
	answer := d.askUpdate()
	if answer.Reject != nil {
		return answer.Reject
	}
	d.note(journal.Entry{What: "Updated", Kind: journal.User, By: "user"})
	d.settleAfter(answer.Delay, d.at)
	if d.next.Owner != d.old.Owner {
		d.reask()
	}
	return nil
}

// settleAfter lets an update that was sent at that time take effect a while later; advance does what is due.
func (d *draft) settleAfter(delay time.Duration, sent time.Time) {
	from := d.old.Object
	if d.old.Update != nil {
		from = d.old.Update.From
	}
	d.next.Update = &state.Update{From: from, At: sent, Until: later(sent.Add(delay), d.at)}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// keepOurs keeps what a client's copy of a pod may lack.
func keepOurs(object, old *v1.Pod) {
	object.UID = old.UID
	if object.CreationTimestamp.IsZero() {
		object.CreationTimestamp = old.CreationTimestamp
	}
	object.DeletionTimestamp, object.DeletionGracePeriodSeconds = old.DeletionTimestamp, old.DeletionGracePeriodSeconds
}

// onlyVersions says that nothing changed but the API server's counters, as after every status write of a kubelet.
func onlyVersions(a, b *v1.Pod) bool {
	x := *a
	x.ResourceVersion, x.Generation = b.ResourceVersion, b.Generation
	left, err := encodeObject(&x)
	if err != nil {
		return false
	}
	right, err := encodeObject(b)
	return err == nil && string(left) == string(right)
}

// askUpdate asks on_update for the first time; askUpdateAgain puts the same question again.
func (d *draft) askUpdate() hook.CreateAnswer {
	d.next.Updates++
	return d.askUpdateAgain(d.old.Object, d.at)
}

func (d *draft) askUpdateAgain(from *v1.Pod, at time.Time) hook.CreateAnswer {
	if !d.gen.Asks(d.owner, hook.OnUpdate) {
		return hook.CreateAnswer{}
	}
	ask := hook.AskID(hook.OnUpdate, "", d.next.Updates)
	before := &script.Pod{Object: from, Status: d.old.Status, Script: d.old.Owner}
	answer, asked := d.p.hooks.OnUpdate(d.ctx, d.subject(ask), before, d.next.Updates, at)
	d.remember(ask, asked, journal.Entry{What: hook.OnUpdate, Again: true, Message: createText(answer)})
	return answer
}

// delete is DeletePod as one draft.
func (d *draft) delete(sent *v1.Pod) error {
	if d.old == nil {
		return state.ErrNotFound
	}
	if !samePod(d.old, sent) {
		return fmt.Errorf("%w: the pod of that name has UID %s, not %s", state.ErrNotFound, d.old.UID, sent.UID)
	}
	answer := d.askDelete()
	if answer.Reject != nil {
		return answer.Reject
	}
	grace := graceOf(sent, d.old.Object)
	if err := d.markDeleted(grace); err != nil {
		return err
	}
	d.note(journal.Entry{What: "Deleted", Message: "grace " + short(grace), Kind: journal.User, By: "user"})
	life, events := d.next.Life.Delete(d.acted(), d.at, grace, answer.Termination)
	d.next.Life = life
	d.happened(events)
	d.advance()
	return nil
}

func (d *draft) askDelete() hook.DeleteAnswer {
	d.next.Deletes++
	return d.askTermination()
}

// askTermination asks on_delete the latest question again, or for the first time.
func (d *draft) askTermination() hook.DeleteAnswer {
	if !d.gen.Asks(d.owner, hook.OnDelete) {
		return hook.DeleteAnswer{}
	}
	ask := hook.AskID(hook.OnDelete, "", d.next.Deletes)
	answer, asked := d.p.hooks.OnDelete(d.ctx, d.subject(ask), d.next.Deletes, d.at)
	d.remember(ask, asked, journal.Entry{What: hook.OnDelete, Again: true, Message: deleteText(answer)})
	return answer
}

// markDeleted sets the deletion timestamp, which is when the grace ends, as the API server does.
func (d *draft) markDeleted(grace time.Duration) error {
	o := *d.next.Object
	ends := metav1.NewTime(d.at.Add(grace).Truncate(time.Second))
	if o.DeletionTimestamp == nil || ends.Before(o.DeletionTimestamp) {
		seconds := int64(grace / time.Second)
		o.DeletionTimestamp, o.DeletionGracePeriodSeconds = &ends, &seconds
	}
	d.next.Object = &o
	return d.encodeObject()
}

// graceOf is the grace the deleting client sent, else the pod's own, else Kubernetes' default.
func graceOf(sent, known *v1.Pod) time.Duration {
	for _, seconds := range []*int64{sent.DeletionGracePeriodSeconds, known.Spec.TerminationGracePeriodSeconds} {
		if seconds != nil && *seconds >= 0 {
			return time.Duration(*seconds) * time.Second
		}
	}
	return defaultGrace
}

func terminal(phase v1.PodPhase) bool { return phase == v1.PodSucceeded || phase == v1.PodFailed }
