package fault_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// FuzzOrder holds that whatever JSON asks for is either a bad order or one that stays what it is when it is kept and
// read again.
func FuzzOrder(f *testing.F) {
	for _, v := range fault.Verbs() {
		seed, err := json.Marshal(fault.Order{Verb: v.Name, On: v.On, Args: map[string]any{"time": "1s", "code": 3, "resources": "cpu=1"}})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Add([]byte(`{"verb":"capacity","on":"node","args":{"resources":{"cpu":"2","memory":4}},"select":{"labels":"a in (b),!c","share":0.3}}`))
	f.Add([]byte(`{"verb":"latency","on":"call","args":{"time":"5min"},"select":{"calls":["getpods"]},"lasts":1e18}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var o fault.Order
		if json.Unmarshal(text, &o) != nil {
			return
		}
		checked, err := o.Checked()
		if err != nil {
			if bad := (*fault.BadOrder)(nil); !errors.As(err, &bad) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		kept, err := json.Marshal(checked)
		if err != nil {
			t.Fatal(err)
		}
		var back fault.Order
		if err := json.Unmarshal(kept, &back); err != nil {
			t.Fatal(err)
		}
		if back, err = back.Checked(); err != nil {
			t.Fatalf("kept and read again: %v", err)
		}
		if d := cmp.Diff(checked, back); d != "" {
			t.Fatalf("kept and read again (-was +is):\n%s", d)
		}
	})
}
