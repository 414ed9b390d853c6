package fault

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Order asks for a verb.
type Order struct {
	Verb   string         `json:"verb"`
	On     Target         `json:"on"`
	Select Selector       `json:"select"`
	Args   map[string]any `json:"args,omitempty"`
	Lasts  time.Duration  `json:"lasts,omitempty"` // 0: as the verb says
	By     string         `json:"by,omitempty"`    // who: "user", "scenario zone outage"
	Why    string         `json:"why,omitempty"`
	Run    string         `json:"run,omitempty"` // the scenario run that owns it; "": none

	DryRun     bool `json:"-"` // only say what it would hit
	AllowEmpty bool `json:"-"` // to hit nothing is no error
}

// Active is an order that holds.
type Active struct {
	ID string `json:"id"`
	Order
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"` // zero: until it is undone
	Hits  []string  `json:"hits,omitempty"` // namespace/name of pods, names of nodes; none for calls and writes
}

// Result is what became of an order.
type Result struct {
	ID      string    // of the order; "" for a dry run
	Hits    []string  // whom it hit, or would hit: namespace/name of pods, names of nodes
	Matched int       // how many fitted before the sample was taken
	DryRun  bool      // nothing was done
	Until   time.Time // when it ends by itself; zero: it happened once, or holds until it is undone
}

// Checked is the order with its arguments checked, in one form, and the defaults filled in. The error is a [*BadOrder].
func (o Order) Checked() (Order, error) {
	verb, err := Find(o.On, o.Verb)
	if err != nil {
		return o, err
	}
	if o.Args, err = verb.args(o.Args); err != nil {
		return o, err
	}
	if err := o.checkLasts(verb); err != nil {
		return o, err
	}
	if o.Lasts == 0 && verb.Default != "" {
		o.Lasts, _ = ParseDuration(verb.Default)
	}
	if err := o.checkSelect(); err != nil {
		return o, err
	}
	_, err = o.Select.Compile()
	return o, err
}

// args fills in defaults and brings values into one form.
func (v Verb) args(given map[string]any) (map[string]any, error) {
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		arg, err := v.arg(name)
		if err != nil {
			return nil, err
		}
		if out[name], err = arg.parse(given[name]); err != nil {
			return nil, badOrder("%s: %s: %v", v.Name, name, err)
		}
	}
	for _, arg := range v.Args {
		if _, have := out[arg.Name]; have {
			continue
		}
		if arg.Required {
			return nil, badOrder("%s needs %s: %s", v.Name, arg.Name, arg.Doc)
		}
		if arg.Default != "" {
			value, err := arg.parse(arg.Default)
			if err != nil {
				return nil, err
			}
			out[arg.Name] = value
		}
	}
	return out, v.checkRanges(out)
}

func (o Order) checkLasts(v Verb) error {
	switch {
	case o.Lasts < 0:
		return badOrder("lasts %s is less than 0", o.Lasts)
	case o.Lasts > 0 && !v.Lasts:
		return badOrder("%s happens once and cannot last: leave lasts out", v.Name)
	default:
		return nil
	}
}

// checkSelect refuses parts that mean nothing to the target, for they would be overlooked.
func (o Order) checkSelect() error {
	s := o.Select
	if err := s.checkCalls(o.On); err != nil {
		return err
	}
	switch o.On {
	case Node:
		for part, value := range map[string]string{"namespace": s.Namespace, "owner": s.Owner, "script": s.Script} {
			if value != "" {
				return badOrder("nodes have no %s: select them by name or labels", part)
			}
		}
	case Call, Write:
		if s.Count > 0 {
			return badOrder("of %ss there is no count: say share", o.On)
		}
	case Pod:
	}
	return nil
}

func (s Selector) checkCalls(on Target) error {
	if on != Call && s.Calls != nil {
		return badOrder("%ss are not selected by calls", on)
	}
	for _, call := range s.Calls {
		if !slices.Contains(Calls(), call) {
			return badOrder("there is no provider call %q%s", call, oneOf(call, Calls()))
		}
	}
	return nil
}

// ArgText is an argument of any kind as text; "" if it was not given.
func (o Order) ArgText(name string) string {
	switch v := o.Args[name].(type) {
	case nil:
		return ""
	case []string:
		return strings.Join(v, ",")
	default:
		return fmt.Sprint(v)
	}
}

// Text is an argument; "" if it was not given.
func (o Order) Text(name string) string {
	s, _ := o.Args[name].(string)
	return s
}

// Number is a whole number among the arguments; 0 if it was not given.
func (o Order) Number(name string) int {
	n, _ := o.Args[name].(int)
	return n
}

// Share is a share among the arguments; 0 if it was not given.
func (o Order) Share(name string) float64 {
	f, _ := o.Args[name].(float64)
	return f
}

// Duration is a duration among the arguments; 0 if it was not given.
func (o Order) Duration(name string) time.Duration {
	d, _ := ParseDuration(o.Args[name])
	return d
}

// Names is a list among the arguments; nil if it was not given.
func (o Order) Names(name string) []string {
	list, _ := o.Args[name].([]string)
	return list
}
