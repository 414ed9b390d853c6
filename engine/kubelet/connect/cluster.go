package connect

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

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

// clientConfig is a configuration as Moonlet uses it.
func clientConfig(found *rest.Config, userAgent string, log *slog.Logger) *rest.Config {
	config := rest.CopyConfig(found)
	config.QPS = -1
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.UserAgent = userAgent
	config.WarningHandlerWithContext = warnings{log}
	return config
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
