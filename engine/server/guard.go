package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// guard says why a request to /api/v1 is not let through; nil: it is. Where a token is set, reading needs it too:
// scripts, memos and journals are nobody else's business, and one rule for the whole door can be remembered. Only the
// description of the API and what browsers ask beforehand are for all.
func (s *Server) guard(r *http.Request) error {
	if r.Method == http.MethodOptions || r.URL.Path == api.V1+"/openapi.json" {
		return nil
	}
	if strangers := s.turned.Load().strangers; strangers != nil && strangers.Check(r) != nil {
		return &refusal{
			code: http.StatusForbidden, reason: "a web page of another origin, " + quote(r.Header.Get("Origin")) + ", may not change anything here",
			hint: "name it in cors.origins",
		}
	}
	return s.checkToken(r)
}

func (s *Server) checkToken(r *http.Request) error {
	if s.opts.Token == nil {
		return nil
	}
	want, err := s.opts.Token()
	if err != nil || want == "" {
		return err
	}
	given := tokenOf(r)
	switch {
	case given == "":
		return &refusal{code: http.StatusUnauthorized, reason: "a token is needed here", hint: "send it as Authorization: Bearer TOKEN; for moonlet itself set MOONLET_TOKEN or --token"}
	case !sameSecret(given, want):
		return &refusal{code: http.StatusUnauthorized, reason: "that is not the token", hint: "it is in the file that auth.token_file names"}
	}
	return nil
}

// tokenOf is the bearer token, or the password of a URL such as http://me:TOKEN@host:3000.
func tokenOf(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	_, password, _ := r.BasicAuth()
	return password
}

// sameSecret takes the same time wherever the two differ, and however long they are.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// newStrangers keeps web pages of other origins than the allowed ones from changing anything: a browser sends a plain
// POST to 127.0.0.1 from any page, and hides only the answer from it. It is nil where all are allowed.
func newStrangers(allowed []string) *http.CrossOriginProtection {
	if slices.Contains(allowed, "*") {
		return nil
	}
	c := http.NewCrossOriginProtection()
	for _, origin := range allowed {
		_ = c.AddTrustedOrigin(origin) // what is no origin is nobody's; config has checked them
	}
	return c
}
