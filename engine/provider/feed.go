package provider

import (
	"errors"
	"sync"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// feedBuffer is how many events a subscriber may be behind before it is let go.
const feedBuffer = 1024

// Subscribe streams what happens from now on, or after an event that was seen: [api.ErrTooOld] where the events
// since then are no longer kept. A subscriber that does not keep up finds its channel closed. The caller must Close.
func (p *Provider) Subscribe(after uint64) (api.Feed, error) {
	sub, err := p.subscription(after)
	if errors.Is(err, state.ErrTooOld) {
		return api.Feed{}, api.ErrTooOld
	}
	if err != nil {
		return api.Feed{}, err
	}
	notices := p.notices.join()
	out, stop := make(chan api.Event), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { p.pump(sub, notices, out, stop) })
	var once sync.Once
	return api.Feed{Events: out, Close: func() {
		once.Do(func() {
			close(stop)
			wg.Wait()
			p.notices.leave(notices)
			sub.Close()
		})
	}}, nil
}

func (p *Provider) subscription(after uint64) (*state.Subscription, error) {
	if after == 0 {
		return p.store.Subscribe(feedBuffer), nil
	}
	return p.store.Resume(after, feedBuffer)
}

// pump translates events until the subscriber leaves or falls behind.
func (p *Provider) pump(sub *state.Subscription, notices <-chan api.Event, out chan<- api.Event, stop <-chan struct{}) {
	defer close(out)
	for {
		var e api.Event
		select {
		case changed, ok := <-sub.C():
			if !ok {
				return
			}
			e = p.event(changed)
		case e = <-notices:
		case <-stop:
			return
		}
		select {
		case out <- e:
		case <-stop:
			return
		}
	}
}

func (p *Provider) event(e state.Event) api.Event {
	kinds := map[state.Kind]string{state.Added: api.EventPodAdded, state.Changed: api.EventPodChanged, state.Removed: api.EventPodRemoved}
	one := p.view(e.Pod)
	return api.Event{Sequence: e.Seq, At: p.clock.Now(), Type: kinds[e.Kind], Pod: &one}
}

// noticeboard tells subscribers what is not about a pod. The zero value is ready.
type noticeboard struct {
	mu      sync.Mutex
	readers map[chan api.Event]bool // guarded by mu
}

func (n *noticeboard) join() chan api.Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.readers == nil {
		n.readers = map[chan api.Event]bool{}
	}
	c := make(chan api.Event, 16)
	n.readers[c] = true
	return c
}

func (n *noticeboard) leave(c chan api.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.readers, c)
}

// tell drops the notice for readers that are far behind: the next list shows what they missed.
func (n *noticeboard) tell(e api.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.readers {
		select {
		case c <- e:
		default:
		}
	}
}
