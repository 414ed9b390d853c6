package provider

import (
	"sync/atomic"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// listeners are told of all that happens, unlike subscribers, who are let go when they fall behind. They are called
// from any goroutine and must return at once. Where they are told of pods no lock is held.
type listeners struct {
	pods  atomic.Pointer[func(*state.Pod)]
	tales atomic.Pointer[func(*v1.Pod, pod.Event)]
	nodes atomic.Pointer[func(string)]
	write atomic.Pointer[func()]
}

// OnStatus lets a function know of every pod whose status was derived anew, after the change stands. There is one
// such function.
func (p *Provider) OnStatus(changed func(*state.Pod)) { p.listeners.pods.Store(&changed) }

// OnEvent lets a function know of what happens to pods, in the words of a kubelet, after the change stands. There is
// one such function.
func (p *Provider) OnEvent(tell func(*v1.Pod, pod.Event)) { p.listeners.tales.Store(&tell) }

// OnNode lets a function know of nodes that may be otherwise than before: "" means all. There is one such function.
func (p *Provider) OnNode(changed func(node string)) { p.listeners.nodes.Store(&changed) }

// OnWriteFaults lets a function know that other writes of statuses go wrong than before. There is one such function.
func (p *Provider) OnWriteFaults(changed func()) { p.listeners.write.Store(&changed) }

func (l *listeners) writesChanged() {
	if f := l.write.Load(); f != nil {
		(*f)()
	}
}

func (l *listeners) statusChanged(one *state.Pod) {
	if f := l.pods.Load(); f != nil {
		(*f)(one)
	}
}

func (l *listeners) nodeChanged(node string) {
	if f := l.nodes.Load(); f != nil {
		(*f)(node)
	}
}

// told passes on what a kubelet would tell of a pod's events.
func (l *listeners) told(object *v1.Pod, events []pod.Event, minor int) {
	f := l.tales.Load()
	if f == nil {
		return
	}
	for _, e := range events {
		if e, ok := kubeletEvent(object, e, minor); ok {
			(*f)(object, e)
		}
	}
}
