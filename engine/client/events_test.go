package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

// listen collects what a stream tells until it ends.
func listen(t *testing.T, c *client.Client, after uint64) (told []string, last uint64, err error) {
	t.Helper()
	last, err = c.Events(t.Context(), after, func(e api.Event) {
		name := ""
		if e.Pod != nil {
			name = " " + e.Pod.Name
		}
		told = append(told, fmt.Sprintf("%s%s", e.Type, name))
	})
	return told, last, err
}

func TestEventsAreToldInOrder(t *testing.T) {
	var asked *http.Request
	stream := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			asked = r
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, text)
		}
	}
	const two = ": moonlet\n\nid: 7\nevent: pod.added\ndata: {\"sequence\":7,\"type\":\"pod.added\",\"pod\":{\"name\":\"web\"}}\n\nevent: bye\ndata: {}\n\n" +
		"event: param.set\ndata: {\"type\":\"param.set\"}\n\n"
	for name, c := range map[string]struct {
		text  string
		after uint64
		told  []string
		last  uint64
		err   string
	}{
		"from now":       {two, 0, []string{"resync", "pod.added web", "param.set"}, 7, "EOF"},
		"going on":       {two, 5, []string{"pod.added web", "param.set"}, 7, "EOF"},
		"too late":       {"event: resync\ndata: {}\n\n" + two, 900, []string{"resync", "pod.added web", "param.set"}, 7, "EOF"},
		"nothing more":   {"", 5, nil, 5, "EOF"},
		"not an event":   {"data: [\n\n" + two, 5, nil, 0, "an event does not decode"},
		"an endless one": {"data: " + strings.Repeat("x", 9<<20), 5, nil, 5, "token too long"},
	} {
		t.Run(name, func(t *testing.T) {
			p := provider(t, stream(c.text), "http://user:pw@HOST/prefix?token=secret", client.Options{})
			told, last, err := listen(t, p, c.after)
			if diff := cmp.Diff(c.told, told); diff != "" || last != c.last {
				t.Errorf("last %d, want %d; told:\n%s", last, c.last, diff)
			}
			if err == nil || !strings.HasSuffix(err.Error(), c.err) || strings.Contains(err.Error(), "secret") {
				t.Errorf("ended with %v, want %s", err, c.err)
			}
			id := asked.Header.Get("Last-Event-ID")
			if asked.RequestURI != "/prefix/api/v1/events?token=secret" || asked.Header.Get("Authorization") == "" || (c.after > 0) != (id == fmt.Sprint(c.after)) {
				t.Errorf("asked %s with %q", asked.RequestURI, id)
			}
		})
	}
}

func TestWhoHasNoEvents(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{"404": answer(404, "no"), "a page": answer(200, "<html>")} {
		p := provider(t, h, "http://HOST", client.Options{})
		if told, _, err := listen(t, p, 0); !errors.Is(err, client.ErrNoEvents) || told != nil {
			t.Errorf("%s: told %v, %v", name, told, err)
		}
	}
}

func TestAMoonletIsKnownByItsAnswers(t *testing.T) {
	moonlet := true
	p := provider(t, func(w http.ResponseWriter, _ *http.Request) {
		if moonlet {
			w.Header().Set("X-Moonlet-Generation", "1")
		}
		w.WriteHeader(http.StatusNotFound)
	}, "http://HOST", client.Options{})
	if p.Moonlet() {
		t.Error("before any answer")
	}
	for _, is := range []bool{true, false, true} {
		moonlet = is
		if _, _ = p.GetPods(t.Context()); p.Moonlet() != is {
			t.Errorf("want %v", is)
		}
	}
}
