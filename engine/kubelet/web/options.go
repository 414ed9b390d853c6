package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/config"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Options is how a Provider is reached and behaves; all but the URL have a zero value that does.
type Options struct {
	URL       string            // such as http://user:password@host:3000/prefix?token=abc
	Timeout   time.Duration     // of each call; 0: 10 s
	Poll      time.Duration     // between looks at the pods; 0: 5 s
	CAFile    string            // PEM file of the authorities of an https URL; "": the system's
	NodeIP    string            // address of the host of pods whose provider names none; "": none
	Transport http.RoundTripper // nil: net/http's, with the proxies of the environment
	Clock     clock.Clock       // nil: the real one
	Log       *slog.Logger      // nil: silent
}

// Registration offers the provider under the name web.
func Registration() kubelet.Registration {
	return kubelet.Registration{
		Name:       "web",
		Help:       "a web provider in any language, at web.url (WEB_ENDPOINT_URL)",
		ResolveEnv: true,
		Check:      func(c *config.Config) error { return given(c.Web.URL) },
		New: func(ctx context.Context, s kubelet.Setup) (kubelet.Provider, error) {
			c := s.Config.Current().Web
			p, err := New(ctx, Options{URL: c.URL, CAFile: c.CA, Timeout: c.Timeout, Poll: c.Poll, NodeIP: s.NodeIP, Log: s.Log})
			if err != nil {
				return nil, err
			}
			return p, nil
		},
	}
}

func given(url string) error {
	if url == "" {
		return errors.New("web provider: no URL: set web.url (WEB_ENDPOINT_URL) to where it answers, such as http://127.0.0.1:3000")
	}
	return nil
}

// New returns a provider. It connects to nothing yet: a web provider may come up later than its kubelet.
func New(_ context.Context, o Options) (*Provider, error) {
	if err := given(o.URL); err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c, err := client.New(o.URL, client.Options{Timeout: o.Timeout, CAFile: o.CAFile, Transport: o.Transport})
	if err != nil {
		return nil, fmt.Errorf("web provider: %w", err)
	}
	p := &Provider{opts: o, client: c, clock: o.Clock, log: o.Log, described: make(chan description, 1)}
	p.memory.pods = map[key]known{}
	p.described <- description{}
	return p, nil
}
