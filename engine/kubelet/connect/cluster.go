package connect

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/connrotation"
)

// Cluster is a cluster whose API server has answered.
type Cluster struct {
	Config    *rest.Config // protobuf where typed, no rate limit of the client's; copied before it is changed
	Client    kubernetes.Interface
	Minor     int    // of the API server: 37 for v1.37
	Server    string // URL of the API server
	Near      bool   // the API server is on this machine, or seems to be: it is reached over loopback
	Namespace string // of the kubeconfig's context or of this pod; "default" where neither says
}

// Separate returns a client with connections of its own, which share no queue with those of other clients: for
// leases, which must not wait behind other work. When requests run into their deadline and nothing has been answered
// for ten seconds, its connections are closed, so that the next request does not go into a dead one.
func (c *Cluster) Separate() (kubernetes.Interface, error) {
	dialer := connrotation.NewDialer((&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext)
	config := rest.CopyConfig(c.Config)
	config.Dial = dialer.DialContext // a dialer of one's own is what keeps client-go from sharing connections
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return newRedial(next, dialer.CloseAll)
	})
	return kubernetes.NewForConfig(config)
}

// Writer returns a client for thousands of writes that a few workers, at most 25, make one after the other. It speaks
// HTTP/1.1. An API server answers all requests of an HTTP/2 connection by turns, each on a goroutine whose stack must grow
// again, so that all the workers together get the share of one client. Its requests must not hurt when they are made twice, and need a
// deadline: nothing else finds out a connection whose other end vanished without a word.
func (c *Cluster) Writer() (kubernetes.Interface, error) {
	config := rest.CopyConfig(c.Config)
	config.NextProtos = []string{"http/1.1"}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return repeatable{next} })
	return kubernetes.NewForConfig(config)
}

// repeatable lets net/http repeat a request whose connection the server had just closed because it was idle.
type repeatable struct{ next http.RoundTripper }

// RoundTrip sends a request. A key without value says that it may be repeated, and is not sent ([http.Transport]).
func (r repeatable) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header["Idempotency-Key"] = nil
	return r.next.RoundTrip(request)
}

// WrappedRoundTripper returns the transport below, for those who look for it.
func (r repeatable) WrappedRoundTripper() http.RoundTripper { return r.next }

// clientConfig is a configuration as Moonlet uses it.
func clientConfig(found *rest.Config, userAgent string, log *slog.Logger) *rest.Config {
	config := rest.CopyConfig(found)
	config.QPS = -1
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.UserAgent = userAgent
	config.DisableCompression = config.DisableCompression || near(config) // within a machine nothing is won by it, and both ends pay
	config.WarningHandlerWithContext = warnings{log}
	return config
}

// near says whether requests stay on this machine.
func near(config *rest.Config) bool {
	server, _, err := rest.DefaultServerURL(config.Host, "", schema.GroupVersion{}, true)
	if err != nil {
		return false // whoever makes the client says so
	}
	ip := net.ParseIP(server.Hostname())
	return ip.IsLoopback() || server.Hostname() == "localhost"
}

// miscellaneous is the code of all warnings that API servers send.
const miscellaneous = 199

// warnings logs what the API server warns of in its answers.
type warnings struct{ log *slog.Logger }

func (w warnings) HandleWarningHeaderWithContext(ctx context.Context, code int, _, text string) {
	if code == miscellaneous && text != "" {
		w.log.DebugContext(ctx, "API server warns", "warning", text)
	}
}
