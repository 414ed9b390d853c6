package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// keptFault is a fault as the state file has it.
type keptFault struct {
	fault.Active

	UIDs   map[string]types.UID     `json:"uids,omitempty"`
	Frozen map[string]*v1.PodStatus `json:"frozen,omitempty"`
	Next   time.Time                `json:"next,omitzero"`
	Left   []string                 `json:"left,omitempty"`
	Off    bool                     `json:"off,omitempty"`
}

// numberFact is the number of the last order: IDs are never used twice.
const numberFact = "faults"

// keepFault makes a fault survive a restart, before it does anything.
func (p *Provider) keepFault(ctx context.Context, s *standing) error {
	kept, err := encodeFault(s)
	if err != nil {
		return err
	}
	if err := p.store.Faults().Put(ctx, s.ID, kept); err != nil {
		return fmt.Errorf("keep fault %s: %w", s.ID, err)
	}
	return nil
}

// rekeep keeps a fault that changed, and lets it be the one in force. The effects stand already, so nobody waits.
func (p *Provider) rekeep(s *standing) {
	all := slices.Clone(p.faults.set.Load().all)
	if i := slices.IndexFunc(all, func(one *standing) bool { return one.ID == s.ID }); i >= 0 {
		all[i] = s
		p.faults.install(all)
	}
	kept, err := encodeFault(s)
	if err == nil {
		err = p.store.Faults().Set(s.ID, kept)
	}
	if err != nil {
		p.log.Error("a fault is not kept", "fault", s.ID, "err", err)
	}
}

func (p *Provider) unkeep(s *standing) {
	if err := p.store.Faults().Set(s.ID, nil); err != nil {
		p.log.Error("an ended fault is not forgotten", "fault", s.ID, "err", err)
	}
}

func (p *Provider) keepNumber() error {
	return p.store.Facts().Set(numberFact, strconv.AppendUint(nil, p.faults.number.Load(), 10))
}

func encodeFault(s *standing) (json.RawMessage, error) {
	kept, err := json.Marshal(keptFault{Active: s.Active, UIDs: s.uids, Frozen: s.frozen, Next: s.next, Left: s.left, Off: s.off})
	if err != nil {
		return nil, fmt.Errorf("fault %s: %w: %w", s.ID, state.ErrInvalid, err)
	}
	return kept, nil
}

// restoreFaults takes up the faults that were in force when the process ended. Those of a scenario run end: the run
// ended with the process.
func (p *Provider) restoreFaults() {
	if kept, ok := p.store.Facts().Get(numberFact); ok {
		n, _ := strconv.ParseUint(string(kept), 10, 64)
		p.faults.number.Store(n)
	}
	var all []*standing
	for id, kept := range p.store.Faults().All() {
		s, err := decodeFault(kept)
		switch {
		case err != nil:
			p.log.Warn("a kept fault is not readable, and has ended", "fault", id, "err", err)
			p.unkeep(&standing{Active: fault.Active{ID: id}})
		case s.Run != "":
			p.log.Warn("a fault of a scenario that was running has ended: the restart ended the scenario", "fault", id, "verb", s.Verb, "by", s.By)
			p.unkeep(s)
		default:
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *standing) int { return numberOf(a) - numberOf(b) })
	p.faults.install(all)
}

func numberOf(s *standing) int {
	n, _ := strconv.Atoi(s.ID[min(1, len(s.ID)):])
	return n
}

func decodeFault(kept json.RawMessage) (*standing, error) {
	var k keptFault
	if err := json.Unmarshal(kept, &k); err != nil {
		return nil, err
	}
	checked, err := k.Checked()
	if err != nil {
		return nil, err
	}
	match, err := checked.Select.Compile()
	if err != nil {
		return nil, err
	}
	k.Order = checked
	return &standing{
		Active: k.Active, uids: k.UIDs, frozen: k.Frozen, match: match, met: new(atomic.Uint64), next: k.Next, left: k.Left, off: k.Off,
	}, nil
}
