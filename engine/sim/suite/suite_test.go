package suite_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/suite"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flaky is a script with a rare mistake in it.
const flaky = `
match = { labels = { behaviour = "flaky" } }
param("crash_rate", 0.3, "share of runs that crash")
function on_start(pod, container, run)
  if chance(params.crash_rate) then return { exit = 137, after = "30s" } end
  if chance(0.05) then return { raedy = "3s" } end
  return { ready = "3s" }
end
function on_delete(pod) return "5s" end
`

func folder(scripts string, tests ...string) suite.Folder {
	f := suite.Folder{Scripts: []script.Source{{Name: "flaky.lua", Text: []byte(scripts)}}}
	for i, text := range tests {
		name := fmt.Sprintf("t%d_test.lua", i+1)
		f.Tests = append(f.Tests, suite.File{Path: "scripts/" + name, Dir: "testdata", Source: script.Source{Name: name, Text: []byte(text)}})
	}
	return f
}

func run(t *testing.T, o suite.Options) *suite.Report {
	t.Helper()
	r, err := suite.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// one runs the body of one test, and gives its failure.
func one(t *testing.T, body string) *suite.Failure {
	t.Helper()
	r := run(t, suite.Options{Folder: folder("match = true", "it('does', function()\n"+body+"\nend)"), Seed: 1})
	if len(r.Files[0].Tests) != 1 {
		t.Fatalf("%s: %v", body, r.Files[0].Problems)
	}
	return r.Files[0].Tests[0].Failure
}

// What the reference shows is played.
func TestExamples(t *testing.T) {
	examples := map[string]string{}
	for _, e := range script.TestLibrary() {
		examples[e.Name] = e.Example
	}
	for _, m := range script.Matchers() {
		examples["expect:"+m.Name] = m.Example
	}
	for _, m := range script.PodMethods() {
		examples["pod:"+m.Name] = "local p = pod{}\n" + m.Example
	}
	for name, example := range examples {
		if f := one(t, example); f != nil {
			t.Errorf("%s: %s: %+v", name, example, f)
		}
	}
}

func TestWhatIsNotAsExpectedFails(t *testing.T) {
	for body, want := range map[string]string{
		`expect(1):is(2)`:                                 `got 1, want 2`,
		`expect("a"):is_not("a")`:                         `got "a", want anything but "a"`,
		`expect({ a = { 1, 2 } }):is{ a = { 1, 3 } }`:     `got {"a":[1,2]}, want {"a":[1,3]}`,
		`expect(nil):is(false)`:                           `got nil, want false`,
		`expect("abc"):contains("x")`:                     `got "abc", want something with "x" in it`,
		`expect({ 1, 2 }):contains(3)`:                    `got [1,2], want something with 3 in it`,
		`expect("abc"):matches("^b")`:                     `got "abc", want a match of "^b"`,
		`expect(1):at_least(2)`:                           `got 1, want at least 2`,
		`expect(3):at_most(2)`:                            `got 3, want at most 2`,
		`expect(5):between(1, 4)`:                         `got 5, want between 1 and 4`,
		`expect(function() end):fails()`:                  `got no error, want an error`,
		`expect(function() error("no") end):fails("x")`:   `want an error with "x"`,
		`expect("it rains", function() return false end)`: `it rains, and it did not hold`,
		`expect("it rains", function() return now() > 1e12 end, { within = "5m" })`:                          `it rains, and it did not hold`,
		`expect("it lasts", function() return since("2026-11-20T09:00:00Z") < 30 end, { holds_for = "1m" })`: `it lasts, and it did not hold`,
		`expect(1):is_not()`:       `is_not takes other: without it nothing is expected`,
		`expect(nil):is()`:         `is takes want: without it nothing is expected`,
		`expect(1):equals(1)`:      `nothing called 'equals' can be expected`,
		`expect(1):at_last(1)`:     `did you mean 'at_least'?`,
		`expect("x"):at_least(1)`:  `only numbers can be compared: this is "x"`,
		`pod{ lables = {} }`:       `unknown field 'lables', did you mean 'labels'?`,
		`pod("none.yaml")`:         `no such file`,
		`pod{}:row{ wide = true }`: `there is no option 'wide'`,
		`pod{}:logs{ tial = 1 }`:   `did you mean 'tail'?`,
		`pod{}:cash()`:             `a pod has no 'cash', did you mean 'crash'?`,
		`pod{}.satus = 1`:          `cannot set 'satus'`,
		`local p = pod{} p:delete(0) advance("1m") return p.status`: `is gone`,
		`pod{ memory = "lots" }`:                                    `"lots" is no quantity`,
		`describe("x", function() end)`:                             `describe is said while the file loads`,
		`advance("soon")`:                                           `is not a duration`,
		`param("flaky.nothing", 1)`:                                 `nothing`,
		`node_status("moon")`:                                       `none of ours`,
		`heartbeat("moon")`:                                         `none of ours`,
		`local p = pod{} advance(9) p:logs{ previous = "no" }`:      `previous must be true or false`,
		`local p = pod{} advance(9) p:http{ headers = "x" }`:        `headers must be a table`,
		`local p = pod{} advance(9) p:logs("app")`:                  `what is "app"?`,
		`local p = pod{} advance(9) p:http("/", 8080)`:              `what is "8080"?`,
		`local p = pod{} advance(9) p:http("/%zz")`:                 `invalid URL escape`,
		`node_status("virtual-kubelet", "moon")`:                    `what is "moon"?`,
		`local p = pod{} advance(9) p:usage("ap")`:                  `has no container ap`,
		`error{ code = 7 }`:                                         `{"code":7}`,
	} {
		f := one(t, body)
		switch {
		case f == nil:
			t.Errorf("%s: it passed", body)
		case !strings.Contains(f.Text, want):
			t.Errorf("%s:\n got %q\nwant %q", body, f.Text, want)
		case f.Line != 2 || f.Script != "scripts/t1_test.lua":
			t.Errorf("%s: told at %s:%d", body, f.Script, f.Line)
		}
	}
}

func TestWhatIsAsExpectedPasses(t *testing.T) {
	for _, body := range []string{
		`expect({}):is{}; expect(nil):is(nil); expect(0.1 + 0.2):between(0.3, 0.4)`,
		`expect({ { name = "a" } }):contains{ name = "a" }`,
		`local p = pod{ labels = { a = "b" } } expect(p.metadata.labels):is{ a = "b" }`,
		`expect("rain", function() return now() > 0 end); expect("time passes", function() return since("2026-11-20T09:00:00Z") >= 60 end, { within = "2m", holds_for = "1m" })`,
		`local ok, why = pcall(function() expect(1):is(2) end) expect(ok):is(false) expect(why):contains("got 1, want 2")`,
		`local p = pod("pod.yaml") expect(p.metadata.name):is("web") advance(10) expect(p:row()):is("1/1 Running 0") expect(p:ready()):is(true)`,
		`local p = pod{ name = "a", namespace = "n", init = { "x" }, restart = "Never", grace = "7s", cpu = "1", node = "virtual-kubelet", owner = "Job/j", image = "i:2", script = "flaky" }
		 expect(p.spec.terminationGracePeriodSeconds):is(7) expect(p.spec.containers[1].image):is("i:2") expect(p.metadata.ownerReferences[1].kind):is("Job")`,
		`local p = pod{} advance(60) p:delete() advance(60) expect(p:gone()):is(true) expect(pods{}:count()):is(0)`,
		`pod{} pod{} expect(pods{}:names()):is{ "pod-1", "pod-2" }`,
		`local p = pod{} p:update(function(o) o.metadata.labels = { x = "y" } end) expect(p.metadata.labels.x):is("y")`,
		`parallel(function() advance("5m") end, function() wait("1m") end) expect(since("2026-11-20T09:00:00Z")):is(300)`,
		`local s = node_status() expect(s.conditions.Ready.status):is("True") expect(s.capacity.cpu):is("20") expect(heartbeat()):is(true)`,
	} {
		if f := one(t, body); f != nil {
			t.Errorf("%s: %+v", body, f)
		}
	}
}

// As a server would have it.
func TestARequestIsUnescaped(t *testing.T) {
	r := run(t, suite.Options{Folder: folder(`match = true
function http(pod, port, request) return { body = request.path .. (request.query.q or "") } end`, `
it("asks", function() local p = pod{} advance(9) expect(p:http("/a%20b?q=c+d%26e&q=f").body):is("/a bc d&e") end)`)})
	if f := r.Files[0].Tests[0].Failure; f != nil {
		t.Error(f.Text)
	}
}

func TestConfigIsTheTests(t *testing.T) {
	r := run(t, suite.Options{Folder: folder(`match = true
function on_create(pod) if config.region == "eu" then return reject(451, "not here") end end`, `
it("refuses", { config = { region = "eu" } }, function() expect(function() pod{} end):fails("not here") end)
it("lets in", function() pod{} end)`)})
	for _, f := range r.Files[0].Tests {
		if f.Failure != nil {
			t.Errorf("%s: %+v", f.Name, f.Failure)
		}
	}
}

// Scenarios are tests, too: one that holds, one that a seed breaks, one with a mistake, and one whose pods' script breaks.
func TestScenariosAreTests(t *testing.T) {
	text := `
given{ pods = { { name = "web", count = 3 } } }
scenario("all is well", function()
  wait("1m")
  expect("three are ready", function() return pods{}:ready() == 3 end)
end)
scenario("luck", function()
  print("here")
  wait("1m")
  expect("luck", function() return chance(0.7), "none today" end)
end)
scenario("mistake", function() wait("1m") pods{}:crsh() end)
scenario("broken hook", function() for _ = 1, 2 do pods{}:crash() wait("1h") end end)
function on_start(pod, container, run)
  if run.number > 2 then return { raedy = 1 } end -- the trial of the folder does not come that far
end
match = true
`
	f := folder(text)
	f.Scripts[0].Name = "story.lua"
	f.Stories = suite.Stories("scripts", f.Scripts)
	r := run(t, suite.Options{Folder: f, Seed: 1, Seeds: 30, Coverage: true})
	var got []string
	for _, one := range r.Files[0].Tests {
		line := one.Name + ": "
		if f := one.Failure; f != nil {
			line += fmt.Sprintf("%s:%d: %s %s", f.Script, f.Line, f.Hook, f.Text)
		}
		got = append(got, line)
	}
	want := []string{
		`all is well: `,
		`luck: scripts/story.lua:10:  "luck" did not hold: none today`,
		`mistake: scripts/story.lua:12:  the list has no 'crsh', did you mean 'crash'?`,
		`broken hook: scripts/story.lua:14: on_start answer: unknown field 'raedy', did you mean 'ready'?`,
	}
	for i := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			break
		}
	}
	luck := r.Files[0].Tests[1].Failure
	if luck == nil || luck.Seed > 10 || len(luck.Output) != 1 || luck.At != suite.Seconds(time.Minute) || len(luck.Pods) != 3 {
		t.Errorf("luck: %+v", luck)
	}
	if r.Tests != 4 || r.Failed != 3 {
		t.Errorf("%d of %d failed", r.Failed, r.Tests)
	}
}

// A scenario without an end fails, whatever it does about errors; one that takes a month does not.
func TestAScenarioEnds(t *testing.T) {
	f := folder(`
match = true
scenario("loop", function() loop_every("1h", function() end) end)
scenario("stubborn", function() while true do pcall(wait, "24h") end end)
scenario("month", function() wait("744h") end)
`)
	f.Stories = suite.Stories("scripts", f.Scripts)
	r := run(t, suite.Options{Folder: f, Seed: 1})
	if r.Tests != 3 || r.Failed != 2 {
		t.Errorf("%d of %d failed, want 2 of 3", r.Failed, r.Tests)
	}
	for _, one := range r.Files[0].Tests {
		failure := one.Failure
		if one.Name == "month" {
			if failure != nil {
				t.Errorf("month: %+v", failure)
			}
			continue
		}
		if failure == nil || !strings.Contains(failure.Text, "after 31 days of the story it has not ended") || failure.At > suite.Seconds(744*time.Hour) {
			t.Errorf("%s: %+v", one.Name, failure)
		}
	}
}

func TestATestEnds(t *testing.T) {
	if f := one(t, `advance("8784h")`); f != nil {
		t.Errorf("a year: %+v", f)
	}
	if f := one(t, `while true do advance("24h") end`); f == nil || !strings.Contains(f.Text, "after 366 days of the story it has not ended") {
		t.Errorf("for ever: %+v", f)
	}
}

func TestATestCanBeginWithPods(t *testing.T) {
	r := run(t, suite.Options{Folder: folder("match = true", `
it("has a crew", { nodes = { { count = 2 } }, pods = { { name = "web", count = 3 }, { name = "db" } } }, function()
  expect(pods{ owner = "web-5d9c7b8f6" }:count()):is(3)
  expect(pods{ name = "db" }:ready()):is(1)
  pods{ name = "web-*" }:evict()
  advance("1m")
  expect(pods{ name = "web-*", ready = true }:count()):is(3)
end)`), Seed: 1})
	if f := r.Files[0].Tests[0].Failure; f != nil {
		t.Errorf("%+v", f)
	}
}

// Verbs work on the pod of a test as on lists of pods, nodes and calls.
func TestVerbs(t *testing.T) {
	for _, body := range []string{
		`local p = pod{} advance("10s") p:crash(139) advance("30s") expect(p.status.containerStatuses[1].lastState.terminated.exitCode):is(139)`,
		`local p = pod{} advance("10s") expect(p:unready("1m")):is{ "default/pod-1" } expect(p:ready()):is(false) advance("61s") expect(p:ready()):is(true)`,
		`pod{} pod{} advance("10s") expect(#pods{}:evict()):is(2) expect(pods{ phase = "Failed" }:count()):is(2)`,
		`nodes{}:silence("1m") expect(heartbeat()):is(false) advance("61s") expect(heartbeat()):is(true)`,
	} {
		if f := one(t, body); f != nil {
			t.Errorf("%s: %+v", body, f)
		}
	}
	if f := one(t, `pods{}:crash()`); f == nil || !strings.Contains(f.Text, "pods{}:crash()") {
		t.Errorf("a verb on nobody: %+v", f)
	}
}

// A branch that hardly ever runs is found by many seeds, and told with the smallest of them.
func TestManySeedsFindWhatIsRare(t *testing.T) {
	test := `it("stays up", function() pod{ labels = { behaviour = "flaky" } } advance("10m") end)`
	o := suite.Options{Folder: folder(flaky, test), Seed: 1, Seeds: 200}
	first := run(t, o).Files[0].Tests[0].Failure
	if first == nil || first.Hook != "on_start" || !strings.Contains(first.Text, "raedy") {
		t.Fatalf("got %+v", first)
	}
	o.Seed, o.Seeds = 100_000, 500
	later := run(t, o)
	if got := later.Files[0].Tests[0].Failure; got == nil || got.Seed != first.Seed {
		t.Errorf("shrunk to %+v, not to seed %d", got, first.Seed)
	}
	o.Seed, o.Seeds = 1, int(first.Seed)-1
	if o.Seeds > 0 && !run(t, o).OK() {
		t.Errorf("a smaller seed than %d fails", first.Seed)
	}
	o.Seed, o.Seeds = first.Seed, 1
	if run(t, o).OK() {
		t.Error("the seed that was told does not fail")
	}
}

func TestEachTestHasAWorldOfItsOwn(t *testing.T) {
	r := run(t, suite.Options{Seed: 1, Seeds: 3, Folder: folder(flaky, `
local n = 0
before_each(function() n = n + 1 end)
describe("a", function()
  before_each(function() n = n + 10 end)
  it("first", function() expect(n):is(11) expect(pods{}:count()):is(0) pod{} param("flaky.crash_rate", 1) end)
  it("second", function() expect(n):is(11) expect(pods{}:count()):is(0) end)
  describe("b", function() it("third", function() expect(n):is(11) end) end)
end)
it("has nodes", { nodes = { { name = "n", count = 2, zones = { "a", "b" } } }, params = { ["flaky.crash_rate"] = 1 } }, function()
  expect(nodes{}:names()):is{ "n-0", "n-1" }
  expect(nodes{ labels = { ["topology.kubernetes.io/zone"] = "b" } }:names()):is{ "n-1" }
  local p = pod{ labels = { behaviour = "flaky" }, node = "n-1" }
  advance("1h")
  expect(p:restarts()):at_least(5)
end)
it("refuses pods", { admission = true, nodes = { { capacity = { cpu = "1" } } } }, function()
  local p = pod{ cpu = "4" }
  expect(p.status.reason):is("OutOfcpu")
end)
`)})
	for _, f := range r.Files[0].Tests {
		if f.Failure != nil {
			t.Errorf("%s: %+v", f.Name, f.Failure)
		}
	}
	if r.Tests != 5 || r.Runs != 15 {
		t.Errorf("%d tests, %d runs", r.Tests, r.Runs)
	}
}

func TestWhatIsReported(t *testing.T) {
	f := folder(flaky, `
describe("flaky", function()
  it("runs", function() local p = pod{ script = "flaky" } param("flaky.crash_rate", 0) advance("10s") expect(p:ready()):is(true) end)
  it("is here for ever", function()
    local p = pod{ name = "web", script = "flaky" }
    print("restarts", p:restarts())
    advance("1h30m")
    expect(p.status.phase):is("Succeeded")
  end)
end)`, `it("is not Lua", function() x = = 1 end)`, `-- nothing`, `it("knows no such name", function() advanse("1m") end)`)
	r := run(t, suite.Options{Folder: f, Seed: 3, Seeds: 2, Coverage: true, Workers: 1})
	for i := range r.Files {
		for j := range r.Files[i].Tests {
			r.Files[i].Tests[j].Took = 0 // differs
		}
	}
	r.Took = suite.Seconds(2e9)
	for name, write := range map[string]func(io.Writer) error{
		"report.txt": func(w io.Writer) error { return r.Text(w, suite.Look{Again: "moonlet script test"}) },
		"report.xml": r.JUnit,
	} {
		var got bytes.Buffer
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", name), got.String())
	}
	var b bytes.Buffer
	if err := r.JUnit(&b); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b.Bytes(), new(struct{})); err != nil {
		t.Errorf("the report is no XML: %v", err)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; make golden rewrites it):\n%s", file, diff)
	}
}

func TestOnlySome(t *testing.T) {
	f := folder(flaky, `it("a", function() end) it("b", function() end)`, `it("c", function() end)`)
	for pattern, want := range map[string]int{"^a$": 1, "b|c": 2, "t2_test": 1, "nothing": 0} {
		if r := run(t, suite.Options{Folder: f, Only: regexp.MustCompile(pattern)}); r.Tests != want {
			t.Errorf("%s: %d tests", pattern, r.Tests)
		}
	}
}

func TestCoverageCountsWhatTestsRan(t *testing.T) {
	r := run(t, suite.Options{Coverage: true, Folder: folder(flaky, `it("a", function() pod{ script = "flaky" } param("flaky.crash_rate", 1) advance("1h") end)`)})
	if diff := cmp.Diff([]suite.FileCoverage{{File: "flaky.lua", Lines: 7, Ran: 4, Missed: []int{6, 7, 9}}}, r.Coverage); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestScriptsThatDoNotLoad(t *testing.T) {
	_, err := suite.Run(t.Context(), suite.Options{Folder: folder("x = = 1", `it("a", function() end)`)})
	if load := (*sim.LoadError)(nil); !errors.As(err, &load) {
		t.Errorf("got %v", err)
	}
}

func TestItEndsWithItsContext(t *testing.T) {
	ctx, stop := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	_, err := suite.Run(ctx, suite.Options{
		Folder:   folder(flaky, `it("a", function() advance("1s") end) it("b", function() loop_every("1s", function() end) end)`),
		Seeds:    100,
		Progress: func(suite.Progress) { stop(why) },
	})
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestFilesAreFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a_test.lua": "--", "lib/b_test.lua": "--", "c.lua": "--", ".d_test.lua": "--"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := suite.FindTests(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Source.Name)
	}
	if diff := cmp.Diff([]string{"a_test.lua", "lib/b_test.lua"}, names); diff != "" {
		t.Error(diff)
	}
	if _, err := suite.FindTests(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there has no tests")
	}
}
