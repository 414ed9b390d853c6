package patch

import (
	"strconv"
	"time"

	json "github.com/goccy/go-json"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Want is the status that Kubernetes should have.
type Want struct {
	Status *v1.PodStatus // shared, and left as it is

	// Verdict says that only phase, reason and message of Status are meant; the rest stays as Kubernetes has it.
	Verdict bool

	// Told are the conditions of others that the provider was told of. What it repeats of them is not written.
	Told []v1.PodCondition

	// Now is the time of transition of conditions that name none.
	Now time.Time
}

// Diff returns the body of the strategic merge patch that turns the status of which have is the print into what is
// wanted, and the print of the outcome. Without a difference the body is nil. The patch names uid, so that it cannot hit
// another pod of the same name.
func Diff(uid types.UID, have Print, w Want) (body []byte, after Print, err error) {
	b := newBody(uid)
	after = have
	for f := range fields {
		if w.Verdict && f != phase && f != reason && f != message {
			continue
		}
		hash := fields[f].hash(w.Status)
		if hash == have.fields[f] || !fields[f].due(have.fields[f], hash) {
			continue
		}
		if err := b.field(&fields[f], w.Status, hash == 0, have.fields[f] != 0); err != nil {
			return nil, have, err
		}
		after.fields[f] = hash
	}
	if w.Status.Phase != "" {
		after.phase = constant(phases[:], w.Status.Phase)
	}
	if !w.Verdict {
		if changes := diffConditions(have, w.Status.Conditions, w.Told, w.Now.Unix()); len(changes) > 0 {
			b.conditions(changes, w.Status.Conditions, len(have.conditions) > 0)
			after.conditions = apply(have.conditions, changes)
		}
	}
	return b.end(), after, nil
}

// due says whether a field that differs is to be written at all.
func (f *field) due(have, want uint64) bool {
	return f.absent == removed || want != 0 && (f.absent == kept || have == 0)
}

// apply returns the conditions after some changes. The order is Kubernetes' only in passing: prints of one order are
// compared with what the API server makes of the patch, which puts them into the order that we ask for.
func apply(have []condition, changes []change) []condition {
	after := make([]condition, 0, len(have)+len(changes))
	for _, c := range have {
		if changed(changes, c.kind) == nil {
			after = append(after, c)
		}
	}
	for _, c := range changes {
		if c.want != nil {
			after = append(after, c.result)
		}
	}
	return after
}

func changed(changes []change, kind v1.PodConditionType) *change {
	for i := range changes {
		if changes[i].kind == kind {
			return &changes[i]
		}
	}
	return nil
}

// builder writes the body, by hand: a general comparison of two objects costs many times as much.
type builder struct {
	b     []byte
	start int // where the first field of the status begins
}

func newBody(uid types.UID) *builder {
	b := make([]byte, 0, 1536)
	b = append(b, `{"metadata":{"uid":`...)
	b = appendText(b, string(uid))
	b = append(b, `},"status":{`...)
	return &builder{b: b, start: len(b)}
}

// end closes the body; nil if nothing is in it.
func (b *builder) end() []byte {
	if len(b.b) == b.start {
		return nil
	}
	return append(b.b, "}}"...)
}

func (b *builder) key(prefix, name string) {
	if len(b.b) > b.start {
		b.b = append(b.b, ',')
	}
	b.b = append(b.b, '"')
	b.b = append(b.b, prefix...)
	b.b = append(b.b, name...)
	b.b = append(b.b, `":`...)
}

func (b *builder) field(f *field, s *v1.PodStatus, absent, had bool) error {
	b.key("", f.name)
	if absent {
		b.b = append(b.b, "null"...)
		return nil
	}
	value := f.value(s)
	if text, ok := value.(string); ok {
		b.b = appendText(b.b, text)
		return nil
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	switch {
	case had && f.form == list:
		b.b = append(b.b, `[{"$patch":"replace"},`...)
		encoded = encoded[1:]
	case had && f.form == object:
		b.b = append(b.b, `{"$patch":"replace"`...)
		if len(encoded) > len("{}") {
			b.b = append(b.b, ',')
		}
		encoded = encoded[1:]
	}
	b.b = append(b.b, encoded...)
	return nil
}

// conditions writes the changed ones and, where Kubernetes has some already, the order of all.
func (b *builder) conditions(changes []change, order []v1.PodCondition, ordered bool) {
	if ordered {
		b.key("$setElementOrder/", "conditions")
		b.b = append(b.b, '[')
		for i := range order {
			b.b = append(b.b, `{"type":`...)
			b.b = appendText(b.b, string(order[i].Type))
			b.b = append(b.b, `},`...)
		}
		b.close(']')
	}
	b.key("", "conditions")
	b.b = append(b.b, '[')
	for i := range changes {
		b.condition(&changes[i])
		b.b = append(b.b, ',')
	}
	b.close(']')
}

// close ends a list whose elements all have a comma behind them.
func (b *builder) close(bracket byte) {
	if last := len(b.b) - 1; b.b[last] == ',' {
		b.b[last] = bracket
		return
	}
	b.b = append(b.b, bracket)
}

func (b *builder) condition(c *change) {
	b.b = append(b.b, `{"type":`...)
	b.b = appendText(b.b, string(c.kind))
	if c.want == nil {
		b.b = append(b.b, `,"$patch":"delete"}`...)
		return
	}
	b.b = append(b.b, `,"status":`...)
	b.b = appendText(b.b, string(c.want.Status))
	if c.moved != 0 {
		b.b = append(b.b, `,"lastTransitionTime":"`...)
		b.b = time.Unix(c.moved, 0).UTC().AppendFormat(b.b, time.RFC3339)
		b.b = append(b.b, '"')
	}
	b.optional(`,"reason":`, c.want.Reason, c.had)
	b.optional(`,"message":`, c.want.Message, c.had)
	if c.want.ObservedGeneration != 0 {
		b.b = append(b.b, `,"observedGeneration":`...)
		b.b = strconv.AppendInt(b.b, c.want.ObservedGeneration, 10)
	}
	b.b = append(b.b, '}')
}

// optional writes a text, or removes what a condition of Kubernetes may have in its place.
func (b *builder) optional(key, text string, had bool) {
	switch {
	case text != "":
		b.b = append(b.b, key...)
		b.b = appendText(b.b, text)
	case had:
		b.b = append(b.b, key...)
		b.b = append(b.b, "null"...)
	}
}

// appendText writes a string as JSON.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			encoded, _ := json.Marshal(s) // strings can always be encoded
			return append(b, encoded...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
