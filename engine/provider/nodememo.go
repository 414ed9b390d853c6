package provider

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// nodeWrite is what one question did to node.memo.
type nodeWrite struct {
	pod     string // namespace/name
	ask     string // of all pods' questions
	set     map[string]any
	deleted []string
	fold    bool // the question is decided: its writes stand
}

// memoKeeper keeps the order of writes to node.memo. On a held clock a moment's writes are taken in the order of the
// pods' names, and seen from the next moment on: who came first within the moment does not show.
type memoKeeper struct {
	mu      sync.Mutex
	at      time.Time   // the moment of what waits; guarded by mu
	waiting []nodeWrite // guarded by mu
}

// nodeMemo is the node's memo as a hook may read it now.
func (p *Provider) nodeMemo() *state.Memo {
	if p.clock.Held() {
		p.node.memo.mu.Lock()
		defer p.node.memo.mu.Unlock()
		p.settleMemo(p.clock.Now())
	}
	return p.store.NodeMemo(p.opts.Node().Name)
}

// rememberNode takes what hooks wrote into node.memo at that moment. Two pods that write the same key at once: the
// later wins.
func (p *Provider) rememberNode(at time.Time, writes []nodeWrite) {
	if len(writes) == 0 {
		return
	}
	p.node.memo.mu.Lock()
	defer p.node.memo.mu.Unlock()
	if !p.clock.Held() {
		p.writeMemo(writes)
		return
	}
	p.settleMemo(at)
	p.node.memo.at = at
	p.node.memo.waiting = append(p.node.memo.waiting, writes...)
}

// settleMemo takes the writes of moments before now. Callers hold the keeper's mu.
func (p *Provider) settleMemo(now time.Time) {
	k := &p.node.memo
	if len(k.waiting) == 0 || !now.After(k.at) {
		return
	}
	slices.SortStableFunc(k.waiting, func(a, b nodeWrite) int { return cmp.Compare(a.pod, b.pod) })
	p.writeMemo(k.waiting)
	k.waiting = nil
}

func (p *Provider) writeMemo(writes []nodeWrite) {
	name := p.opts.Node().Name
	old := p.store.NodeMemo(name)
	memo := old
	for _, w := range writes {
		memo = p.rememberOne(memo, w)
	}
	if err := p.store.SetNodeMemo(name, old, memo); err != nil {
		p.log.Error("node.memo is not kept", "err", err)
	}
}

func (p *Provider) rememberOne(memo *state.Memo, w nodeWrite) *state.Memo {
	if w.fold {
		return memo.Fold(w.ask)
	}
	next, err := memo.Record(w.ask, w.set, w.deleted)
	if err != nil {
		p.log.Warn("a write to node.memo is refused", "err", err)
	}
	return next
}
