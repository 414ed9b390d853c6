package journal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/journal"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func entry(n int) journal.Entry {
	return journal.Entry{At: noon.Add(time.Duration(n) * time.Second), What: fmt.Sprint(n)}
}

func TestAJournalKeepsTheLatestEntriesInOrder(t *testing.T) {
	var b journal.Book
	for n := range journal.Kept + 10 {
		b.Add("default/web", entry(n))
	}
	entries, forgotten := b.Of("default/web")
	if len(entries) != journal.Kept || forgotten != 10 {
		t.Fatalf("kept %d and forgot %d, want %d and 10", len(entries), forgotten, journal.Kept)
	}
	for i, e := range entries {
		if want := fmt.Sprint(i + 10); e.What != want {
			t.Fatalf("entry %d is %s, want %s", i, e.What, want)
		}
	}
}

func TestJournalsArePerPodAndCanBeForgotten(t *testing.T) {
	var b journal.Book
	b.Add("a/x", journal.Entry{At: noon, What: "one"})
	b.Add("a/y", journal.Entry{At: noon, What: "two"})
	b.Forget("a/x")
	if got, _ := b.Of("a/x"); got != nil {
		t.Errorf("forgotten journal still has %v", got)
	}
	if got, _ := b.Of("a/y"); len(got) != 1 || got[0].What != "two" {
		t.Errorf("the other pod's journal is %v", got)
	}
}

func TestAQuestionPutAgainIsWrittenWhereItsAnswerIsAnother(t *testing.T) {
	var b journal.Book
	asked := journal.Entry{At: noon, What: "on_start", Hook: "on_start", Ask: 2, Draws: []journal.Draw{{Kind: "chance", Value: 0.5}}}
	b.Add("a/x", asked, entry(1))
	again := asked
	again.At, again.Again = noon.Add(time.Minute), true
	b.Add("a/x", again)
	if got, _ := b.Of("a/x"); len(got) != 2 {
		t.Fatalf("the same answer: %v", got)
	}
	again.Generation = 2
	b.Add("a/x", again)
	if got, _ := b.Of("a/x"); len(got) != 3 {
		t.Errorf("another answer: %v", got)
	}
}

func TestAnEntryPrintsAsOneLine(t *testing.T) {
	e := journal.Entry{
		At: time.Date(2026, 11, 20, 9, 23, 41, 5e8, time.UTC), What: "Exited", Container: "app", Message: "code 137",
		By: "flaky.lua:12", Generation: 3, Draws: []journal.Draw{{Kind: "chance", Value: 0.1}},
	}
	want := "2026-11-20T09:23:41.500Z  Exited  app  code 137  by flaky.lua:12 generation 3  drew chance=0.1"
	if got := e.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// anyEntry draws texts from few, so that they repeat, and now and then one that was never there.
func anyEntry(t *rapid.T) journal.Entry {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "app", "on_start", "flaky.lua:12", "exit code 137"}), rapid.String())
	e := journal.Entry{
		At: noon.Add(time.Duration(rapid.Int64Range(-1e18, 1e18).Draw(t, "at"))), What: text.Draw(t, "what"), Container: text.Draw(t, "container"),
		Message: text.Draw(t, "message"), By: text.Draw(t, "by"), Rule: text.Draw(t, "rule"), Why: text.Draw(t, "why"),
		Fault: text.Draw(t, "fault"), Generation: uint64(rapid.IntRange(0, 3).Draw(t, "generation")),
		Kind: rapid.SampledFrom([]journal.Kind{journal.Kubelet, journal.Script, journal.User, journal.Fault, journal.Reload, journal.Param, journal.Restart}).Draw(t, "kind"),
	}
	if e.Hook = text.Draw(t, "hook"); e.Hook != "" {
		e.Ask = rapid.IntRange(0, 1e9).Draw(t, "ask")
	}
	for range rapid.IntRange(0, 3).Draw(t, "draws") {
		e.Draws = append(e.Draws, journal.Draw{Name: text.Draw(t, "name"), Kind: text.Draw(t, "kind"), Value: rapid.Float64().Draw(t, "value")})
	}
	return e
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b journal.Book
		var want []journal.Entry
		for range rapid.IntRange(1, 30).Draw(t, "entries") {
			want = append(want, anyEntry(t))
			b.Add("a/x", want[len(want)-1])
		}
		if got, _ := b.Of("a/x"); !cmp.Equal(got, want) {
			t.Fatal(cmp.Diff(want, got))
		}
	})
}

func TestFiguresOfAMessageAreReadInTheirPlaces(t *testing.T) {
	for _, test := range []struct {
		message string
		figures []int64
		want    string
	}{
		{"ready after %s, exit %d after %s", []int64{1132, 137, 5_400_000}, "ready after 1.132s, exit 137 after 1h30m0s"},
		{"exit %d", []int64{-1}, "exit -1"},
		{"after %s", []int64{0}, "after 0s"},
		{"%d", []int64{1 << 62}, "4611686018427387904"},
		{"100 % of %s", nil, "100 % of %s"},
		{"more %d than %d", []int64{1}, "more 1 than %d"},
		{"fewer %d", []int64{1, 2}, "fewer 1"},
		{"it ends with %", []int64{1}, "it ends with %"},
	} {
		b, kept := &journal.Book{Logged: true}, shelf{}
		b.Add("a/x", journal.Entry{At: noon, What: "on_start", Hook: "on_start", Message: test.message, Figures: test.figures})
		b.Add("a/x", journal.Entry{At: noon, What: "on_start", Hook: "on_start", Message: test.want, Again: true})
		kept.take(b)
		for how, book := range map[string]*journal.Book{"written": b, "kept": kept.read(t)} {
			got, _ := book.Of("a/x")
			if len(got) != 1 || got[0].Message != test.want || got[0].Figures != nil {
				t.Errorf("%s, %q with %v: %+v, want one entry that says %q", how, test.message, test.figures, got, test.want)
			}
		}
	}
	e := journal.Entry{At: noon, Message: "exit %d", Figures: []int64{3}}
	if got := e.String(); !strings.HasSuffix(got, "  exit 3") {
		t.Errorf("it prints as %s", got)
	}
}

func TestAJournalIsBoundedWhateverIsWritten(t *testing.T) {
	b, kept := &journal.Book{Logged: true}, shelf{}
	flood := make([]journal.Draw, 10_000)
	for n := range 1000 {
		long := strings.Repeat("ü", 100_000)
		b.Add("a/x", journal.Entry{At: entry(n).At, What: "on_start", Message: long, Why: long, Rule: long, Draws: flood})
	}
	if kept.take(b); kept.size() > 5<<18 {
		t.Errorf("a log of %d bytes", kept.size())
	}
	entries, forgotten := b.Of("a/x")
	if n := len(entries); n < 2 || n > 5 || n+forgotten != 1000 { // each has 1.7 KB, and a pod 8
		t.Errorf("%d kept, %d forgotten", len(entries), forgotten)
	}
	if last := entries[len(entries)-1]; !last.At.Equal(entry(999).At) || !strings.HasSuffix(last.Message, "ü…") || len(last.Draws) != 16 {
		t.Errorf("the last is %v", last)
	}
}
