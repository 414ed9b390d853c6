package journal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/journal"
)

func TestAJournalKeepsTheLatestEntriesInOrder(t *testing.T) {
	var b journal.Book
	for n := range journal.Kept + 10 {
		b.Add("default/web", journal.Entry{What: fmt.Sprint(n)})
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
	b.Add("a/x", journal.Entry{What: "one"})
	b.Add("a/y", journal.Entry{What: "two"})
	b.Forget("a/x")
	if got, _ := b.Of("a/x"); got != nil {
		t.Errorf("forgotten journal still has %v", got)
	}
	if got, _ := b.Of("a/y"); len(got) != 1 || got[0].What != "two" {
		t.Errorf("the other pod's journal is %v", got)
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
