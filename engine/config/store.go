package config

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Store holds the configuration of a running process. It is safe for use from any goroutine.
type Store struct {
	layers   layers
	reading  sync.Mutex // one Reload at a time
	now      atomic.Pointer[loaded]
	started  *loaded
	warnings []string
}

// Load reads the configuration once. The error is [Problems] with everything that is wrong.
func Load(o Options) (*Config, error) {
	s, err := Open(o)
	if err != nil {
		return nil, err
	}
	return s.Current(), nil
}

// Open reads the configuration and keeps where it came from, to read it again. The error is [Problems] with everything
// that is wrong.
func Open(o Options) (*Store, error) {
	l := o.layers()
	first, err := l.resolve(nil)
	if err != nil {
		return nil, err
	}
	s := &Store{layers: l, started: first, warnings: l.strayVariables()}
	s.now.Store(first)
	return s, nil
}

// Current is the configuration of this moment. It costs one atomic load.
func (s *Store) Current() *Config { return s.now.Load().config }

// File is the path of the file that was read; empty: none.
func (s *Store) File() string { return s.layers.file }

// Reload reads the file again; flags and variables stay as they were at the start. If anything is wrong, what was read
// before stays current and the error, [Problems], says what. Where no value is new, [Store.Current] stays the very same.
func (s *Store) Reload() error {
	s.reading.Lock()
	defer s.reading.Unlock()
	next, err := s.layers.resolve(s.started)
	if err != nil {
		return err
	}
	if now := s.now.Load(); next.sameValues(now) {
		next.config = now.config
	}
	s.now.Store(next)
	return nil
}

// Pending lists the keys whose value in the file is new but takes effect at the next start only.
func (s *Store) Pending() []string { return slices.Clone(s.now.Load().pending) }

// Origins says where each current value came from, in the order of the documentation.
func (s *Store) Origins() []Origin { return slices.Clone(s.now.Load().origins) }

// Warnings lists what looks like a mistake but hinders nothing: variables that resemble one that is read.
func (s *Store) Warnings() []string { return slices.Clone(s.warnings) }
