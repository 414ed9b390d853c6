package script_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// Each line that holds a statement says how often it must have run.
func TestEveryLineIsCounted(t *testing.T) {
	text := `match = true                            -- 1
local function double(n)                -- 1
  return n * 2                          -- 3
end
function on_start(n)                    -- 1
  local sum = 0                         -- 1
  for i = 1, 3 do                       -- 1
    if i == 2 then                      -- 3
      sum = sum + double(i)             -- 1
    elseif i == 9 then                  -- 2
      sum = 0                           -- 0
    else
      sum = sum + double(i) .. ""       -- 2
    end
  end
  local t = { f = function()            -- 1
    return sum                          -- 0
  end }
  while sum == "never" do               -- 1
    break                               -- 0
  end
  repeat                                -- 1
    sum = 1                             -- 1
  until sum == 1
  if n then return sum end              -- 1
  return t                              -- 0
end
`
	coverage := script.NewCoverage()
	rt := script.NewRuntime(script.Options{Coverage: coverage})
	t.Cleanup(rt.Close)
	set, problems := rt.Load(1, []script.Source{{Name: "a.lua", Text: []byte(text)}}, script.Env{Hooks: []script.HookSig{{Name: "on_start"}}})
	if set == nil {
		t.Fatal(problems)
	}
	call := &script.Call{File: set.File("a"), Hook: "on_start", Args: []any{1}}
	rehearsal := *call
	rehearsal.Rehearsal = true
	for _, c := range []*script.Call{call, &rehearsal} {
		if err := set.Call(t.Context(), c, nil); err != nil {
			t.Fatal(err)
		}
	}
	got := coverage.Files()
	if len(got) != 1 || got[0].Name != "a.lua" {
		t.Fatalf("files: %+v", got)
	}
	want := map[int]int{}
	for i, line := range strings.Split(text, "\n") {
		var n int
		if _, comment, ok := strings.Cut(line, "-- "); ok {
			if _, err := fmt.Sscan(comment, &n); err != nil {
				t.Fatal(err)
			}
			want[i+1] = n
		}
	}
	if diff := cmp.Diff(want, got[0].Hits); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if missed := got[0].Missed(); !slices.Equal(missed, []int{11, 17, 20, 26}) {
		t.Errorf("missed %v", missed)
	}
	if got[0].Ran() != len(want)-4 {
		t.Errorf("%d lines ran", got[0].Ran())
	}
}

// A script does the same with the counts in it.
func TestCoverageChangesNothing(t *testing.T) {
	text := []byte(`
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
function on_start()
  local out = {}
  for i = 1, 10 do out[#out + 1] = fib(i) .. (i % 2 == 0 and "!" or "") end
  local ok, err = pcall(function() error("x") end)
  return table.concat(out, " ") .. tostring(ok) .. err
end`)
	answer := func(o script.Options) string {
		rt := script.NewRuntime(o)
		t.Cleanup(rt.Close)
		set, problems := rt.Load(1, []script.Source{{Name: "a.lua", Text: text}}, script.Env{Hooks: []script.HookSig{{Name: "on_start"}}})
		if set == nil {
			t.Fatal(problems)
		}
		var said string
		err := set.Call(t.Context(), &script.Call{File: set.File("a"), Hook: "on_start"}, func(a script.Answer) error {
			said = a.Values[0].Text()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	plain, counted := answer(script.Options{}), answer(script.Options{Coverage: script.NewCoverage()})
	if plain != counted {
		t.Errorf("plain %q, counted %q", plain, counted)
	}
}
