package kubeletapi

import (
	"bufio"
	"net"
	"net/http"

	"github.com/gorilla/websocket"
	forwardclient "k8s.io/client-go/tools/portforward"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// tunnel lets SPDY through a WebSocket, as newer kubectl does port-forward: the streaming library is given a request and
// a connection as if SPDY had been asked for.
func tunnel(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) {
	upgrader := websocket.Upgrader{
		CheckOrigin:  func(*http.Request) bool { return true }, // no cookies here: each call says who it is
		Subprotocols: []string{portforward.WebsocketsSPDYTunnelingPortForwardV1},
	}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the library has told the client
	}
	conn := forwardclient.NewTunnelingConnection("kubelet API", socket)
	defer closeStream(conn)
	inner := r.Clone(r.Context())
	for _, name := range []string{"Sec-Websocket-Protocol", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions"} {
		inner.Header.Del(name)
	}
	inner.Header.Set(httpstream.HeaderConnection, httpstream.HeaderUpgrade)
	inner.Header.Set(httpstream.HeaderUpgrade, spdy.HeaderSpdy31)
	inner.Header.Set(httpstream.HeaderProtocolVersion, portforward.PortForwardV1Name)
	serve(&tunneled{header: http.Header{}, conn: conn}, inner)
}

// tunneled is a connection that has been upgraded already: what it is answered before Hijack leads nowhere.
type tunneled struct {
	header http.Header
	conn   net.Conn
}

func (t *tunneled) Header() http.Header         { return t.header }
func (t *tunneled) Write(p []byte) (int, error) { return len(p), nil }
func (t *tunneled) WriteHeader(int)             {}

// Hijack implements http.Hijacker.
func (t *tunneled) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return t.conn, bufio.NewReadWriter(bufio.NewReader(t.conn), bufio.NewWriter(t.conn)), nil
}
