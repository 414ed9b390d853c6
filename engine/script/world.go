package script

import (
	"math"
	"path"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// snapshot is what one call sees of the World; views are made once.
type snapshot struct {
	pods, nodes []*member
}

// member is one pod or node, of which there are views only when somebody looks.
type member struct {
	pod   *Pod
	node  *Node
	value lua.LValue
}

func (m *member) view() lua.LValue {
	if m.value == nil {
		if m.pod != nil {
			m.value = newPodView(m.pod)
		} else {
			m.value = newNodeView(m.node)
		}
	}
	return m.value
}

func (m *member) name() string {
	if m.pod != nil {
		return m.pod.Object.Name
	}
	return m.node.Object.Name
}

// key names it among its kind, as selectors do.
func (m *member) key() string {
	if m.pod != nil {
		return m.pod.Object.Namespace + "/" + m.pod.Object.Name
	}
	return m.node.Object.Name
}

func (m *member) ready() bool {
	if m.pod != nil {
		return m.pod.Ready
	}
	return slices.ContainsFunc(m.node.Object.Status.Conditions, func(c v1.NodeCondition) bool {
		return c.Type == v1.NodeReady && c.Status == v1.ConditionTrue
	})
}

// look takes the call's snapshot of the world.
func (s *state) look(l *lua.LState, what string) *snapshot {
	switch {
	case s.call == nil:
		l.RaiseError("%s can only be read inside hooks: the file itself runs before there are any", what)
	case s.call.World == nil:
		l.RaiseError("%s cannot be read in %s", what, s.call.Hook)
	case s.world == nil:
		w := &snapshot{}
		for _, p := range s.call.World.Pods() {
			w.pods = append(w.pods, &member{pod: p})
		}
		for _, n := range s.call.World.Nodes() {
			w.nodes = append(w.nodes, &member{node: n})
		}
		s.world = w
	}
	return s.world
}

// selector is what pods{ … } and nodes{ … } take.
type selector struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Name        string            `json:"name"`
	Ready       *bool             `json:"ready"`
}

type podSelector struct {
	selector

	Namespace string `json:"namespace"`
	Node      string `json:"node"`
	Owner     string `json:"owner"`
	Script    string `json:"script"`
	Phase     string `json:"phase"`
}

func (s *selector) fits(m *member, meta *metav1.ObjectMeta) bool {
	if s.Name != "" {
		if ok, err := path.Match(s.Name, meta.Name); err != nil || !ok {
			return false
		}
	}
	return contained(s.Labels, meta.Labels) && contained(s.Annotations, meta.Annotations) &&
		(s.Ready == nil || *s.Ready == m.ready())
}

func contained(want, have map[string]string) bool {
	for k, v := range want {
		if got, ok := have[k]; !ok || got != v {
			return false
		}
	}
	return true
}

func (s *podSelector) accepts(m *member) bool {
	p := m.pod.Object
	status := m.pod.Status
	if status == nil {
		status = &p.Status
	}
	is := func(want, have string) bool { return want == "" || want == have }
	return is(s.Namespace, p.Namespace) && is(s.Node, p.Spec.NodeName) && is(s.Script, m.pod.Script) &&
		is(s.Phase, string(status.Phase)) && (s.Owner == "" || owned(&p.ObjectMeta, s.Owner)) && s.fits(m, &p.ObjectMeta)
}

// owned compares the owners by name, or by Kind/name; the Deployment behind a ReplicaSet is one too.
func owned(meta *metav1.ObjectMeta, name string) bool {
	return slices.ContainsFunc(meta.OwnerReferences, func(r metav1.OwnerReference) bool {
		if r.Name == name || r.Kind+"/"+r.Name == name {
			return true
		}
		deployment, ok := strings.CutSuffix(r.Name, "-"+meta.Labels["pod-template-hash"])
		return ok && r.Kind == "ReplicaSet" && (deployment == name || "Deployment/"+deployment == name)
	})
}

func libPods(l *lua.LState) int {
	var sel podSelector
	readSelector(l, "pods", &sel)
	return pushMembers(l, fault.Pod, stateOf(l).look(l, "pods{}").pods, sel.accepts)
}

func libNodes(l *lua.LState) int {
	var sel selector
	readSelector(l, "nodes", &sel)
	return pushMembers(l, fault.Node, stateOf(l).look(l, "nodes{}").nodes, func(m *member) bool { return sel.fits(m, &m.node.Object.ObjectMeta) })
}

func readSelector(l *lua.LState, what string, into any) {
	if l.Get(1) == lua.LNil {
		return
	}
	if err := (Value{stateOf(l), l.Get(1)}).Decode(what, into); err != nil {
		l.RaiseError("%s", asError(err).Text)
	}
}

func pushMembers(l *lua.LState, on fault.Target, all []*member, fits func(*member) bool) int {
	out := &memberList{on: on}
	for _, m := range all {
		if fits(m) {
			out.members = append(out.members, m)
		}
	}
	l.Push(newView(out))
	return 1
}

// memberList is what pods{} returns: a read-only list with a few methods. In scenarios it also has the verbs.
type memberList struct {
	on      fault.Target
	members []*member
}

func (s *memberList) keyTexts() []string {
	keys := make([]string, len(s.members))
	for i, m := range s.members {
		keys[i] = m.key()
	}
	return keys
}

var memberMethods = map[lua.LString]lua.LValue{
	"count":  goFunction(listCount),
	"ready":  goFunction(listReady),
	"names":  goFunction(listNames),
	"filter": goFunction(listFilter),
	"sample": goFunction(listSample),
	"pick":   goFunction(listPick),
}

var memberMethodNames = []string{"count", "ready", "names", "filter", "sample", "pick"}

func (s *memberList) get(l *lua.LState, key lua.LValue) lua.LValue {
	switch k := key.(type) {
	case lua.LNumber:
		if i := int(k) - 1; i >= 0 && i < len(s.members) && lua.LNumber(i+1) == k {
			return s.members[i].view()
		}
		return lua.LNil
	case lua.LString:
		if m, ok := memberMethods[k]; ok {
			return m
		}
		if m, ok := verbMethods()[s.on][k]; ok {
			return m
		}
	}
	names := slices.Concat(memberMethodNames, verbNames(s.on))
	l.RaiseError("the list has no '%s'%s: use #list, list[1], or :%s()", shorten(keyText(key), 60), didYouMean(keyText(key), names), strings.Join(names, "() :"))
	return lua.LNil
}

func (s *memberList) set(l *lua.LState, key, _ lua.LValue) { refuseWrite(l, "the list", key) }

func (s *memberList) list(*lua.LState) (int, bool) { return len(s.members), true }

func (s *memberList) keys(*lua.LState) []lua.LValue { return numberKeys(len(s.members)) }

func checkMembers(l *lua.LState) *memberList {
	s, ok := objectOf(l.Get(1)).(*memberList)
	if !ok {
		l.RaiseError("call it with a colon on a list of pods or nodes: pods{}:count()")
	}
	return s
}

func listCount(l *lua.LState) int { return pushNumber(l, float64(len(checkMembers(l).members))) }

func listReady(l *lua.LState) int {
	n := 0
	for _, m := range checkMembers(l).members {
		if m.ready() {
			n++
		}
	}
	return pushNumber(l, float64(n))
}

func listNames(l *lua.LState) int {
	members := checkMembers(l).members
	if len(members) >= maxArray {
		l.RaiseError("there are %d names, more than a list holds: select fewer", len(members))
	}
	t := l.CreateTable(len(members), 0)
	for i, m := range members {
		t.RawSetInt(i+1, lua.LString(m.name()))
	}
	l.Push(t)
	return 1
}

func listFilter(l *lua.LState) int {
	s, keep := checkMembers(l), l.CheckFunction(2)
	return pushMembers(l, s.on, s.members, func(m *member) bool {
		l.Push(keep)
		l.Push(m.view())
		l.Call(1, 1)
		yes := lua.LVAsBool(l.Get(-1))
		l.Pop(1)
		return yes
	})
}

// listSample takes each member by a draw keyed by its name, so that the choice does not move when others come and go;
// one at least, or what is done to a sample would be done to nobody now and then.
func listSample(l *lua.LState) int {
	s, share := checkMembers(l), float64(l.CheckNumber(2))
	if !(share >= 0 && share <= 1) {
		l.ArgError(2, "must be a share from 0 to 1; to take a number of them use :pick(2)")
	}
	return pushFirst(l, s, "sample", 3, func(ranks []float64) int {
		n, _ := slices.BinarySearch(ranks, share)
		if share > 0 {
			n = max(n, 1)
		}
		return n
	})
}

// listPick takes a number of members, one if none is said, drawn as by sample.
func listPick(l *lua.LState) int {
	s, n := checkMembers(l), l.OptNumber(2, 1)
	if n < 0 || n != lua.LNumber(math.Trunc(float64(n))) {
		l.ArgError(2, "must be a whole number of members")
	}
	return pushFirst(l, s, "pick", 3, func([]float64) int { return int(min(n, lua.LNumber(len(s.members)))) })
}

// pushFirst draws a rank for each member, and pushes those with the lowest: so many as many says of all ranks in order.
func pushFirst(l *lua.LState, s *memberList, kind string, nameAt int, many func(ranks []float64) int) int {
	src, _ := stateOf(l).draw(l, kind, nameAt)
	base := Draws{src.next()}
	rank := make(map[*member]float64, len(s.members))
	ranks := make([]float64, len(s.members))
	for i, m := range s.members {
		one := base.named(m.name())
		rank[m] = one.float()
		ranks[i] = rank[m]
	}
	slices.Sort(ranks)
	n := min(many(ranks), len(ranks))
	return pushMembers(l, s.on, s.members, func(m *member) bool { return n > 0 && rank[m] <= ranks[n-1] })
}
