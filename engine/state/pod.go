package state

import (
	"fmt"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// Key names a pod.
type Key struct{ Namespace, Name string }

// String is the usual spelling, namespace/name.
func (k Key) String() string { return k.Namespace + "/" + k.Name }

// Compare orders by namespace, then by name.
func (k Key) Compare(other Key) int {
	if c := strings.Compare(k.Namespace, other.Namespace); c != 0 {
		return c
	}
	return strings.Compare(k.Name, other.Name)
}

// check refuses what could not be told apart in the file.
func (k Key) check() error {
	if k.Name == "" || strings.ContainsRune(k.Namespace, 0) || strings.ContainsRune(k.Name, 0) {
		return fmt.Errorf("pod key %q: %w: a name is needed, without NUL bytes", k.String(), ErrInvalid)
	}
	return nil
}

// Pod is one pod at one revision. Nobody may change it, or anything it points to, once it was committed.
type Pod struct {
	Key
	UID         types.UID
	Incarnation int       // this is the nth UID of that name, from 1
	Attempt     int       // create attempts of this incarnation
	Updates     int       // updates that were asked about
	Deletes     int       // deletes that were asked about
	Created     time.Time // when it was taken in
	Revision    uint64    // given by Commit; grows with every commit of the store

	Object     *v1.Pod       // metadata and spec only
	Life       *pod.Life     // what is remembered of its runs
	Update     *Update       // an update that is listed and has not taken effect; nil: none
	Memo       *Memo         // what its script remembers; nil: nothing yet
	Owner      string        // the script that owns it; not persisted
	Status     *v1.PodStatus // as presented; not persisted
	ObjectJSON []byte        // encoded Object, cut before `"status":`; not persisted
	StatusJSON []byte        // encoded Status; not persisted
	Due        time.Time     // when something changes by itself; zero: never; not persisted
	Extra      any           // the caller's own; not persisted
}

// Update is a change of metadata or spec that its script delays: Object is listed already, the runs still follow From.
type Update struct {
	From  *v1.Pod   `json:"from"`
	At    time.Time `json:"at"`    // when it was sent
	Until time.Time `json:"until"` // when it takes effect
}

// Change is one step of one pod.
type Change struct {
	Key
	Old *Pod // what the caller read; nil: the pod must not exist
	New *Pod // what it becomes, handed over: Commit sets its Revision and nobody changes it again; nil: removed
	// At is the story time of the change. Only [Store.Before] uses it; zero keeps the change out of that history.
	At time.Time
	// Wait makes Commit return only when the change survives a crash.
	Wait bool
}

func (c *Change) check() error {
	if err := c.Key.check(); err != nil {
		return err
	}
	switch {
	case c.Old == nil && c.New == nil:
		return fmt.Errorf("%w: neither old nor new pod given", ErrInvalid)
	case c.New == nil:
		return nil
	case c.New == c.Old:
		return fmt.Errorf("%w: a committed pod was changed in place", ErrInvalid)
	case c.New.Key != c.Key:
		return fmt.Errorf("%w: pod is named %s", ErrInvalid, c.New.Key)
	case c.New.Object == nil:
		return fmt.Errorf("%w: pod has no object", ErrInvalid)
	}
	return nil
}

// kind is what subscribers are told.
func (c *Change) kind() Kind {
	switch {
	case c.Old == nil:
		return Added
	case c.New == nil:
		return Removed
	default:
		return Changed
	}
}
