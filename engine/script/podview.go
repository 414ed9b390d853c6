package script

import (
	"reflect"

	lua "github.com/yuin/gopher-lua"
	v1 "k8s.io/api/core/v1"
)

// Pod is a pod as scripts see it: one object whose status lies over Object's own and whose memo is ours.
type Pod struct {
	Object *v1.Pod       // never changed
	Status *v1.PodStatus // nil: Object's
	Memo   *Memo         // nil: pod.memo is empty and cannot be written
	Script string        // the script that owns it, for pods{ script = … }
	Ready  bool          // for pods{ ready = … } and :ready()
}

// Node is a node as scripts see it.
type Node struct {
	Object *v1.Node
	Memo   *Memo
}

const (
	memoField   = "memo"
	statusField = "status"
)

var (
	podPlan  = planOf(reflect.TypeFor[v1.Pod]())
	nodePlan = planOf(reflect.TypeFor[v1.Node]())
)

// podView overlays a v1.Pod.
type podView struct {
	structView
	pod    *Pod
	status lua.LValue
	memo   lua.LValue
}

func newPodView(p *Pod) lua.LValue {
	if p == nil || p.Object == nil {
		return lua.LNil
	}
	v := &podView{structView: structView{plan: podPlan, v: reflect.ValueOf(p.Object).Elem()}, pod: p}
	v.self = lua.LUserData{Value: v, Metatable: meta}
	return &v.self
}

func (p *podView) get(l *lua.LState, key lua.LValue) lua.LValue {
	switch name, _ := key.(lua.LString); {
	case name == memoField:
		if p.memo == nil {
			p.memo = newMemoView(p.pod.Memo, "pod.memo")
		}
		return p.memo
	case name == statusField && p.pod.Status != nil:
		if p.status == nil {
			p.status = newStructView(reflect.ValueOf(p.pod.Status).Elem())
		}
		return p.status
	}
	return p.structView.get(l, key)
}

func (p *podView) set(l *lua.LState, key, _ lua.LValue) {
	if keyText(key) == memoField {
		l.RaiseError("cannot replace pod.memo: set its fields, pod.memo.x = 1")
	}
	refuseWrite(l, "pod", key)
}

// keys has status only where it says something.
func (p *podView) keys(l *lua.LState) []lua.LValue {
	if p.pod.Status == nil {
		return p.structView.keys(l)
	}
	keys := p.structView.keys(l)
	if n := len(keys); n == 0 || keys[n-1] != lua.LString(statusField) {
		keys = append(keys, lua.LString(statusField))
	}
	return keys
}

// nodeView is a v1.Node with a memo.
type nodeView struct {
	structView
	node *Node
	memo lua.LValue
}

func newNodeView(n *Node) lua.LValue {
	if n == nil || n.Object == nil {
		return lua.LNil
	}
	v := &nodeView{structView: structView{plan: nodePlan, v: reflect.ValueOf(n.Object).Elem()}, node: n}
	v.self = lua.LUserData{Value: v, Metatable: meta}
	return &v.self
}

func (n *nodeView) get(l *lua.LState, key lua.LValue) lua.LValue {
	if name, _ := key.(lua.LString); name == memoField {
		if n.memo == nil {
			n.memo = newMemoView(n.node.Memo, "node.memo")
		}
		return n.memo
	}
	return n.structView.get(l, key)
}

func (n *nodeView) set(l *lua.LState, key, _ lua.LValue) {
	if keyText(key) == memoField {
		l.RaiseError("cannot replace node.memo: set its fields, node.memo.x = 1")
	}
	refuseWrite(l, "node", key)
}

// currentNode is the global `node`: the node of the call that reads it.
type currentNode struct{}

func (currentNode) of(l *lua.LState) object {
	s := stateOf(l)
	if s.call == nil {
		l.RaiseError("node can only be read inside hooks: the file runs before there is one")
	}
	if s.node == nil && s.call.Node != nil {
		s.node = newNodeView(s.call.Node())
	}
	o := objectOf(s.node)
	if o == nil {
		l.RaiseError("this call knows no node")
	}
	return o
}

func (c currentNode) get(l *lua.LState, key lua.LValue) lua.LValue { return c.of(l).get(l, key) }
func (c currentNode) set(l *lua.LState, key, value lua.LValue)     { c.of(l).set(l, key, value) }

func (c currentNode) keys(l *lua.LState) []lua.LValue {
	if s := stateOf(l); s.call == nil || s.call.Node == nil {
		return nil // Go may ask too, where nothing may be raised
	}
	return c.of(l).keys(l)
}

func (currentNode) list(*lua.LState) (int, bool) { return 0, false }

// paramsView is the global `params`: the values of the file's knobs in this call.
type paramsView struct{}

func (paramsView) get(l *lua.LState, key lua.LValue) lua.LValue {
	s := stateOf(l)
	if s.call == nil {
		l.RaiseError("params.%s can only be read inside hooks: its value may change while the file stays loaded", shorten(keyText(key), 60))
	}
	name := keyText(key)
	if v, ok := s.call.Params[name]; ok {
		return s.show(v)
	}
	for i := range s.file.Params {
		if s.file.Params[i].Name == name {
			return s.show(s.file.Params[i].Default)
		}
	}
	l.RaiseError("params has no '%s': declare it with param(\"%s\", default, doc)%s", shorten(name, 60), shorten(name, 60), didYouMean(name, s.file.paramNames()))
	return lua.LNil
}

func (paramsView) set(l *lua.LState, key, _ lua.LValue) {
	l.RaiseError("cannot set params.%s: params are turned from outside; keep what must change in pod.memo", shorten(keyText(key), 60))
}

func (paramsView) keys(l *lua.LState) []lua.LValue {
	s := stateOf(l)
	if s.call == nil {
		l.RaiseError("params can only be read inside hooks: values may change while the file stays loaded")
	}
	return textKeys(s.file.paramNames())
}

func (paramsView) list(*lua.LState) (int, bool) { return 0, false }
