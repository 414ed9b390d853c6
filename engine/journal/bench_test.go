package journal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/journal"
)

// cycle is what a crash and the restart after it write.
func cycle(at time.Time, run int) []journal.Entry {
	event := func(what, message, rule string) journal.Entry {
		return journal.Entry{At: at, What: what, Container: "app", Message: message, Kind: journal.Script, By: "crashing.lua:4", Rule: rule}
	}
	return []journal.Entry{
		{
			At: at, What: "on_start", Container: "app", Message: fmt.Sprintf("ready after 2.13s, exit 137 after %d.1s", run), Kind: journal.Script, By: "crashing.lua:4",
			Hook: "on_start", Ask: run, Draws: []journal.Draw{{Kind: "uniform", Value: 2.13}, {Kind: "exponential", Value: float64(run)}}, Generation: 1,
		},
		event("Pulled", `Container image "nginx:1.27" already present on machine`, ""),
		event("Created", "Created container: app", ""),
		event("Started", "Started container app", ""),
		event("Ready", "Container app is ready", ""),
		event("Exited", "exit code 137, Error", "restart policy Always: it runs again"),
		event("BackOff", fmt.Sprintf("Back-off restarting failed container app in pod web-%d_default(%d)", run, run), "back-off 5m0s after the 7th crash"),
	}
}

// BenchmarkAdd writes the entries of one crash among ten thousand pods.
func BenchmarkAdd(b *testing.B) {
	var book journal.Book
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("default/pod-%d", i)
	}
	cycles := make([][]journal.Entry, 64)
	for i := range cycles {
		cycles[i] = cycle(noon.Add(time.Duration(i)*time.Minute), i)
	}
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		book.Add(names[n%len(names)], cycles[n/len(names)%len(cycles)]...)
		n++
	}
}

// BenchmarkNews makes the log of what one crash of each of a thousand pods writes.
func BenchmarkNews(b *testing.B) {
	book := journal.Book{Logged: true}
	kept, at := shelf{}, noon
	for b.Loop() {
		at = at.Add(time.Minute)
		for i := range 1000 {
			book.Add(fmt.Sprintf("default/pod-%d", i), cycle(at, i)...)
		}
		kept.take(&book)
	}
	b.ReportMetric(float64(kept.size()), "log-bytes")
}
