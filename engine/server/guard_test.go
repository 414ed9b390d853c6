package server_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/server"
)

// guarded is a server whose /api/v1 asks for a token.
func guarded(token string) *server.Server {
	return server.New(server.Options{Provider: newFake(), Token: func() (string, error) { return token, nil }})
}

func TestATokenProtectsOurAPIAndNothingElse(t *testing.T) {
	s := guarded("hunter2")
	for _, target := range []string{"/getPods", "/capacity", "/livez", "/readyz", "/metrics", "/", "/api/v1/openapi.json"} {
		if r := do(s, "GET", target, ""); r.StatusCode != http.StatusOK {
			t.Errorf("%s without a token: %s", target, r.Status)
		}
	}
	for target, method := range map[string]string{
		"/api/v1/pods": "GET", "//api//v1/pods": "GET", "/api/v1/faults": "DELETE", "/api/v1/events": "GET", "/api/v1/nosuch": "GET", "/api/v1/actions": "POST",
	} {
		r := do(s, method, target, "")
		if r.StatusCode != http.StatusUnauthorized || r.Header.Get("WWW-Authenticate") != `Bearer realm="moonlet"` {
			t.Errorf("%s %s without a token: %s", method, target, r.Status)
		}
	}
}

func TestWhichTokensAreTaken(t *testing.T) {
	for given, want := range map[string]struct {
		code int
		told string
	}{
		"Bearer hunter2":               {200, ""},
		"bearer  hunter2":              {200, ""},
		"Basic bW9vbmxldDpodW50ZXIy":   {200, ""}, // moonlet:hunter2
		"Basic aHVudGVyMjo=":           {401, "a token is needed here"},
		"Bearer hunter":                {401, "that is not the token"},
		"Bearer hunter22":              {401, "that is not the token"},
		"Basic bW9vbmxldDpodW50ZXIzCg": {401, "a token is needed here"},
		"hunter2":                      {401, "a token is needed here"},
		"Bearer ":                      {401, "a token is needed here"},
	} {
		r := do(guarded("hunter2"), "GET", "/api/v1/params", "", "Authorization", given)
		var told api.Error
		if r.StatusCode != http.StatusOK {
			_ = json.Unmarshal([]byte(r.Body), &told)
		}
		if r.StatusCode != want.code || told.Error != want.told || strings.Contains(r.Body, "hunter") {
			t.Errorf("%q: %s %s", given, r.Status, r.Body)
		}
	}
	if r := do(guarded(""), "GET", "/api/v1/params", ""); r.StatusCode != http.StatusOK {
		t.Errorf("no token set: %s", r.Status)
	}
}

// A token that cannot be looked up lets nobody in.
func TestALostTokenClosesTheDoor(t *testing.T) {
	s := server.New(server.Options{Provider: newFake(), Token: func() (string, error) { return "", errors.New("the file is gone") }})
	if r := do(s, "GET", "/api/v1/params", "", "Authorization", "Bearer x"); r.StatusCode != http.StatusInternalServerError {
		t.Errorf("%s", r.Status)
	}
	if r := do(s, "GET", "/getPods", ""); r.StatusCode != http.StatusOK {
		t.Errorf("the old API: %s", r.Status)
	}
}

// A browser sends a plain POST from any page to 127.0.0.1 without asking.
func TestPagesOfOtherOriginsChangeNothing(t *testing.T) {
	const action = `{"verb":"unready","on":"pod","select":{"names":["default/web"]}}`
	for _, c := range []struct {
		allowed, origin, site string
		code                  int
	}{
		{"", "http://evil.example", "", 403},
		{"", "http://evil.example", "cross-site", 403},
		{"", "null", "", 403},
		{"", "", "", 200},
		{"", "http://example.com", "same-origin", 200}, // httptest's host
		{"http://ui.example:8080", "http://ui.example:8080", "cross-site", 200},
		{"http://ui.example:8080", "http://evil.example", "cross-site", 403},
		{"*", "http://evil.example", "cross-site", 200},
	} {
		f := newFake()
		s := server.New(server.Options{Provider: f, Origins: strings.Fields(c.allowed)})
		headers := []string{"Content-Type", "text/plain"}
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
			if value != "" {
				headers = append(headers, name, value)
			}
		}
		r := do(s, "POST", "/api/v1/actions", action, headers...)
		if r.StatusCode != c.code || (f.order.Verb == "unready") != (c.code == 200) {
			t.Errorf("%+v: %s %s", c, r.Status, r.Body)
		}
		if r := do(s, "GET", "/api/v1/pods", "", headers...); r.StatusCode != http.StatusOK {
			t.Errorf("%+v: reading: %s", c, r.Status)
		}
	}
}

func TestAPageMayAskWhetherItMaySendAToken(t *testing.T) {
	s := server.New(server.Options{Provider: newFake(), Origins: []string{"*"}, Token: func() (string, error) { return "x", nil }})
	r := do(s, "OPTIONS", "/api/v1/actions", "", "Origin", "http://ui.example", "Access-Control-Request-Method", "POST")
	if r.StatusCode != http.StatusNoContent || !strings.Contains(r.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("%s %v", r.Status, r.Header)
	}
}
