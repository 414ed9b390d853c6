package connect

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

// Options say where to look for a cluster and how long to wait for it.
type Options struct {
	Kubeconfig string            // path; "": those of $KUBECONFIG, else ~/.kube/config, else the service account of this pod
	Timeout    time.Duration     // how long an API server that cannot be reached is tried; 0: 30 s
	UserAgent  string            // "": moonlet
	Progress   func(text string) // told while waiting, now and then; nil: logged
	Clock      clock.Clock       // nil: the real one
	Log        *slog.Logger      // nil: silent
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.UserAgent == "" {
		o.UserAgent = "moonlet"
	}
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(text string) { o.Log.Info(text) }
	}
	return o
}

// Connect finds a cluster and waits until its API server answers. An error is one line that says what is wrong and
// what to do. Only servers that cannot be reached or are not ready are tried again; refused credentials and wrong
// certificates do not get better by waiting.
func Connect(ctx context.Context, o Options) (*Cluster, error) {
	o = o.withDefaults()
	found, err := load(o.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config := clientConfig(found.client, o.UserAgent, o.Log)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", found.source, oneLine{err})
	}
	c := &Cluster{Config: config, Client: client, Server: config.Host, Near: near(config), Namespace: found.namespace}
	a := attempts{Options: o, server: config.Host, source: found.source, rest: client.Discovery().RESTClient()}
	if c.Minor, err = a.run(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// How an API server is tried.
const (
	tryFor   = 5 * time.Second        // one try
	tryPause = 500 * time.Millisecond // between two
	tellTime = 3 * time.Second        // between two lines of progress that say the same
)

// attempts asks an API server for its version until it answers.
type attempts struct {
	Options
	server, source string
	rest           rest.Interface
	told           string // reason that progress was told of last
	toldAt         time.Time
}

func (a *attempts) run(ctx context.Context) (minor int, err error) {
	began := a.Clock.Now()
	for {
		minor, err = a.try(ctx)
		waited := a.Clock.Now().Sub(began)
		switch {
		case err == nil:
			return minor, nil
		case ctx.Err() != nil:
			return 0, fmt.Errorf("connect to %s: %w", a.server, context.Cause(ctx))
		case !passing(err):
			return 0, fmt.Errorf("connect to %s (%s): %w", a.server, a.source, Explain(err))
		case waited+tryPause > a.Timeout:
			return 0, fmt.Errorf("connect to %s (%s): %w, tried for %v: start that cluster or wait longer with "+
				"--startup-timeout; for another cluster, %s", a.server, a.source, cause(err), a.Timeout, howToGetOne)
		}
		a.tell(cause(err).Error(), waited)
		if err := a.Clock.Sleep(ctx, tryPause); err != nil {
			return 0, fmt.Errorf("connect to %s: %w", a.server, context.Cause(ctx))
		}
	}
}

// tell reports what is waited for: at once when the reason is new, else every few seconds.
func (a *attempts) tell(reason string, waited time.Duration) {
	now := a.Clock.Now()
	if reason == a.told && now.Sub(a.toldAt) < tellTime {
		return
	}
	a.told, a.toldAt = reason, now
	a.Progress(fmt.Sprintf("waiting for %s: %s (%d s of %d s)",
		a.server, reason, int(waited.Seconds()), int(a.Timeout.Seconds())))
}

// try asks for the version, then whether the server is ready. Before that it refuses what it will allow later.
func (a *attempts) try(ctx context.Context) (minor int, err error) {
	ctx, cancel := context.WithTimeout(ctx, min(tryFor, a.Timeout))
	defer cancel()
	text, err := a.rest.Get().AbsPath("/version").MaxRetries(0).Do(ctx).Raw()
	if err != nil {
		return 0, err
	}
	minor, err = minorOf(text)
	if err != nil {
		return 0, err
	}
	_, err = a.rest.Get().AbsPath("/readyz").MaxRetries(0).Do(ctx).Raw()
	if err != nil && passing(err) { // who may not ask has to believe it
		return 0, notReady{err}
	}
	return minor, nil
}

// notReady is an API server that answers, but not yet what is asked.
type notReady struct{ error }

func (notReady) Error() string   { return "the API server is not ready" }
func (e notReady) Unwrap() error { return e.error }

// minorOf reads the answer of /version. Some clouds write their minor as 37+.
func minorOf(text []byte) (int, error) {
	var v version.Info
	if err := json.Unmarshal(text, &v); err != nil || v.Minor == "" {
		return 0, fmt.Errorf("its /version is not that of a Kubernetes API server: is the address right?")
	}
	minor, err := strconv.Atoi(strings.TrimRight(v.Minor, "+"))
	if err != nil {
		return 0, fmt.Errorf("its version %q has no minor number", v.GitVersion)
	}
	return minor, nil
}
