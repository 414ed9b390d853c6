package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// transport is net/http's own, with authorities of its own where a file names them.
func transport(caFile string) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("authorities for the provider: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("authorities for the provider: %s holds no PEM certificate", caFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// sameMethod follows a redirect only where the call stays what it was: 301 and 302 turn a POST into a GET, whose
// success would be taken for the POST's. Nor does a pod, with the secrets in it, leave https.
func sameMethod(next *http.Request, via []*http.Request) error {
	if next.Method != via[0].Method {
		return http.ErrUseLastResponse
	}
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errors.New("redirected from https to " + next.URL.Scheme)
	}
	if len(via) >= 5 {
		return errors.New("redirected more than five times")
	}
	return nil
}

// answer is a 2xx answer.
type answer struct {
	body   []byte
	kind   string // media type, without parameters
	status string // "200 OK"
}

func (a answer) isJSON() bool { return a.kind == "application/json" }

// undecoded says in words why a body that should be JSON is not.
func (a answer) undecoded(err error) error {
	body := bytes.TrimSpace(a.body)
	switch {
	case len(body) == 0:
		return fmt.Errorf("answered %s with %w instead of JSON", a.status, ErrEmpty)
	case a.kind == "text/html" || body[0] == '<':
		return fmt.Errorf("answered %s with HTML instead of JSON: %s", a.status, firstLine(body))
	}
	return fmt.Errorf("the answer does not decode: %w", err)
}

func (c *Client) send(ctx context.Context, method, call string, p *v1.Pod) error {
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("%s: encode the pod: %w", call, err)
	}
	_, err = c.call(ctx, method, call, nil, body)
	return err
}

// sendOrPost sends a pod with the method of the protocol. Where that finds nobody, POST is tried, which several samples
// want, and kept if it works.
func (c *Client) sendOrPost(ctx context.Context, byPost *atomic.Bool, method, call string, p *v1.Pod) error {
	if byPost.Load() {
		return c.send(ctx, http.MethodPost, call, p)
	}
	err := c.send(ctx, method, call, p)
	if !NoSuchCall(err) {
		return err
	}
	posted := c.send(ctx, http.MethodPost, call, p)
	if NoSuchCall(posted) {
		return err
	}
	byPost.Store(true)
	return posted
}

// NoSuchCall says that an error of this package may mean: the provider does not have this call, or not with this
// method. A pod that it does not know can look the same.
func NoSuchCall(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, e.Code)
}

// get asks for JSON. null is no answer for a pod or a status; for a list or a map it is an empty one, as providers in
// languages with a null may write it.
func get[T any](ctx context.Context, c *Client, call string, q url.Values) (v T, err error) {
	a, err := c.call(ctx, http.MethodGet, call, q, nil)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(a.body, &v); err != nil {
		var none T
		return none, c.odd(http.MethodGet, call, a.undecoded(err))
	}
	if reflect.ValueOf(v).Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil() {
		return v, c.odd(http.MethodGet, call, ErrNull)
	}
	return v, nil
}

// call makes one call and gives a 2xx answer.
func (c *Client) call(ctx context.Context, method, call string, q url.Values, body []byte) (answer, error) {
	if c.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.patience, late(c.patience))
		defer cancel()
	}
	r, err := c.request(ctx, method, call, q, body)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return answer{}, c.unanswered(ctx, method, call, err)
	}
	defer resp.Body.Close()
	c.moonlet.Store(resp.Header.Get(api.HeaderGeneration) != "")
	return c.read(ctx, resp, method, call)
}

func (c *Client) request(ctx context.Context, method, call string, q url.Values, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.address(call, q), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	r.Header.Set("Content-Type", "application/json") // on GETs too, as the old client did
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	} else if c.user != nil {
		password, _ := c.user.Password()
		r.SetBasicAuth(c.user.Username(), password)
	}
	return r, nil
}

// address is the URL of a call: the base's path and query, then the call's.
func (c *Client) address(call string, q url.Values) string {
	u := *c.base.JoinPath(call)
	if u.RawQuery != "" && len(q) > 0 {
		u.RawQuery += "&"
	}
	u.RawQuery += q.Encode()
	return u.String()
}

func (c *Client) read(ctx context.Context, resp *http.Response, method, call string) (answer, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.limit+1))
	if resp.StatusCode/100 != 2 {
		return answer{}, c.refused(resp, method, call, body)
	}
	if err != nil {
		return answer{}, c.unanswered(ctx, method, call, err)
	}
	if int64(len(body)) > c.limit {
		return answer{}, c.odd(method, call, fmt.Errorf("the answer is longer than %d bytes", c.limit))
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return answer{body: body, kind: kind, status: resp.Status}, nil
}

func (c *Client) refused(resp *http.Response, method, call string, body []byte) error {
	e := &Error{Method: method, URL: c.shown(call), Code: resp.StatusCode, Status: strings.TrimSpace(resp.Status), Text: firstLine(body)}
	if strings.HasPrefix(call, api.V1) {
		_ = json.Unmarshal(body, &e.Told) // what is no error of ours is shown as it is
	}
	if to, err := resp.Location(); err == nil && resp.StatusCode/100 == 3 {
		to.RawQuery, to.Fragment = "", ""
		e.Text = "a redirect to " + to.Redacted() + " that would make it a GET: have the URL point to where the provider answers"
	}
	return e
}
