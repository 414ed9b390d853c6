// Package client answers: how does Go call a provider over HTTP?
//
// A [Client] speaks the web-provider API of 2018 to any provider in any language. It forgives what the old client
// did not: it has time-outs, takes answers of any sensible size, keeps the path and query of its URL, and never
// panics on an odd answer. It does not retry: whoever calls knows what may be done twice. It starts no goroutines
// beyond net/http's; [Client.Close] ends those of idle connections.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// Options is how a Client behaves; the zero value of each field is a sensible one.
type Options struct {
	Timeout     time.Duration     // for one call with its answer; 0: 30 s; negative: only the call's context ends it
	AnswerLimit int64             // bytes of one answer; 0: 64 MiB
	Transport   http.RoundTripper // nil: one of its own, with the proxies of the environment
}

// Client calls one provider. Its methods may be called from any goroutine.
type Client struct {
	base  url.URL
	user  *url.Userinfo
	http  http.Client
	limit int64
}

// New returns a client for the provider at a URL such as "http://user:password@host:3000/prefix?token=abc". Prefix
// and query are sent with every call, user and password as basic authentication. It connects to nothing yet.
func New(address string, o Options) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("provider URL %q: want one like http://127.0.0.1:3000", hideSecrets(u, address))
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.AnswerLimit == 0 {
		o.AnswerLimit = 64 << 20
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	c := &Client{base: *u, user: u.User, limit: o.AnswerLimit}
	c.base.User, c.base.Fragment = nil, ""
	c.http = http.Client{Transport: o.Transport, Timeout: max(0, o.Timeout), CheckRedirect: sameMethod}
	return c, nil
}

// hideSecrets is an address fit for an error: without password and query. What does not parse is not shown at all.
func hideSecrets(u *url.URL, address string) string {
	if u == nil {
		if strings.ContainsAny(address, "@?") {
			return "…"
		}
		return address
	}
	shown := *u
	shown.RawQuery, shown.Fragment = "", ""
	return shown.Redacted()
}

// sameMethod follows a redirect only where the call stays what it was: 301 and 302 turn a POST into a GET, whose
// success would be taken for the POST's.
func sameMethod(next *http.Request, via []*http.Request) error {
	if next.Method != via[0].Method {
		return http.ErrUseLastResponse
	}
	if len(via) >= 5 {
		return errors.New("redirected more than five times")
	}
	return nil
}

// Close ends idle connections. The client can be used again all the same.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// CreatePod hands a pod over. A provider that knows the pod already is free to accept it.
func (c *Client) CreatePod(ctx context.Context, p *v1.Pod) error {
	return c.send(ctx, http.MethodPost, api.CreatePod, p)
}

// UpdatePod hands over a pod's new spec and metadata, and a status.
func (c *Client) UpdatePod(ctx context.Context, p *v1.Pod) error {
	return c.send(ctx, http.MethodPut, api.UpdatePod, p)
}

// DeletePod asks for a pod's end. A pod that is not known is an error for which [NotFound] is true.
func (c *Client) DeletePod(ctx context.Context, p *v1.Pod) error {
	return c.send(ctx, http.MethodDelete, api.DeletePod, p)
}

// GetPod gives a pod as the provider sees it. A pod that is not known is an error for which [NotFound] is true.
func (c *Client) GetPod(ctx context.Context, namespace, name string) (*v1.Pod, error) {
	return get[*v1.Pod](ctx, c, api.GetPod, podQuery(namespace, name))
}

// GetPodStatus gives a pod's status. A pod that is not known is an error for which [NotFound] is true.
func (c *Client) GetPodStatus(ctx context.Context, namespace, name string) (*v1.PodStatus, error) {
	return get[*v1.PodStatus](ctx, c, api.GetPodStatus, podQuery(namespace, name))
}

// GetPods gives all pods of the provider, none of them nil.
func (c *Client) GetPods(ctx context.Context) ([]*v1.Pod, error) {
	pods, err := get[[]*v1.Pod](ctx, c, api.GetPods, nil)
	if err != nil {
		return nil, err
	}
	known := pods[:0]
	for _, p := range pods {
		if p != nil {
			known = append(known, p)
		}
	}
	return known, nil
}

// GetContainerLogs gives a container's log, as bytes. A pod or container that is not known is, with providers that
// say so, an error for which [NotFound] is true.
func (c *Client) GetContainerLogs(ctx context.Context, r api.LogRequest) ([]byte, error) {
	q := url.Values{api.QueryNamespace: {r.Namespace}, api.QueryPod: {r.Pod}, api.QueryContainer: {r.Container}}
	if r.Tail != nil {
		q.Set(api.QueryTail, strconv.Itoa(*r.Tail))
	}
	if r.Previous {
		q.Set(api.QueryPrevious, "true")
	}
	return c.call(ctx, http.MethodGet, api.GetContainerLogs, q, nil)
}

// Capacity gives the node's capacity.
func (c *Client) Capacity(ctx context.Context) (v1.ResourceList, error) {
	return get[v1.ResourceList](ctx, c, api.Capacity, nil)
}

// NodeConditions gives the node's conditions.
func (c *Client) NodeConditions(ctx context.Context) ([]v1.NodeCondition, error) {
	return get[[]v1.NodeCondition](ctx, c, api.NodeConditions, nil)
}

// NodeAddresses gives the node's addresses.
func (c *Client) NodeAddresses(ctx context.Context) ([]v1.NodeAddress, error) {
	return get[[]v1.NodeAddress](ctx, c, api.NodeAddresses, nil)
}

func podQuery(namespace, name string) url.Values {
	return url.Values{api.QueryNamespace: {namespace}, api.QueryName: {name}}
}

func (c *Client) send(ctx context.Context, method, call string, p *v1.Pod) error {
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("%s: encode the pod: %w", call, err)
	}
	_, err = c.call(ctx, method, call, nil, body)
	return err
}

// get asks for JSON. null is no answer for a pod or a status; for a list or a map it is an empty one, as providers in
// languages with a null may write it.
func get[T any](ctx context.Context, c *Client, call string, q url.Values) (v T, err error) {
	body, err := c.call(ctx, http.MethodGet, call, q, nil)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		var none T
		return none, c.odd(call, fmt.Errorf("the answer does not decode: %w", err))
	}
	if reflect.ValueOf(v).Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil() {
		return v, c.odd(call, errors.New("the answer is null"))
	}
	return v, nil
}

// call makes one call and gives the body of a 2xx answer.
func (c *Client) call(ctx context.Context, method, call string, q url.Values, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.address(call, q), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	r.Header.Set("Content-Type", "application/json") // on GETs too, as the old client did
	if c.user != nil {
		password, _ := c.user.Password()
		r.SetBasicAuth(c.user.Username(), password)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable(method, call, err)
	}
	defer resp.Body.Close()
	return c.read(resp, method, call)
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

func (c *Client) read(resp *http.Response, method, call string) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.limit+1))
	if resp.StatusCode/100 != 2 {
		return nil, &Error{Method: method, URL: c.shown(call), Code: resp.StatusCode, Status: resp.Status, Text: firstLine(body)}
	}
	if err != nil {
		return nil, c.unreachable(method, call, err)
	}
	if int64(len(body)) > c.limit {
		return nil, c.odd(call, fmt.Errorf("the answer is longer than %d bytes", c.limit))
	}
	return body, nil
}
