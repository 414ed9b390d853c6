package journal_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/journal"
)

// shelf keeps the batches of a log, as the state file does.
type shelf map[uint64][]byte

// take takes all news.
func (s shelf) take(b *journal.Book) {
	for more := true; more; {
		var number uint64
		var news []byte
		var over []uint64
		number, news, over, more = b.News()
		for _, n := range over {
			delete(s, n)
		}
		if len(news) > 0 {
			s[number] = news
		}
	}
}

func (s shelf) read(t interface{ Fatal(args ...any) }) *journal.Book {
	b := &journal.Book{Logged: true}
	for _, n := range slices.Sorted(maps.Keys(s)) {
		if err := b.Load(n, s[n]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (s shelf) size() (n int) {
	for _, news := range s {
		n += len(news)
	}
	return n
}

// Whatever is written, forgotten and restarted: what the log tells is what the book has.
func TestALogTellsWhatTheBookHas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, kept := &journal.Book{Logged: true}, shelf{}
		pods := []string{"a/x", "a/y", "b/z"}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			pod := rapid.SampledFrom(pods).Draw(t, "pod")
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				b.Forget(pod)
			case 1:
				kept.take(b)
			case 2:
				kept.take(b)
				b = kept.read(t)
			default:
				b.Add(pod, anyEntry(t))
			}
		}
		kept.take(b)
		again := kept.read(t)
		for _, pod := range pods {
			want, forgotten := b.Of(pod)
			if len(want) == 0 { // its pod is gone, and so is whoever could ask
				continue
			}
			got, missing := again.Of(pod)
			if !cmp.Equal(got, want) || missing != forgotten {
				t.Fatalf("%s: forgot %d, want %d\n%s", pod, missing, forgotten, cmp.Diff(want, got))
			}
		}
	})
}

func TestALogDoesNotGrowForEver(t *testing.T) {
	b, kept := &journal.Book{Logged: true}, shelf{}
	for n := range 100 {
		for pod := range 200 {
			b.Add(fmt.Sprintf("a/pod-%d", pod), cycle(noon.Add(time.Duration(n)*time.Minute), n)...)
		}
		kept.take(b)
	}
	if size := kept.size(); size > 5<<19 {
		t.Errorf("the log has %d bytes", size)
	}
	again := kept.read(t)
	for pod := range 200 {
		name := fmt.Sprintf("a/pod-%d", pod)
		want, _ := b.Of(name)
		if got, forgotten := again.Of(name); !cmp.Equal(got, want) || len(got)+forgotten != 700 {
			t.Fatalf("%s: %d kept and %d forgotten\n%s", name, len(got), forgotten, cmp.Diff(want, got))
		}
	}
}

// Pods that say nothing for long are written anew again and again, while others come and go and take each other's numbers.
func TestQuietPodsOutliveBusyOnes(t *testing.T) {
	b, kept := &journal.Book{Logged: true}, shelf{}
	want := map[string][]journal.Entry{}
	add := func(pod string, entries ...journal.Entry) {
		b.Add(pod, entries...)
		want[pod] = append(want[pod], entries...)
	}
	for pod := range 50 {
		add(fmt.Sprintf("quiet/%d", pod), cycle(noon, pod)...)
	}
	for round := range 60 {
		for pod := range 400 {
			if name := fmt.Sprintf("busy/%d/%d", round-1, pod); pod%3 != 0 {
				b.Forget(name)
				delete(want, name)
			}
			add(fmt.Sprintf("busy/%d/%d", round, pod), cycle(noon.Add(time.Duration(round)*time.Minute), pod)...)
		}
		b.Diary(fmt.Sprintf("silent/%d", round))
		if kept.take(b); round%7 == 3 {
			b = kept.read(t)
			b.Retain(func(pod string) bool { return want[pod] != nil || strings.HasPrefix(pod, "silent/") })
		}
	}
	again := kept.read(t)
	for _, book := range []*journal.Book{b, again} {
		for pod, entries := range want {
			if got, forgotten := book.Of(pod); !cmp.Equal(got, entries) || forgotten != 0 {
				t.Fatalf("%s: forgot %d\n%s", pod, forgotten, cmp.Diff(entries, got))
			}
		}
		for round := range 60 {
			if got, _ := book.Of(fmt.Sprintf("silent/%d", round)); len(got) != 0 {
				t.Fatalf("a pod that never said anything has %v", got)
			}
		}
	}
	if live := 8000*7*50 + 50*7*50; kept.size() > 3*live {
		t.Errorf("the log has %d bytes", kept.size())
	}
}

func TestJournalsOfPodsThatAreGoneAreNotRetained(t *testing.T) {
	b, kept := &journal.Book{Logged: true}, shelf{}
	b.Add("a/x", entry(1))
	b.Add("a/y", entry(2))
	kept.take(b)
	b = kept.read(t)
	b.Retain(func(pod string) bool { return pod == "a/y" })
	if got, _ := b.Of("a/x"); got != nil {
		t.Errorf("retained %v", got)
	}
	if got, _ := b.Of("a/y"); len(got) != 1 {
		t.Errorf("y has %v", got)
	}
}

func TestABatchThatIsDamagedLosesOnlyItself(t *testing.T) {
	b, kept := &journal.Book{Logged: true}, shelf{}
	b.Add("a/x", entry(1))
	kept.take(b)
	var other journal.Book
	if err := other.Load(1, append(kept[1], 0xff)); err == nil || !strings.Contains(err.Error(), "batch 1 ") {
		t.Errorf("error %v", err)
	}
	if got, _ := other.Of("a/x"); len(got) != 1 {
		t.Errorf("read %v", got)
	}
}

func FuzzLoad(f *testing.F) {
	b, kept := &journal.Book{Logged: true}, shelf{}
	b.Add("a/x", cycle(noon, 1)...)
	kept.take(b)
	f.Add(kept[1])
	f.Add(kept[1][:20])
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, news []byte) {
		b := &journal.Book{Logged: true}
		_ = b.Load(1, news)
		b.Of("a/x")
		b.Add("a/x", entry(1))
		again := shelf{}
		again.take(b)
		again.read(t)
	})
}
