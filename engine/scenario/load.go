package scenario

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/nearest"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Options is what a file is loaded with.
type Options struct {
	Runtime *script.Runtime // required
	// Library are the scripts that the file may require: those that serve. One of the file's own name gives way to it.
	Library []script.Source
	Config  map[string]any // what scripts see as config
	// Params are values for params that the file itself declares, by name.
	Params map[string]string
}

// File is a file with scenarios, ready to run.
type File struct {
	set    *script.Set
	file   *script.File
	params map[string]any
}

// Load reads a file. The error is a [*Broken] where the file is to blame.
func Load(source script.Source, o Options) (*File, error) {
	sources := []script.Source{source}
	for _, s := range o.Library {
		if s.Name != source.Name {
			sources = append(sources, s)
		}
	}
	set, problems := o.Runtime.Load(1, sources, script.Env{Hooks: hook.Names(), Config: o.Config})
	if set == nil {
		return nil, &Broken{slices.DeleteFunc(problems, func(e *script.Error) bool { return e.Warning })}
	}
	f := &File{set: set, file: set.File(source.Name)}
	if f.file == nil || len(f.file.Scenarios) == 0 {
		return nil, fmt.Errorf("%s: %w: declare one with scenario(\"name\", function() … end)", source.Name, ErrNoScenario)
	}
	return f, f.turn(o.Params)
}

// ErrNoScenario says that a file declares none, or none of that name.
var ErrNoScenario = errors.New("no such scenario")

// Broken is a file that does not load.
type Broken struct{ Problems []*script.Error }

// Error gives each problem a line.
func (b *Broken) Error() string {
	lines := make([]string, len(b.Problems))
	for i, p := range b.Problems {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Scenarios are those that the file declares, in its order.
func (f *File) Scenarios() []script.Scenario { return f.file.Scenarios }

// Given is what they meet on a held clock; nil: the file does not say.
func (f *File) Given() *script.Given { return f.file.Given }

// Hooks are the names of the hooks that the file has beside its scenarios. They only serve where the file is among the
// scripts that serve.
func (f *File) Hooks() []string {
	var names []string
	for _, h := range hook.Names() {
		if f.file.Has(h.Name) {
			names = append(names, h.Name)
		}
	}
	return names
}

// Name is the file's name.
func (f *File) Name() string { return f.file.Name }

func (f *File) has(name string) error {
	var names []string
	for _, s := range f.file.Scenarios {
		if s.Name == name {
			return nil
		}
		names = append(names, s.Name)
	}
	if near := nearest.To(name, names); near != "" {
		return fmt.Errorf("%s: %w as %q, did you mean %q?", f.file.Name, ErrNoScenario, name, near)
	}
	return fmt.Errorf("%s: %w as %q: it has %s", f.file.Name, ErrNoScenario, name, strings.Join(names, ", "))
}

// turn takes the values that were given for the file's own params.
func (f *File) turn(given map[string]string) error {
	f.params = map[string]any{}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		i := slices.IndexFunc(f.file.Params, func(p script.Param) bool { return p.Name == name })
		if i < 0 {
			problems = append(problems, fmt.Errorf("%s declares no param %s", f.file.Name, name))
			continue
		}
		v, err := valueLike(f.file.Params[i].Default, given[name])
		if err != nil {
			problems = append(problems, fmt.Errorf("param %s: %w", name, err))
		}
		f.params[name] = v
	}
	return errors.Join(problems...)
}

func valueLike(example any, text string) (any, error) {
	switch example.(type) {
	case float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return f, nil
	case bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not true or false", text)
		}
		return b, nil
	default:
		return text, nil
	}
}

// Slug is a name that can be part of an id: "zone outage" becomes "zone-outage".
func Slug(name string) string {
	fields := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	slug := strings.Join(fields, "-")
	if slug == "" {
		slug = "scenario"
	}
	return strings.TrimSuffix(slug[:min(len(slug), 40)], "-")
}

// base is a file's name without folder and ending.
func base(name string) string { return strings.TrimSuffix(path.Base(name), ".lua") }

// Serves says whether the file is a script, too, which has a say about pods: it has hooks, or a match.
func (f *File) Serves() bool { return len(f.Hooks()) > 0 || f.file.Match != nil }

// Scripts are the scripts that serve on a stage of its own: the library, and the file itself where it is one.
func (f *File) Scripts(library []script.Source) []script.Source {
	if !f.Serves() {
		return library
	}
	out := slices.DeleteFunc(slices.Clone(library), func(s script.Source) bool { return s.Name == f.file.Name })
	return append(out, script.Source{Name: f.file.Name, Text: f.file.Text})
}
