package provider

import (
	"context"
	"fmt"
	"maps"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// The calls below are for a Provider whose pods are Kubernetes' ([Options.Kubernetes]): objects are shared with the
// caller and never changed, no call waits for the state file, and a deleted pod stays known, with its terminal status,
// until [Provider.ForgetPod]. Calls about one pod must not run at the same time.

// BindPod takes in a pod that Kubernetes bound to one of our nodes. If it is known already, what Kubernetes changed of
// it is taken; another UID under the name replaces the pod. A [fault.Asked] is what a script wants the call to end with.
func (p *Provider) BindPod(ctx context.Context, object *v1.Pod) error {
	defer p.admit.release(keyOf(object))
	return p.kubernetes(ctx, "create", object, func(d *draft) error { return d.bind(object) })
}

// AdoptPod takes over a pod that ran already, from the status that Kubernetes has of it. Where we remember more of that
// pod than the status tells, our memory counts.
func (p *Provider) AdoptPod(ctx context.Context, object *v1.Pod) error {
	return p.kubernetes(ctx, "adopt", object, func(d *draft) error { return d.takeOver(object) })
}

// RefreshPod takes what Kubernetes changed of a pod: metadata, spec, and of the status the conditions that others keep.
// A pod that is not known is taken in.
func (p *Provider) RefreshPod(ctx context.Context, object *v1.Pod) error {
	return p.kubernetes(ctx, "update", object, func(d *draft) error { return d.refresh(object) })
}

// EndPod begins to end a pod within its metadata.deletionGracePeriodSeconds; again with a shorter grace, it ends
// sooner. [state.ErrNotFound]: there is no such pod.
func (p *Provider) EndPod(ctx context.Context, object *v1.Pod) error {
	return p.kubernetes(ctx, "delete", object, func(d *draft) error { return d.end(object) })
}

// ForgetPod drops a pod, whatever it does. An empty UID means whichever has the name. [state.ErrNotFound]: there is
// none.
func (p *Provider) ForgetPod(ctx context.Context, key state.Key, uid types.UID) error {
	if past := p.store.Remembered(key); past != nil && (uid == "" || uid == past.UID) {
		p.journal.Forget(diary(past))
		return p.store.Unremember(key)
	}
	_, err := p.change(ctx, change{key: key}, func(d *draft) error {
		if d.old == nil || uid != "" && uid != d.old.UID {
			return fmt.Errorf("forget pod %s: %w", key, state.ErrNotFound)
		}
		d.next = nil
		return nil
	})
	return err
}

// Status is a pod's status as its scripts present it, shared: nobody may change it. [state.ErrNotFound] if there is no
// such pod; an empty UID means whichever has the name.
func (p *Provider) Status(key state.Key, uid types.UID) (*v1.PodStatus, error) {
	one := p.store.Get(key)
	if one == nil || uid != "" && uid != one.UID {
		return nil, fmt.Errorf("pod %s: %w", key, state.ErrNotFound)
	}
	return one.Status, nil
}

// Known lists the pods there are, and those that the state file remembers and nobody took in yet, these without
// Object.
func (p *Provider) Known() []*state.Pod {
	return append(p.store.AllRemembered(), p.store.List()...)
}

func (p *Provider) kubernetes(ctx context.Context, what string, object *v1.Pod, edit func(*draft) error) error {
	_, err := p.change(ctx, change{key: keyOf(object)}, edit)
	return calling(what, object, err)
}

// bind is BindPod as one draft.
func (d *draft) bind(object *v1.Pod) error {
	switch {
	case d.old != nil && d.old.UID == object.UID:
		return d.refresh(object)
	case d.remembered(object) != nil:
		return d.takeOver(object)
	default:
		return d.create(object, &object.Status)
	}
}

// remembered is what we know of that very pod beside the store's pods; nil: nothing.
func (d *draft) remembered(object *v1.Pod) *state.Pod {
	if past := d.p.store.Remembered(keyOf(object)); past != nil && past.UID == object.UID {
		return past
	}
	return nil
}

// takeOver is AdoptPod as one draft.
func (d *draft) takeOver(object *v1.Pod) error {
	known := d.remembered(object)
	if d.old != nil && d.old.UID == object.UID {
		known = d.old
	}
	how := "from its status"
	switch {
	case known == nil:
		d.begin(object)
		d.next.Life = pod.Adopt(object, &object.Status, d.at)
	case known.Life.Behind(&object.Status):
		d.succeed(known, object)
		d.next.Life, d.next.Update = pod.Adopt(object, &object.Status, d.at), nil
	case known == d.old:
		return d.refresh(object)
	default:
		how = "as it was left"
		d.succeed(known, object)
		d.next.Life = d.next.Life.WithConditions(object.Status.Conditions)
	}
	d.p.ips.keep(d.next.Key, d.next.Life.IP())
	d.note(journal.Entry{What: "Adopted", Message: how, Kind: journal.Restart, By: "user", Generation: d.gen.ID()})
	d.goOn()
	return nil
}

// succeed goes on with a pod that is known, under what Kubernetes has of it.
func (d *draft) succeed(known *state.Pod, object *v1.Pod) {
	next := *known
	next.Object, next.Status = object, nil
	d.next = &next
	d.adopt()
}

// refresh is RefreshPod as one draft.
func (d *draft) refresh(object *v1.Pod) error {
	if d.old == nil || d.old.UID != object.UID {
		return d.bind(object)
	}
	was := d.old.Object
	if was == object {
		return errUnchanged
	}
	d.next.Object = object
	d.next.Life = d.next.Life.WithConditions(object.Status.Conditions)
	switch {
	case !sameForScripts(was, object):
		if err := d.askAboutUpdate(); err != nil {
			return err
		}
	case was.Generation == object.Generation && d.next.Life == d.old.Life:
		return nil // only the object is a newer one, so that nobody holds the old
	}
	d.advance()
	return nil
}

// sameForScripts says that two versions of a pod differ in nothing that a script or a container could care about.
func sameForScripts(a, b *v1.Pod) bool {
	return maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations) &&
		(a.Generation == b.Generation && a.Generation != 0 || equality.Semantic.DeepEqual(&a.Spec, &b.Spec))
}

// end is EndPod as one draft.
func (d *draft) end(object *v1.Pod) error {
	if d.old == nil || d.old.UID != object.UID {
		return state.ErrNotFound
	}
	d.next.Object = object
	grace := graceOf(object, object)
	var answer hook.DeleteAnswer
	if !d.next.Life.Deleting() {
		if answer = d.askDelete(); answer.Reject != nil {
			return answer.Reject
		}
		d.note(journal.Entry{What: "Deleted", Message: "grace " + short(grace), Kind: journal.User, By: "user"})
	}
	life, events := d.next.Life.Delete(d.acted(), d.at, grace, answer.Termination)
	d.next.Life = life
	d.happened(events)
	d.advance()
	return nil
}

// Ended says that a pod was deleted and nothing of it runs any more.
func (p *Provider) Ended(key state.Key, uid types.UID) bool {
	one := p.store.Get(key)
	return one != nil && (uid == "" || uid == one.UID) && one.Life.Gone()
}
