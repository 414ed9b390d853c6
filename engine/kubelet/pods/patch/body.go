package patch

import (
	"strconv"
	"time"

	json "github.com/goccy/go-json"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Patch is the change as the body of a strategic merge patch, the smallest there is. It names uid, so that it cannot hit
// another pod of the same name.
func (c *Change) Patch(uid types.UID) ([]byte, error) {
	b := newBody(uid)
	for f := range fields {
		if !c.differs(f) {
			continue
		}
		if err := b.field(&fields[f], c.want, c.after.fields[f] == 0, c.have.fields[f] != 0); err != nil {
			return nil, err
		}
	}
	if len(c.conditions) > 0 {
		b.conditions(c.conditions, c.want.Conditions, len(c.have.conditions) > 0)
	}
	return append(b.b, "}}"...), nil
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
