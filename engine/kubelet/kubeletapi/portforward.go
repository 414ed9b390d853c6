package kubeletapi

import (
	"context"
	"io"
	"net/http"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/streaming/pkg/httpstream/wsstream"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// portForward answers kubectl port-forward: one session carries any number of connections.
func (s *Server) portForward(w http.ResponseWriter, r *http.Request, c *call) error {
	provider, ok := s.Provider.(kubelet.PortForwarder)
	if !ok {
		return unsupported("port-forward")
	}
	options := &portforward.V4Options{}
	tunneled := wsstream.IsWebSocketRequestWithTunnelingProtocol(r)
	if !tunneled {
		var err error
		if options, err = portforward.NewV4Options(r); err != nil {
			return refuse(http.StatusBadRequest, "port-forward: %v", err)
		}
	}
	one := &session{node: c.node}
	ctx := s.sessions.begin(r.Context(), one)
	f := &forwards{server: s, ctx: ctx, provider: provider, pod: kubelet.RefTo(c.pod)}
	defer f.running.close()
	defer s.sessions.end(one)
	defer s.meters.streaming(c.name)()
	serve := func(w http.ResponseWriter, r *http.Request) {
		portforward.ServePortForward(w, r, f, c.podName, string(c.pod.UID), options,
			streamIdleTimeout, streamCreationTimeout, portforward.SupportedProtocols)
	}
	up, r := &upgrade{w.(*recorder), one}, r.WithContext(ctx)
	if tunneled {
		tunnel(up, r, serve)
	} else {
		serve(up, r)
	}
	return nil
}

// forwards hands the connections of one session to the provider. The streaming library starts them and does not wait;
// we do.
type forwards struct {
	server   *Server
	ctx      context.Context // of the session, which the library does not hand on
	provider kubelet.PortForwarder
	pod      kubelet.PodRef
	running  tally
}

// PortForward implements portforward.PortForwarder.
func (f *forwards) PortForward(_ context.Context, _, _ string, port int32, stream io.ReadWriteCloser) (err error) {
	if !f.running.begin() {
		return errGone
	}
	defer f.running.end()
	defer func() { err = f.server.recovered(recover(), err) }()
	return f.provider.PortForward(f.ctx, f.pod, port, stream)
}
