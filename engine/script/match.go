package script

import (
	"path"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// matchTable is what `match = { … }` may hold. A name list may be one text.
type matchTable struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Namespace   texts             `json:"namespace"`
	Namespaces  texts             `json:"namespaces"`
	Name        texts             `json:"name"`
	Names       texts             `json:"names"`
	Node        texts             `json:"node"`
	Owner       texts             `json:"owner"`
	Calls       texts             `json:"calls"`
}

// texts is one text or a list of them.
type texts []string

// DecodeLua implements LuaDecoder.
func (t *texts) DecodeLua(v Value, at string) error {
	if v.Kind() == Text {
		*t = texts{v.Text()}
		return nil
	}
	var list []string
	if err := v.Decode(at, &list); err != nil {
		return err
	}
	*t = list
	return nil
}

// match reads a file's match, and checks that on_request can be asked at all.
func (ld *loader) match(st *state, f *File, m *module) {
	line := 0
	for _, u := range globalsOf(f.chunk.proto).assigns {
		if u.name == hookMatch {
			line = u.line
		}
	}
	switch v := m.env.RawGetString(hookMatch).(type) {
	case *lua.LNilType:
	case lua.LBool:
		if v {
			f.Match = &Match{All: true, Line: line}
		}
	case *lua.LFunction:
		f.Match = &Match{Func: true, Line: line}
		f.hooks[hookMatch] = lineDefined(v, line)
	case *lua.LTable:
		ld.matchFields(st, f, v, line)
	default:
		ld.refuse(f, line, "match is a %s: it must be a table such as { labels = { app = \"web\" } }, a function(pod), or true", typeName(v))
	}
	if f.Has(hookRequest) && (f.Match == nil || len(f.Match.Calls) == 0) && !ld.failed() {
		ld.refuse(f, f.hooks[hookRequest], "on_request is never asked without the calls it is for: add match = { calls = { \"createPod\" } }")
	}
}

func (ld *loader) matchFields(st *state, f *File, v *lua.LTable, line int) {
	var t matchTable
	if err := (Value{st, v}).Decode(hookMatch, &t); err != nil {
		ld.refuse(f, line, "%s", asError(err).Text)
		return
	}
	f.Match = &Match{
		Namespaces: slices.Concat(t.Namespace, t.Namespaces), Names: slices.Concat(t.Name, t.Names),
		Nodes: t.Node, Owners: t.Owner, Labels: t.Labels, Annotations: t.Annotations, Calls: t.Calls, Line: line,
	}
	for _, glob := range f.Match.Names {
		if _, err := path.Match(glob, ""); err != nil {
			ld.refuse(f, line, "match.name: %q is not a pattern: use * ? and [a-z]", glob)
		}
	}
	for _, call := range t.Calls {
		if !slices.Contains(providerCalls, call) {
			ld.refuse(f, line, "match.calls: there is no provider call %q%s", call, didYouMean(call, providerCalls))
		}
	}
}
