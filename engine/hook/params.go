package hook

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moonlet-dev/moonlet/engine/nearest"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Param is a declared param with the value it has now.
type Param struct {
	Script  string // without ".lua"
	Name    string
	Value   any // float64, string or bool, as its default
	Default any
	Doc     string
}

// paramSet holds the values that config, CLI or UI gave params; all others have their declared default. Scripts see
// one map per file, built when something changes and never changed after.
type paramSet struct {
	mu       sync.Mutex
	config   map[string]any // "flaky.crash_rate"; guarded by mu
	set      map[string]any // by hand, wins over config; guarded by mu
	runs     []override     // by scenarios while they run, win over all; guarded by mu
	revision atomic.Uint64
	byFile   sync.Map // *script.File → paramMap
}

type paramMap struct {
	revision uint64
	values   map[string]any
}

// of gives a file's params. The map must not be changed.
func (p *paramSet) of(f *script.File) map[string]any {
	rev := p.revision.Load()
	if m, ok := p.byFile.Load(f); ok && m.(paramMap).revision == rev {
		return m.(paramMap).values
	}
	values := make(map[string]any, len(f.Params))
	p.mu.Lock()
	for _, d := range f.Params {
		values[d.Name] = p.valueLocked(f, d)
	}
	p.mu.Unlock()
	p.byFile.Store(f, paramMap{rev, values})
	return values
}

func (p *paramSet) valueLocked(f *script.File, d script.Param) any {
	key := scriptName(f) + "." + d.Name
	for _, o := range slices.Backward(p.runs) {
		if o.key == key {
			return o.value
		}
	}
	for _, given := range []map[string]any{p.set, p.config} {
		if v, ok := given[key]; ok {
			if v, err := coerce(v, d.Default); err == nil {
				return v
			}
		}
	}
	return d.Default
}

func scriptName(f *script.File) string { return strings.TrimSuffix(f.Name, ".lua") }

// Params lists all params that the current generation declares, by script and name.
func (h *Hooks) Params() []Param {
	var out []Param
	for _, f := range h.Current().Files() {
		values := h.params.of(f)
		for _, d := range f.Params {
			out = append(out, Param{Script: scriptName(f), Name: d.Name, Value: values[d.Name], Default: d.Default, Doc: d.Doc})
		}
	}
	return out
}

// ParamRevision changes whenever any param's value may have changed.
func (h *Hooks) ParamRevision() uint64 { return h.params.revision.Load() }

// SetParam turns a param by hand and returns it as it is now. The value must have the type of the declared default;
// text is converted, so that a command line can give it. An unknown script or param is an error that names the
// nearest.
func (h *Hooks) SetParam(scriptName, name string, value any) (Param, error) {
	p, err := h.fitting(scriptName, name, value)
	if err != nil {
		return Param{}, err
	}
	h.params.change(func() { h.params.set = with(h.params.set, scriptName+"."+name, p.Value) })
	return p, nil
}

// fitting is a declared param with the value, in the type of its default.
func (h *Hooks) fitting(scriptName, name string, value any) (Param, error) {
	known := h.Params()
	i := slices.IndexFunc(known, func(p Param) bool { return p.Script == scriptName && p.Name == name })
	if i < 0 {
		return Param{}, fmt.Errorf("%w: %w", state.ErrNotFound, unknownParam(scriptName, name, known))
	}
	p := known[i]
	v, err := coerce(value, p.Default)
	if err != nil {
		return Param{}, fmt.Errorf("%w: param %s.%s: %w", state.ErrInvalid, scriptName, name, err)
	}
	p.Value = v
	return p, nil
}

// override is a param that a scenario turned.
type override struct {
	run, key string
	value    any
}

// OverrideParam turns a param for as long as a scenario runs, whatever config or people set meanwhile. Of several
// scenarios the last wins. It is never kept: a restart forgets it with the scenario.
func (h *Hooks) OverrideParam(run, scriptName, name string, value any) (Param, error) {
	p, err := h.fitting(scriptName, name, value)
	if err != nil {
		return Param{}, err
	}
	key := scriptName + "." + name
	h.params.change(func() {
		h.params.runs = slices.DeleteFunc(slices.Clone(h.params.runs), func(o override) bool { return o.run == run && o.key == key })
		h.params.runs = append(h.params.runs, override{run, key, p.Value})
	})
	return p, nil
}

// DropOverrides gives back what a scenario turned, and lists it: "flaky.crash_rate".
func (h *Hooks) DropOverrides(run string) (dropped []string) {
	h.params.change(func() {
		h.params.runs = slices.DeleteFunc(slices.Clone(h.params.runs), func(o override) bool {
			if o.run == run {
				dropped = append(dropped, o.key)
			}
			return o.run == run
		})
	})
	return dropped
}

// ConfigureParams takes the params that config gives, "flaky.crash_rate" → "0.5". What was set by hand stays. It
// returns a problem for each that no script declares or whose value does not fit; the others hold.
func (h *Hooks) ConfigureParams(given map[string]string) (problems []error) {
	config := make(map[string]any, len(given))
	known := h.Params()
	for _, key := range slices.Sorted(maps.Keys(given)) {
		file, name, _ := strings.Cut(key, ".")
		config[key] = given[key]
		i := slices.IndexFunc(known, func(p Param) bool { return p.Script == file && p.Name == name })
		if i < 0 {
			problems = append(problems, unknownParam(file, name, known))
			continue
		}
		if _, err := coerce(given[key], known[i].Default); err != nil {
			problems = append(problems, fmt.Errorf("param %s: %w", key, err))
		}
	}
	h.params.change(func() { h.params.config = config })
	return problems
}

// RestoreParams puts back what was set by hand before a restart, "flaky.crash_rate" → value.
func (h *Hooks) RestoreParams(set map[string]any) {
	h.params.change(func() { h.params.set = maps.Clone(set) })
}

func (p *paramSet) change(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
	p.revision.Add(1)
	p.byFile.Clear()
}

func with(m map[string]any, k string, v any) map[string]any {
	out := maps.Clone(m)
	if out == nil {
		out = map[string]any{}
	}
	out[k] = v
	return out
}

func unknownParam(file, name string, known []Param) error {
	var names []string
	for _, p := range known {
		names = append(names, p.Script+"."+p.Name)
	}
	full := file + "." + name
	if near := nearest.To(full, names); near != "" {
		return fmt.Errorf("no script declares param %s, did you mean %s?", full, near)
	}
	return fmt.Errorf("no script declares param %s: declare it with param(%q, default, doc)", full, name)
}

// coerce gives value the type of the param's default.
func coerce(value, def any) (any, error) {
	switch def.(type) {
	case float64:
		return toNumber(value)
	case bool:
		return toBool(value)
	}
	s, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("want text as its default %q, got %v", def, value)
	}
	if isDuration(fmt.Sprint(def)) && !isDuration(s) {
		return nil, fmt.Errorf("want a duration as its default %q, got %q", def, s)
	}
	return s, nil
}

func isDuration(s string) bool {
	_, err := time.ParseDuration(s)
	return err == nil
}

func toNumber(value any) (any, error) {
	switch v := value.(type) {
	case float64:
		return v, nil
	case int:
		return float64(v), nil
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			return n, nil
		}
	}
	return nil, fmt.Errorf("want a number, got %v", value)
}

func toBool(value any) (any, error) {
	switch v := value.(type) {
	case bool:
		return v, nil
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("want true or false, got %v", value)
}
