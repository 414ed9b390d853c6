package state_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/state"
)

type tree = map[string]any

// record records or ends the test.
func record(tb testing.TB, m *state.Memo, ask string, set tree, deleted ...string) *state.Memo {
	tb.Helper()
	next, err := m.Record(ask, set, deleted)
	if err != nil {
		tb.Fatal(err)
	}
	return next
}

func TestMemoAsk(t *testing.T) {
	var empty *state.Memo
	first := record(t, empty, "run 1", tree{"count": 1.0, "seen": tree{"a": true}})
	second := record(t, first, "run 2", tree{"count": 2.0}, "seen")

	for name, c := range map[string]struct{ got, want any }{
		"nothing is remembered at first":                    {empty.Tree(""), tree{}},
		"an ask's writes are seen by all others":            {first.Tree("run 2"), tree{"count": 1.0, "seen": tree{"a": true}}},
		"asked again it starts without its own writes":      {first.Tree("run 1"), tree{}},
		"later writes cover earlier ones":                   {second.Tree(""), tree{"count": 2.0}},
		"an earlier ask starts with the later one's writes": {second.Tree("run 1"), tree{"count": 2.0}},
		"without the later ask the earlier writes show":     {second.Tree("run 2"), tree{"count": 1.0, "seen": tree{"a": true}}},
		"asked again it replaces what it wrote":             {record(t, first, "run 1", tree{"x": 1.0}).Tree(""), tree{"x": 1.0}},
		"a replaced answer keeps its place in time":         {record(t, second, "run 1", tree{"count": 7.0}).Tree(""), tree{"count": 2.0}},
		"an answer without writes takes them back":          {record(t, first, "run 1", nil).Tree(""), tree{}},
		"folded writes stay":                                {second.Fold("run 1").Fold("run 2").Tree("run 2"), tree{"count": 2.0}},
		"folding out of order changes nothing to see":       {second.Fold("run 2").Tree(""), tree{"count": 2.0}},
		"a folded ask covers an older open one":             {record(t, second.Fold("run 2"), "run 1", tree{"count": 9.0, "seen": 1.0}).Tree(""), tree{"count": 2.0}},
		"open asks are listed oldest first":                 {second.Asks(), []string{"run 1", "run 2"}},
		"folded asks are not listed":                        {second.Fold("run 1").Asks(), []string{"run 2"}},
		"older versions stay as they were":                  {first.Tree(""), tree{"count": 1.0, "seen": tree{"a": true}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMemoIsTheSameWhereNothingChanges(t *testing.T) {
	m := record(t, nil, "a", tree{"x": 1.0, "y": []any{"z"}}, "gone")
	if record(t, m, "a", tree{"y": []any{"z"}, "x": 1.0}, "gone") != m {
		t.Error("the same writes made a new memo")
	}
	if record(t, m, "b", nil) != m || m.Fold("b") != m {
		t.Error("an ask that wrote nothing made a new memo")
	}
	var empty *state.Memo
	if record(t, empty, "b", nil) != nil || empty.Fold("b") != nil {
		t.Error("nothing made something")
	}
}

func TestMemoCopiesWhatItIsGiven(t *testing.T) {
	inner := tree{"n": 1.0}
	m := record(t, nil, "a", tree{"inner": inner})
	inner["n"] = 2.0
	if diff := cmp.Diff(tree{"inner": tree{"n": 1.0}}, m.Tree("")); diff != "" {
		t.Error(diff)
	}
}

func TestMemoRefuses(t *testing.T) {
	m := record(t, nil, "a", tree{"x": strings.Repeat("x", state.MaxMemo/2)})
	for name, c := range map[string]struct {
		ask string
		set tree
	}{
		"no ask":                  {"", tree{"x": 1.0}},
		"not a number":            {"b", tree{"x": math.NaN()}},
		"a function":              {"b", tree{"x": func() {}}},
		"more than its share":     {"b", tree{"y": strings.Repeat("y", state.MaxMemo)}},
		"more with what is there": {"b", tree{"y": strings.Repeat("y", state.MaxMemo/2)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := m.Record(c.ask, c.set, nil)
			if !errors.Is(err, state.ErrInvalid) || got != m {
				t.Errorf("got %v, %v; want the memo as it was and ErrInvalid", got, err)
			}
		})
	}
}

func TestMemoFoldsTheOldestAskWhenThereAreTooMany(t *testing.T) {
	var m *state.Memo
	for i := range state.MaxAsks + 3 {
		m = record(t, m, fmt.Sprintf("ask %d", i), tree{"last": float64(i)})
	}
	asks := m.Asks()
	if len(asks) != state.MaxAsks || asks[0] != "ask 3" {
		t.Errorf("%d asks, the first %q; want %d and ask 3", len(asks), asks[0], state.MaxAsks)
	}
	if got := m.Tree(""); got["last"] != float64(state.MaxAsks+2) {
		t.Errorf("tree %v", got)
	}
}

func TestMemoBoundsWhatOpenAsksHideFromEachOther(t *testing.T) {
	var m *state.Memo
	for i := range 20 {
		m = record(t, m, fmt.Sprintf("ask %d", i), tree{"big": strings.Repeat("x", state.MaxMemo-100)})
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if len(encoded) > 6*state.MaxMemo {
		t.Errorf("%d bytes for a tree of at most %d", len(encoded), state.MaxMemo)
	}
}

// TestMemoAgreesWithAModel replays every ask in its order onto an empty tree.
func TestMemoAgreesWithAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type entry struct {
			ask     string
			set     tree
			deleted []string
			folded  bool
		}
		var model []*entry
		open := func(ask string) *entry {
			for _, e := range model {
				if e.ask == ask && !e.folded {
					return e
				}
			}
			return nil
		}
		replay := func(except string) tree {
			seen := tree{}
			for _, e := range model {
				if e.ask == except && !e.folded {
					continue
				}
				for _, k := range e.deleted {
					delete(seen, k)
				}
				maps.Copy(seen, e.set)
			}
			return seen
		}
		word := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		var m *state.Memo
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			ask := word.Draw(rt, "ask")
			before, shown := m, fmt.Sprint(m.Tree(""), m.Tree(ask), m.Asks())
			if rapid.IntRange(0, 3).Draw(rt, "fold") == 0 {
				m = m.Fold(ask)
				if e := open(ask); e != nil {
					e.folded = true
				}
			} else {
				set := rapid.MapOfN(word, rapid.Map(rapid.IntRange(0, 9), func(n int) any { return float64(n) }), 0, 3).Draw(rt, "set")
				deleted := rapid.SliceOfN(word, 0, 2).Draw(rt, "deleted")
				var err error
				if m, err = m.Record(ask, set, deleted); err != nil {
					rt.Fatal(err)
				}
				switch e := open(ask); {
				case len(set)+len(deleted) == 0 && e != nil:
					model = slices.DeleteFunc(model, func(x *entry) bool { return x == e })
				case len(set)+len(deleted) == 0:
				case e != nil:
					e.set, e.deleted = set, deleted
				default:
					model = append(model, &entry{ask: ask, set: set, deleted: deleted})
				}
			}
			if again := fmt.Sprint(before.Tree(""), before.Tree(ask), before.Asks()); again != shown {
				rt.Fatalf("the version before changed from %s to %s", shown, again)
			}
			for _, except := range []string{"", "a", "b", "c", "d"} {
				if diff := cmp.Diff(replay(except), m.Tree(except)); diff != "" {
					rt.Fatalf("tree without %q:\n%s", except, diff)
				}
			}
			if m == nil {
				continue
			}
			encoded, err := json.Marshal(m)
			if err != nil {
				rt.Fatal(err)
			}
			read := new(state.Memo)
			if err := json.Unmarshal(encoded, read); err != nil {
				rt.Fatal(err)
			}
			for _, except := range []string{"", "a", "b", "c", "d"} {
				if diff := cmp.Diff(m.Tree(except), read.Tree(except)); diff != "" {
					rt.Fatalf("tree without %q after JSON:\n%s", except, diff)
				}
			}
			if again, _ := json.Marshal(read); string(again) != string(encoded) {
				rt.Fatalf("JSON %s became %s", encoded, again)
			}
			m = read
		}
	})
}

func FuzzMemoUnmarshal(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `{"base":{"a":1}}`, `{"asks":[{"ask":"x","set":{"a":[1]},"deleted":["b"]},{"deleted":["a"]}]}`, `{"asks":[{}]}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := new(state.Memo)
		if json.Unmarshal(data, m) != nil {
			return
		}
		want := m.Tree("")
		encoded, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		read := new(state.Memo)
		if err := json.Unmarshal(encoded, read); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		if diff := cmp.Diff(want, read.Tree("")); diff != "" {
			t.Error(diff)
		}
	})
}
