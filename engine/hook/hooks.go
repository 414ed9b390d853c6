package hook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// Options is what Hooks needs to ask questions.
type Options struct {
	Seed    uint64                // of all draws
	Limits  func() Limits         // read for every call; nil, and zero fields: the defaults
	Config  func() map[string]any // what scripts see as `config`, read at every load; nil: nothing
	Runtime *script.Runtime       // required
	World   func() script.World   // what pods{} and nodes{} read; nil: nothing
	// Node gives a node, with node.memo as the question may see it. Required.
	Node   func(NodeAsk) *script.Node
	Failed func(*script.Error)                           // told of every broken or killed hook, from any goroutine; may be nil
	Called func(hook, result string, took time.Duration) // told of every hook that ran; may be nil

	rehearsal bool // the trial of a generation
}

// NodeAsk is which node is wanted, and for which question.
type NodeAsk struct {
	Name string // a node that is not ours, as "" is: the first of ours
	// Ask names the question, which must not see what it wrote into node.memo when it was asked before; empty for
	// questions that cannot write.
	Ask string
}

// Limits bound how long a hook may run, by its kind. Time in which a busy machine leaves the hook standing does not count.
type Limits struct {
	Status time.Duration // status, usage, capacity, conditions, addresses, heartbeat, on_request; 0: 50 ms
	Create time.Duration // on_create, on_update, on_delete, on_pull, on_start; 0: 200 ms
	Logs   time.Duration // logs; 0: 500 ms
	Exec   time.Duration // exec, port_forward and http, from one input of the client to the next; 0: 1 s
	Match  time.Duration // match functions; 0: 20 ms
}

// Hooks holds the current generation of scripts and asks it.
type Hooks struct {
	opts    Options
	current atomic.Pointer[Generation]
	params  paramSet
	loads   sync.Mutex // one load at a time
	faults  faultLog

	sessions atomic.Int64 // those under way
}

// New returns Hooks without scripts: every question gets its built-in answer until [Hooks.Load].
func New(o Options) *Hooks {
	if o.Limits == nil {
		o.Limits = func() Limits { return Limits{} }
	}
	if o.Config == nil {
		o.Config = func() map[string]any { return nil }
	}
	h := &Hooks{opts: o}
	h.current.Store(newGeneration(nil))
	return h
}

// of is the limit of a hook.
func (l Limits) of(hook string) time.Duration {
	switch hook {
	case OnCreate, OnUpdate, OnDelete, OnPull, OnStart:
		return cmp.Or(l.Create, 200*time.Millisecond)
	case Logs:
		return cmp.Or(l.Logs, 500*time.Millisecond)
	case Exec, PortForward, HTTP:
		return cmp.Or(l.Exec, time.Second)
	case matchHook:
		return cmp.Or(l.Match, 20*time.Millisecond)
	default:
		return cmp.Or(l.Status, 50*time.Millisecond)
	}
}

// Current is the generation that serves now. Whoever asks several questions for one decision should take it once.
func (h *Hooks) Current() *Generation { return h.current.Load() }

// Seed is the seed of all draws.
func (h *Hooks) Seed() uint64 { return h.opts.Seed }

// Subject is the pod a question is about.
type Subject struct {
	Gen         *Generation
	Owner       *script.File // nil: no script owns it
	Pod         *script.Pod
	Incarnation int // nth UID of that name, from 1
}

// Asked tells how a question was answered, for the journal and for what the answer's life depends on.
type Asked struct {
	By          string // "flaky.lua:12"; empty: built in
	Generation  uint64
	Draws       []script.Drawn
	ReadWorld   bool           // the answer read other objects: it lives at most a second
	Broken      bool           // a script was asked and broke; the caller's default serves
	Err         error          // how it broke; nil unless Broken
	Memo        map[string]any // what the hook wrote into pod.memo
	Deleted     []string
	NodeMemo    map[string]any // and into node.memo
	NodeDeleted []string
}

// question is one ask, ready to be put.
type question struct {
	subject   Subject
	node      string // the node it is about; empty: the pod's
	hook      string
	container string
	number    int
	sample    int // of what is asked again and again about one number; 0: none
	at        time.Time
	args      []any
	io        *script.IO // the client, for hooks that talk with one
}

// nodeName is the node that the question sees as its own.
func (q question) nodeName() string {
	if p := q.subject.Pod; p != nil && q.node == "" {
		return p.Object.Spec.NodeName
	}
	return q.node
}

// ask puts a question to the pod's script, else to default.lua. It reports false where nobody answered: the hook is
// absent, tripped or broke, and the caller's default holds.
func (h *Hooks) ask(ctx context.Context, q question, read func(script.Answer) error) (Asked, bool) {
	file := q.subject.Gen.answering(q.subject.Owner, q.hook)
	if file == nil {
		return Asked{Generation: q.subject.Gen.ID()}, false
	}
	key := ""
	if p := q.subject.Pod; p != nil {
		key = p.Object.Namespace + "/" + p.Object.Name
	}
	return h.call(ctx, file, key, q, read)
}

// call asks one file.
func (h *Hooks) call(ctx context.Context, file *script.File, key string, q question, read func(script.Answer) error) (Asked, bool) {
	gen := q.subject.Gen
	asked := Asked{By: gen.where[hookRef{file, q.hook}], Generation: gen.ID()}
	if gen.trips.tripped(file, q.hook, key) {
		asked.Broken, asked.Err = true, fmt.Errorf("%s: %s is switched off after limits ended it again and again: mend it and save", asked.By, q.hook)
		return asked, false
	}
	sig, _ := find(q.hook)
	var node *script.Node // most hooks never look at it
	c := &script.Call{
		File: file, Hook: q.hook, Args: q.args, Now: q.at,
		Draws:  h.draws(key, q),
		Params: h.params.of(file), World: h.world(),
		Node: func() *script.Node {
			node = h.opts.Node(NodeAsk{Name: q.nodeName(), Ask: h.nodeAsk(key, q, sig)})
			return node
		},
		Limit: h.opts.Limits().of(q.hook), Writable: sig.Writes, IO: q.io, Rehearsal: h.opts.rehearsal,
	}
	start := time.Now() //nolint:forbidigo // a hook's running time is the machine's, not the story's
	err := gen.set.Call(ctx, c, func(a script.Answer) error {
		asked.Draws, asked.ReadWorld = slices.Clone(a.Draws), a.ReadWorld
		return read(a)
	})
	took := time.Since(start)
	if q.io != nil {
		took = q.io.Ran()
	}
	h.observe(gen, file, key, q.hook, err, took)
	if err != nil {
		asked.Broken, asked.Err = true, err
		return asked, false
	}
	asked.takeMemo(q.subject.Pod, node)
	return asked, true
}

// draws are those of the question: asked again, it has the same.
func (h *Hooks) draws(key string, q question) script.Draws {
	if q.sample > 0 {
		return script.NewDraws(h.opts.Seed, key, q.subject.Incarnation, q.container, q.hook, q.number, q.sample)
	}
	return script.NewDraws(h.opts.Seed, key, q.subject.Incarnation, q.container, q.hook, q.number)
}

// nodeAsk names the question among all questions that may write node.memo.
func (h *Hooks) nodeAsk(key string, q question, sig Signature) string {
	if !sig.Writes {
		return ""
	}
	return key + "/" + AskID(q.hook, q.container, q.number)
}

func (a *Asked) takeMemo(p *script.Pod, n *script.Node) {
	if p != nil && p.Memo != nil {
		a.Memo, a.Deleted = p.Memo.Set, p.Memo.Deleted
	}
	if n != nil && n.Memo != nil {
		a.NodeMemo, a.NodeDeleted = n.Memo.Set, n.Memo.Deleted
	}
}

func (h *Hooks) world() script.World {
	if h.opts.World == nil {
		return nil
	}
	return h.opts.World()
}

// observe counts a call and remembers what broke.
func (h *Hooks) observe(gen *Generation, file *script.File, key, hook string, err error, took time.Duration) {
	result := "ok"
	var broken *script.Error
	if errors.As(err, &broken) {
		result = string(broken.Kind)
		h.faults.add(gen.ID(), broken)
		if h.opts.Failed != nil {
			h.opts.Failed(broken)
		}
	} else if err != nil {
		result = "canceled" // the caller left; not the script's fault
	}
	gen.trips.record(file, hook, key, broken != nil && broken.Kind == script.Limit)
	if h.opts.Called != nil {
		h.opts.Called(hook, result, took)
	}
}
