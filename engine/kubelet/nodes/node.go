package nodes

import (
	"sync"
	"sync/atomic"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// node is what is known of one node.
type node struct {
	name    string
	index   int
	silent  atomic.Bool  // nothing of it may be written
	beating atomic.Int32 // a renewal is under way: see pulse

	// Of whoever registers the node or renews its lease: Start, then one goroutine at a time.
	lease  *coordinationv1.Lease // as it was accepted last; nil: there is none, or it has to be read
	reread bool                  // there is one, and we do not know it
	unsure bool                  // what we wrote last was not answered
	twice  bool                  // it changed although we wrote it last
	rival  rival

	mu        sync.Mutex
	api       *v1.Node          // as Kubernetes has it; nil: not at all. Guarded by mu, and so is all below
	uid       types.UID         // of the incarnation that we made or took
	returning bool              // it is silent, beats again, and its status has to be accepted yet
	written   *v1.NodeStatus    // our part of the status as accepted last, without times; nil: none yet
	state     kubelet.NodeState // the last good description
	reportAt  time.Time         // when the status is written although nothing changed
	wroteAt   time.Time         // when it was written last
}

func (n *node) known() *v1.Node {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.api
}

// saw takes a node that the API server answered or a watch told of, unless a newer one is known. It returns what was
// known before, and whether the new one is news.
func (n *node) saw(api *v1.Node) (before *v1.Node, news bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	before = n.api
	if before != nil && before.UID == api.UID && !newer(api.ResourceVersion, before.ResourceVersion) {
		return before, false
	}
	slim := *api
	slim.ManagedFields = nil // half of the memory
	n.api = &slim
	return before, true
}

// owns remembers the incarnation we made or took.
func (n *node) owns(uid types.UID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.uid = uid
}

// owned is the incarnation we made or took.
func (n *node) owned() types.UID {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.uid
}

// gone notes that an incarnation was deleted; "" is whichever is known. It says whether that is news.
func (n *node) gone(uid types.UID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.api == nil || uid != "" && n.api.UID != uid {
		return false
	}
	n.api, n.written = nil, nil
	return true
}

// hush makes the node silent, and says whether it was not.
func (n *node) hush() bool {
	n.mu.Lock()
	n.returning = false
	n.mu.Unlock()
	return !n.silent.Swap(true)
}

// comeBack lets a silent node's status be written, with which it comes back. It says whether the node was silent.
func (n *node) comeBack() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.returning = n.silent.Load()
	return n.returning
}

// mayWrite says whether the status may be written, and whether the node comes back with it.
func (n *node) mayWrite() (may, returning bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.silent.Load() || n.returning, n.returning
}

// back ends a silence, if the node did not fall silent again meanwhile.
func (n *node) back() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.returning {
		return false
	}
	n.returning = false
	n.silent.Store(false)
	return true
}

// newer compares resource versions. What cannot be compared counts as newer.
func newer(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err != nil || order > 0
}
