package fault

import "slices"

// Target is what a verb acts on.
type Target string

// The targets.
const (
	Pod   Target = "pod"
	Node  Target = "node"
	Call  Target = "call"  // calls of the provider: createPod, getPodStatus …
	Write Target = "write" // our own status writes to the API server
)

// Kind says what an argument looks like.
type Kind string

// The kinds of arguments. A value may always be given as text, as on a command line.
const (
	Text      Kind = "text"
	Number    Kind = "number"   // whole
	Share     Kind = "share"    // 0 to 1, or 30%
	Duration  Kind = "duration" // "1m30s", or seconds
	Names     Kind = "names"    // a list, or text with commas
	Resources Kind = "resources"
)

// Arg is one argument of a verb. The order of a verb's arguments is their order in a call in Lua, with lasts behind
// them: pods{}:crash(137), nodes{}:silence("3m").
type Arg struct {
	Name     string
	Kind     Kind
	Default  string // as text; "": none
	Required bool
	Choices  []string // nil: any value of the kind
	Doc      string
}

// Verb is one thing that can be done to pods, nodes, calls or writes.
type Verb struct {
	Name    string
	On      Target
	Args    []Arg
	Lasts   bool   // it holds until it ends; the others happen once
	Default string // how long it lasts when nobody says; "": until it is undone
	Doc     string
	Example string // in Lua
}

// Verbs lists all verbs: by target, each in the order in which the reference tells of them.
func Verbs() []Verb { return slices.Concat(podVerbs(), nodeVerbs(), callVerbs(), writeVerbs()) }

// Targets lists what verbs act on.
func Targets() []Target { return []Target{Pod, Node, Call, Write} }

// Find is the verb of that name. The error is a [*BadOrder] that names the nearest.
func Find(on Target, name string) (Verb, error) {
	var names []string
	for _, v := range Verbs() {
		if v.On != on {
			continue
		}
		if v.Name == name {
			return v, nil
		}
		names = append(names, v.Name)
	}
	if len(names) == 0 {
		return Verb{}, badOrder("there are no verbs for %q%s", on, oneOf(string(on), targetNames()))
	}
	return Verb{}, badOrder("a %s has no verb %q%s", on, name, oneOf(name, names))
}

func targetNames() []string {
	var names []string
	for _, t := range Targets() {
		names = append(names, string(t))
	}
	return names
}

// arg is the argument of that name.
func (v Verb) arg(name string) (Arg, error) {
	var names []string
	for _, a := range v.Args {
		if a.Name == name {
			return a, nil
		}
		names = append(names, a.Name)
	}
	if len(names) == 0 {
		return Arg{}, badOrder("%s takes no arguments, and it got %q", v.Name, name)
	}
	return Arg{}, badOrder("%s has no argument %q%s", v.Name, name, oneOf(name, names))
}
