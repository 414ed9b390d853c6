// Package client answers: how does Go call a provider over HTTP?
//
// A [Client] speaks the web-provider API of 2018 to any provider in any language. It forgives what the old client
// did not: it has time-outs, takes answers of any sensible size, keeps the path and query of its URL, and never
// panics on an odd answer. It does not retry: whoever calls knows what may be done twice; [Unanswered] says what it
// needs to know. To a Moonlet it can listen, see [Client.Events], and it speaks its /api/v1, as the command line does: v1.go.
// It starts no goroutines beyond net/http's;
// [Client.Close] ends those of idle connections.
package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// Options is how a Client behaves; the zero value of each field is a sensible one.
type Options struct {
	Timeout     time.Duration     // for one call with its answer; 0: 30 s; negative: only the call's context ends it
	AnswerLimit int64             // bytes of one answer; 0: 64 MiB
	Token       string            // sent as bearer token with every call, in place of the URL's user; "": none
	CAFile      string            // PEM file of the authorities an https provider is checked against; "": the system's
	Transport   http.RoundTripper // nil: one of its own, with the proxies of the environment; else CAFile is not read
}

// Client calls one provider. Its methods may be called from any goroutine.
type Client struct {
	base     url.URL
	user     *url.Userinfo
	token    string
	http     http.Client
	patience time.Duration // for one call; 0 or less: none but the caller's
	limit    int64

	moonlet      atomic.Bool // the last answer was a Moonlet's
	updateByPost atomic.Bool // the provider takes updates as POST only
	deleteByPost atomic.Bool // and deletes
}

// New returns a client for the provider at a URL such as "http://user:password@host:3000/prefix?token=abc". Prefix
// and query are sent with every call, user and password as basic authentication. It connects to nothing yet.
func New(address string, o Options) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return nil, fmt.Errorf("provider URL %q: want one like http://127.0.0.1:3000", hideSecrets(u, address))
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.AnswerLimit == 0 {
		o.AnswerLimit = 64 << 20
	}
	if o.Transport == nil {
		if o.Transport, err = transport(o.CAFile); err != nil {
			return nil, err
		}
	}
	c := &Client{base: *u, user: u.User, token: o.Token, limit: o.AnswerLimit, patience: o.Timeout}
	c.base.User, c.base.Fragment = nil, ""
	c.http = http.Client{Transport: o.Transport, CheckRedirect: sameMethod}
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

// Close ends idle connections. The client can be used again all the same.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// CreatePod hands a pod over. A provider that knows the pod already is free to accept it.
func (c *Client) CreatePod(ctx context.Context, p *v1.Pod) error {
	return c.send(ctx, http.MethodPost, api.CreatePod, p)
}

// UpdatePod hands over a pod's new spec and metadata, and a status. A provider that takes it only as POST gets it so.
func (c *Client) UpdatePod(ctx context.Context, p *v1.Pod) error {
	return c.sendOrPost(ctx, &c.updateByPost, http.MethodPut, api.UpdatePod, p)
}

// DeletePod asks for a pod's end. A pod that is not known is an error for which [NotFound] is true. A provider that
// takes the call only as POST gets it so.
func (c *Client) DeletePod(ctx context.Context, p *v1.Pod) error {
	return c.sendOrPost(ctx, &c.deleteByPost, http.MethodDelete, api.DeletePod, p)
}

// GetPod gives a pod as the provider sees it. A pod that is not known is an error for which [NotFound] is true.
func (c *Client) GetPod(ctx context.Context, namespace, name string) (*v1.Pod, error) {
	return get[*v1.Pod](ctx, c, api.GetPod, podQuery(namespace, name))
}

// GetPodStatus gives a pod's status. A pod that is not known is an error for which [NotFound] is true.
func (c *Client) GetPodStatus(ctx context.Context, namespace, name string) (*v1.PodStatus, error) {
	return get[*v1.PodStatus](ctx, c, api.GetPodStatus, podQuery(namespace, name))
}

// GetPods gives all pods of the provider, none of them nil. A pod that does not decode does not hide the others: of it
// there is only the identity.
func (c *Client) GetPods(ctx context.Context) ([]*v1.Pod, error) {
	each, err := get[[]json.RawMessage](ctx, c, api.GetPods, nil)
	if err != nil {
		return nil, err
	}
	pods := make([]*v1.Pod, 0, len(each))
	for _, one := range each {
		p, err := podOrIdentity(one)
		if err != nil {
			return nil, c.odd(http.MethodGet, api.GetPods, err)
		}
		if p != nil {
			pods = append(pods, p)
		}
	}
	return pods, nil
}

// podOrIdentity decodes a pod as far as it can be. null is nil.
func podOrIdentity(text []byte) (p *v1.Pod, err error) {
	if err = json.Unmarshal(text, &p); err == nil {
		return p, nil
	}
	var identity struct {
		Metadata struct {
			Namespace, Name string
			UID             types.UID
		}
	}
	if json.Unmarshal(text, &identity) != nil || identity.Metadata.Name == "" {
		return nil, fmt.Errorf("the answer does not decode: %w", err)
	}
	m := identity.Metadata
	return &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: m.Namespace, Name: m.Name, UID: m.UID}}, nil
}

// GetContainerLogs gives a container's log, as bytes; one that came as a JSON string is unquoted. A pod or container
// that is not known is, with providers that say so, an error for which [NotFound] is true.
func (c *Client) GetContainerLogs(ctx context.Context, r api.LogRequest) ([]byte, error) {
	q := url.Values{api.QueryNamespace: {r.Namespace}, api.QueryPod: {r.Pod}, api.QueryContainer: {r.Container}}
	if r.Tail != nil {
		q.Set(api.QueryTail, strconv.Itoa(*r.Tail))
	}
	if r.Previous {
		q.Set(api.QueryPrevious, "true")
	}
	a, err := c.call(ctx, http.MethodGet, api.GetContainerLogs, q, nil)
	if err != nil {
		return nil, err
	}
	return unquoted(a), nil
}

// unquoted is the log of an answer. Providers in frameworks that make JSON of everything, as the Rust sample does, send
// it as one string. A last line in quotes without its line end is taken for such a string too: logs end their lines.
func unquoted(a answer) []byte {
	if len(a.body) < 2 || a.body[0] != '"' || (a.body[len(a.body)-1] != '"' && !a.isJSON()) {
		return a.body
	}
	var text string
	if json.Unmarshal(a.body, &text) != nil {
		return a.body
	}
	return []byte(text)
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
