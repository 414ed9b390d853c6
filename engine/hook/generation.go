package hook

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/nearest"
	"github.com/moonlet-dev/moonlet/engine/script"
)

const (
	// Annotation names the script of a pod, whatever the scripts' matches say.
	Annotation = "moonlet.dev/script"

	defaultScript = "default"
	matchHook     = "match"
)

// Generation is one loaded set of scripts. It never changes.
type Generation struct {
	set     *script.Set // nil: no scripts
	prints  map[*script.File]string
	watched map[string]bool    // provider calls that some script watches
	where   map[hookRef]string // "flaky.lua:12", made once
	trips   trips
}

type hookRef struct {
	file *script.File
	hook string
}

func newGeneration(set *script.Set) *Generation {
	g := &Generation{set: set, prints: map[*script.File]string{}, watched: map[string]bool{}, where: map[hookRef]string{}}
	for _, f := range append(slices.Clone(g.Files()), nil) {
		g.prints[f] = g.fingerprint(f)
		if f == nil {
			continue
		}
		for _, s := range registry {
			g.where[hookRef{f, s.Name}] = fmt.Sprintf("%s:%d", f.Name, f.Line(s.Name))
		}
		if f.Match != nil && f.Has(OnRequest) {
			for _, c := range f.Match.Calls {
				g.watched[c] = true
			}
		}
	}
	return g
}

// Watched tells whether any script wants to see calls of that name.
func (g *Generation) Watched(call string) bool { return g.watched[call] }

// ID counts the generations from 1; 0 is the one without scripts.
func (g *Generation) ID() uint64 {
	if g.set == nil {
		return 0
	}
	return g.set.ID()
}

// Files are the scripts in name order.
func (g *Generation) Files() []*script.File {
	if g.set == nil {
		return nil
	}
	return g.set.Files()
}

// File finds a script by its name, with or without ".lua"; nil if there is none.
func (g *Generation) File(name string) *script.File {
	if g.set == nil {
		return nil
	}
	return g.set.File(name)
}

// Fingerprint names all that decides how a pod of that owner behaves: two generations with the same fingerprint
// answer alike.
func (g *Generation) Fingerprint(owner *script.File) string { return g.prints[owner] }

func (g *Generation) fingerprint(owner *script.File) string {
	var b strings.Builder
	for _, f := range []*script.File{owner, g.File(defaultScript)} {
		if f != nil {
			b.WriteString(f.Name + "@" + f.Hash + ";")
		}
	}
	return b.String()
}

// answering is the file that answers a hook for a pod of that owner: the owner, else default.lua, else none.
func (g *Generation) answering(owner *script.File, hook string) *script.File {
	if owner != nil && owner.Has(hook) {
		return owner
	}
	if def := g.File(defaultScript); def != nil && def.Has(hook) {
		return def
	}
	return nil
}

// Asks tells whether any script answers the hook for a pod of that owner: if not, nothing need be asked.
func (g *Generation) Asks(owner *script.File, hook string) bool {
	return g.answering(owner, hook) != nil
}

// Where says which line answers the hook for a pod of that owner, as in "flaky.lua:12"; "": none does.
func (g *Generation) Where(owner *script.File, hook string) string {
	f := g.answering(owner, hook)
	if f == nil {
		return ""
	}
	return f.Name + ":" + strconv.Itoa(f.Line(hook))
}

// Owner finds the script that owns a pod: the one its annotation names; else, in name order, the first whose match
// accepts it; else default.lua; else none. An annotation that names no loaded script is reported as problem and
// otherwise treated as absent.
func (h *Hooks) Owner(ctx context.Context, g *Generation, p *script.Pod) (owner *script.File, problem string) {
	if name := p.Object.Annotations[Annotation]; name != "" {
		if f := g.File(name); f != nil {
			return f, ""
		}
		problem = fmt.Sprintf("annotation %s names %q, which is not loaded%s", Annotation, name, nearFile(g, name))
	}
	for _, f := range g.Files() {
		if f.Match != nil && h.matches(ctx, g, f, p) {
			return f, problem
		}
	}
	return g.File(defaultScript), problem
}

func nearFile(g *Generation, name string) string {
	var names []string
	for _, f := range g.Files() {
		names = append(names, strings.TrimSuffix(f.Name, ".lua"))
	}
	if near := nearest.To(name, names); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

// matches tells whether a file's match accepts a pod. A match function sees the pod alone; one that breaks does not
// match.
func (h *Hooks) matches(ctx context.Context, g *Generation, f *script.File, p *script.Pod) bool {
	m := f.Match
	if !m.Func {
		return m.All || claims(m) && matchTable(m, p.Object)
	}
	accepted := false
	alone := &script.Pod{Object: p.Object}
	c := &script.Call{File: f, Hook: matchHook, Args: []any{alone}, Limit: h.opts.Limits().of(matchHook), Rehearsal: h.opts.rehearsal}
	err := g.set.Call(ctx, c, func(a script.Answer) error {
		v := value(a, 0)
		accepted = v.Kind() == script.Bool && v.Bool()
		if v.Kind() != script.Bool && v.Kind() != script.Nil {
			return fmt.Errorf("match: want true or false, got %s", describe(v))
		}
		return nil
	})
	h.observe(g, f, p.Object.Namespace+"/"+p.Object.Name, matchHook, err, 0)
	return err == nil && accepted
}

// claims says whether a match table speaks of pods at all: one with calls alone is for on_request.
func claims(m *script.Match) bool {
	return len(m.Labels)+len(m.Annotations)+len(m.Namespaces)+len(m.Names)+len(m.Nodes)+len(m.Owners) > 0
}

func matchTable(m *script.Match, p *v1.Pod) bool {
	return within(m.Labels, p.Labels) && within(m.Annotations, p.Annotations) &&
		oneOf(m.Namespaces, p.Namespace) && oneOf(m.Names, p.Name) && oneOf(m.Nodes, p.Spec.NodeName) &&
		ownedBy(m.Owners, p)
}

// within says that got has every pair of want; a wanted value may be a pattern such as "web-*".
func within(want, got map[string]string) bool {
	for k, v := range want {
		have, ok := got[k]
		if !ok || !glob(v, have) {
			return false
		}
	}
	return true
}

func oneOf(patterns []string, s string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return glob(p, s) })
}

// ownedBy accepts "Kind/name", "Kind" or "name" patterns of the pod's owner references.
func ownedBy(patterns []string, p *v1.Pod) bool {
	if len(patterns) == 0 {
		return true
	}
	for _, ref := range p.OwnerReferences {
		if oneOf(patterns, ref.Kind) || oneOf(patterns, ref.Name) || oneOf(patterns, ref.Kind+"/"+ref.Name) {
			return true
		}
	}
	return false
}

func glob(pattern, s string) bool {
	if pattern == s {
		return true
	}
	ok, err := path.Match(pattern, s)
	return err == nil && ok
}
