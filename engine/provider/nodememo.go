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
	node    string
	pod     string // namespace/name
	ask     string // of all pods' questions
	set     map[string]any
	deleted []string
	fold    bool // the question is decided: its writes stand
}

// memoKeeper keeps the order of writes to the nodes' memos. On a held clock a moment's writes are taken in the order
// of the pods' names, and seen from the next moment on: who came first within the moment does not show.
type memoKeeper struct {
	mu      sync.Mutex
	at      time.Time   // the moment of what waits; guarded by mu
	waiting []nodeWrite // guarded by mu
}

// nodeMemo is a node's memo as a hook may read it now.
func (p *Provider) nodeMemo(node string) *state.Memo {
	p.settleMemos()
	return p.store.NodeMemo(node)
}

// settleMemos takes what was written in the moments before this one.
func (p *Provider) settleMemos() {
	if p.clock.Held() {
		p.memos.mu.Lock()
		defer p.memos.mu.Unlock()
		p.settleLocked(p.clock.Now())
	}
}

// rememberNode takes what hooks wrote into node.memo at that moment. Two pods that write the same key at once: the
// later wins.
func (p *Provider) rememberNode(at time.Time, writes []nodeWrite) {
	if len(writes) == 0 {
		return
	}
	p.memos.mu.Lock()
	defer p.memos.mu.Unlock()
	if !p.clock.Held() {
		p.writeMemos(writes)
		return
	}
	p.settleLocked(at)
	p.memos.at = at
	p.memos.waiting = append(p.memos.waiting, writes...)
}

// settleLocked takes the writes of moments before now. Callers hold the keeper's mu.
func (p *Provider) settleLocked(now time.Time) {
	k := &p.memos
	if len(k.waiting) == 0 || !now.After(k.at) {
		return
	}
	slices.SortStableFunc(k.waiting, func(a, b nodeWrite) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.pod, b.pod))
	})
	p.writeMemos(k.waiting)
	k.waiting = nil
}

// writeMemos takes writes, those of one node together.
func (p *Provider) writeMemos(writes []nodeWrite) {
	for len(writes) > 0 {
		node, n := writes[0].node, 1
		for n < len(writes) && writes[n].node == node {
			n++
		}
		p.writeMemo(node, writes[:n])
		writes = writes[n:]
	}
}

func (p *Provider) writeMemo(node string, writes []nodeWrite) {
	old := p.store.NodeMemo(node)
	memo := old
	for _, w := range writes {
		memo = p.rememberOne(memo, w)
	}
	if memo == old {
		return
	}
	if err := p.store.SetNodeMemo(node, old, memo); err != nil {
		p.log.Error("node.memo is not kept", "node", node, "err", err)
		return
	}
	if p.hooks.Current().DescribesNodes() {
		p.listeners.nodeChanged(node)
	}
}

func (p *Provider) rememberOne(memo *state.Memo, w nodeWrite) *state.Memo {
	if w.fold {
		return memo.Fold(w.ask)
	}
	next, err := memo.Record(w.ask, w.set, w.deleted)
	if err != nil {
		p.log.Warn("a write to node.memo is refused", "node", w.node, "err", err)
	}
	return next
}
