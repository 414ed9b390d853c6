package fault

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// Selector picks pods or nodes. All parts that are given must fit; the zero value picks all.
type Selector struct {
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name,omitempty"`   // glob
	Names     []string `json:"names,omitempty"`  // exactly these: namespace/name of pods, names of nodes
	Labels    string   `json:"labels,omitempty"` // kubectl's syntax: app=web,tier in (a,b),!canary
	Node      string   `json:"node,omitempty"`   // glob
	Owner     string   `json:"owner,omitempty"`  // "web", or "Deployment/web"
	Script    string   `json:"script,omitempty"`
	Calls     []string `json:"calls,omitempty"` // names of provider calls, such as createPod; for the verbs of calls only

	// A sample of those that fit: at most Count, or a Share from 0 to 1 and one at least. It is drawn by seed, Draw and
	// name, so it does not move when others come and go, and the same selector picks the same again. Calls and writes
	// have no names: each is hit with the probability Share.
	Count int     `json:"count,omitempty"`
	Share float64 `json:"share,omitempty"`
	Draw  uint64  `json:"draw,omitempty"` // another number draws another sample
}

// Subject is a pod or a node as a selector sees it.
type Subject struct {
	Namespace, Name string // no namespace: a node
	Labels          map[string]string
	Node, Script    string
	Owners          []string // "ReplicaSet/web-5d9c", "Deployment/web"
}

// Key is namespace/name of a pod, the name of a node.
func (s Subject) Key() string {
	if s.Namespace == "" {
		return s.Name
	}
	return s.Namespace + "/" + s.Name
}

// Matcher is a selector that was checked.
type Matcher struct {
	Selector

	labels labels.Selector
	names  map[string]bool
}

// Compile checks a selector. The error is a [*BadOrder].
func (s Selector) Compile() (*Matcher, error) {
	m := &Matcher{Selector: s}
	for part, glob := range map[string]string{"name": s.Name, "node": s.Node} {
		if _, err := path.Match(glob, ""); err != nil {
			return nil, badOrder("%s %q is not a pattern: use * ? and [a-z]", part, glob)
		}
	}
	parsed, err := labels.Parse(s.Labels)
	if err != nil {
		return nil, badOrder("labels %q: %v: write them as for kubectl, such as app=web,tier!=db", s.Labels, err)
	}
	m.labels = parsed
	switch {
	case s.Count < 0:
		return nil, badOrder("count %d is less than 0", s.Count)
	case !(s.Share >= 0 && s.Share <= 1):
		return nil, badOrder("share %v is not from 0 to 1", s.Share)
	case s.Count > 0 && s.Share > 0:
		return nil, badOrder("count %d and share %v cannot both be given", s.Count, s.Share)
	}
	if s.Names != nil {
		m.names = make(map[string]bool, len(s.Names))
		for _, name := range s.Names {
			m.names[name] = true
		}
	}
	return m, nil
}

// Match says that the subject is picked, before any sample is taken.
func (m *Matcher) Match(s Subject) bool {
	return fits(m.Namespace, s.Namespace) && fits(m.Script, s.Script) && globs(m.Name, s.Name) && globs(m.Node, s.Node) &&
		(m.names == nil || m.names[s.Key()]) && (m.Owner == "" || owned(s.Owners, m.Owner)) && m.labels.Matches(labels.Set(s.Labels))
}

func fits(want, have string) bool { return want == "" || want == have }

func globs(pattern, name string) bool {
	if pattern == "" {
		return true
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// owned compares an owner by its name or by Kind/name; kinds in any case.
func owned(owners []string, want string) bool {
	return slices.ContainsFunc(owners, func(owner string) bool {
		kind, name, _ := strings.Cut(owner, "/")
		wantKind, wantName, both := strings.Cut(want, "/")
		if !both {
			return name == want
		}
		return name == wantName && strings.EqualFold(kind, wantKind)
	})
}

// Sample takes the selector's sample of the keys that matched, in their order.
func (m *Matcher) Sample(seed uint64, keys []string) []string {
	if m.Count == 0 && m.Share == 0 || len(keys) == 0 {
		return keys
	}
	ranked := make([]ranking, len(keys))
	for i, key := range keys {
		ranked[i] = ranking{i, Draw(seed, m.Draw, key)}
	}
	slices.SortFunc(ranked, func(a, b ranking) int { return cmp.Or(cmp.Compare(a.draw, b.draw), cmp.Compare(a.at, b.at)) })
	n := min(m.Count, len(ranked))
	if m.Share > 0 {
		for n < len(ranked) && ranked[n].draw < m.Share {
			n++
		}
		n = max(n, 1)
	}
	taken := ranked[:n]
	slices.SortFunc(taken, func(a, b ranking) int { return cmp.Compare(a.at, b.at) })
	sample := make([]string, n)
	for i, r := range taken {
		sample[i] = keys[r.at]
	}
	return sample
}

// ranking is what a key of a list drew.
type ranking struct {
	at   int // in the list
	draw float64
}

// Draw is the number from 0 to 1, without 1, that belongs to a name: always the same for the same seed and number.
func Draw(seed, number uint64, name string) float64 {
	h := fnv.New64a()
	var head [16]byte
	binary.LittleEndian.PutUint64(head[:8], seed)
	binary.LittleEndian.PutUint64(head[8:], number)
	_, _ = h.Write(head[:])
	_, _ = h.Write([]byte(name))
	return float64(mix(h.Sum64())>>11) / (1 << 53)
}

// mix spreads the bits of a hash: FNV alone leaves the high ones of short names alike (splitmix64's finalizer).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
