package nodes

import (
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

const tellEvery = 3 * time.Second

// teller tells of progress, and not too often.
type teller struct {
	clock clock.Clock
	to    func(string)

	mu   sync.Mutex
	told time.Time // guarded by mu
}

func (k *Keeper) teller(to func(string)) *teller { return &teller{clock: k.o.Clock, to: to} }

// tell passes a text on, or leaves it.
func (t *teller) tell(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	if now.Sub(t.told) < tellEvery {
		return
	}
	t.told = now
	t.to(text)
}
