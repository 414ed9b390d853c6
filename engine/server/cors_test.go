package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/server"
)

func corsHeaders(h http.Header) (names []string) {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			names = append(names, name)
		}
	}
	return names
}

func TestWithoutOriginsNoPageMayCall(t *testing.T) {
	s := newServer(newFake())
	for _, r := range []answer{
		do(s, "GET", "/getPods", "", "Origin", "http://localhost:8080"),
		do(s, "OPTIONS", "/updatePod", "", "Origin", "http://localhost:8080", "Access-Control-Request-Method", "PUT"),
	} {
		if got := corsHeaders(r.Header); got != nil {
			t.Errorf("%s: %v", r.Status, got)
		}
	}
}

func TestOnlyTheOriginsNamedMayCall(t *testing.T) {
	s := server.New(server.Options{Provider: newFake(), Origins: []string{"http://a:1", "http://b"}})
	for origin, want := range map[string]string{
		"http://a:1": "http://a:1", "http://b": "http://b", "http://a": "", "http://a:12": "", "HTTP://B": "", "null": "", "": "",
	} {
		header := []string{}
		if origin != "" {
			header = []string{"Origin", origin}
		}
		for _, r := range []answer{do(s, "GET", "/getPods", "", header...), do(s, "OPTIONS", "/deletePod", "", header...), do(s, "GET", "/nosuch", "", header...)} {
			if got := r.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("origin %q, %s: allowed %q, want %q", origin, r.Status, got, want)
			}
			if got := r.Header.Get("Vary"); got != "Origin" {
				t.Errorf("origin %q: Vary is %q", origin, got)
			}
			if want == "" && r.Header.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("origin %q: methods are allowed", origin)
			}
		}
	}
}

func TestAnyOriginMayCall(t *testing.T) {
	s := server.New(server.Options{Provider: newFake(), Origins: []string{"*"}})
	r := do(s, "OPTIONS", "//updatePod", "", "Origin", "http://x", "Access-Control-Request-Method", "PUT")
	if r.StatusCode != http.StatusNoContent || r.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s %v", r.Status, r.Header)
	}
	for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
		if !strings.Contains(r.Header.Get("Access-Control-Allow-Methods"), method) {
			t.Errorf("%s is not allowed", method)
		}
	}
	if r := do(s, "OPTIONS", "/nosuch", "", "Origin", "http://x"); r.StatusCode != http.StatusNotFound {
		t.Errorf("preflight of an unknown path: %s", r.Status)
	}
}
