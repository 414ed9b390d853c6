package nodes

import "sync"

// changes collects which nodes changed until somebody has time for them.
type changes struct {
	wake chan struct{} // something was collected

	mu    sync.Mutex
	all   bool           // guarded by mu
	nodes map[*node]bool // guarded by mu
}

func newChanges() changes {
	return changes{wake: make(chan struct{}, 1), nodes: make(map[*node]bool)}
}

func (c *changes) add(n *node) {
	c.mu.Lock()
	c.nodes[n] = true
	c.mu.Unlock()
	c.signal()
}

func (c *changes) addAll() {
	c.mu.Lock()
	c.all = true
	c.mu.Unlock()
	c.signal()
}

func (c *changes) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take returns what was collected, which of all is everything where that was said.
func (c *changes) take(all []*node) []*node {
	c.mu.Lock()
	defer c.mu.Unlock()
	var taken []*node
	for _, n := range all {
		if c.all || c.nodes[n] {
			taken = append(taken, n)
		}
	}
	c.all = false
	clear(c.nodes)
	return taken
}
