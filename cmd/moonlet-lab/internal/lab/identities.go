package lab

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/pki"
)

// certLifetime is long enough for any lab: each start signs its certificates anew.
const certLifetime = 365 * 24 * time.Hour

const (
	administrator = "moonlet-lab-admin"
	masters       = "system:masters" // the group that Kubernetes lets do everything
)

// serverHosts are the names by which the API server may be called.
var serverHosts = []string{
	"127.0.0.1", "::1", "localhost", firstServiceIP,
	"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
}

// identities keeps the authorities and the key for tokens, and signs what the programs need to trust each other.
type identities struct {
	dir    Dir
	server string // URL of the API server
	now    time.Time
}

func (i identities) write() error {
	ca, err := pki.LoadOrCreateCA(i.dir.CA(), "moonlet-lab", i.now)
	if err != nil {
		return err
	}
	// Who shows a certificate of this one may speak for any user: it must not be the authority of users.
	front, err := pki.LoadOrCreateCA(i.dir.pair("front-proxy-ca"), "moonlet-lab-front-proxy", i.now)
	if err != nil {
		return err
	}
	return errors.Join(
		pki.EnsureSigningKey(i.dir.pki("sa.key"), i.dir.pki("sa.pub")),
		i.issue(ca, "serving", pki.Request{CommonName: "kube-apiserver", Hosts: serverHosts}),
		i.issue(ca, "kubelet-client", pki.Request{CommonName: "kube-apiserver-kubelet-client", Groups: []string{masters}}),
		i.issue(front, "front-proxy-client", pki.Request{CommonName: "front-proxy-client"}),
		i.administrator(ca),
		i.kubeconfig(ca, i.dir.pki(controllerManager+".kubeconfig"), pki.Request{CommonName: "system:kube-controller-manager"}),
		i.kubeconfig(ca, i.dir.pki(scheduler+".kubeconfig"), pki.Request{CommonName: "system:kube-scheduler"}),
	)
}

func (i identities) issue(ca *pki.CA, name string, request pki.Request) error {
	request.Lifetime = certLifetime
	pair, err := ca.Issue(request, i.now)
	if err != nil {
		return err
	}
	return pair.Write(i.dir.pair(name))
}

// administrator is who most of a lab's requests come from, and shows a token: a client certificate is checked anew with each
// request, for a twentieth of the API server's time.
func (i identities) administrator(ca *pki.CA) error {
	token, err := pki.EnsureToken(i.dir.pki("admin.token"))
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%s,%s,%s,%s\n", token, administrator, administrator, masters)
	return errors.Join(
		os.WriteFile(i.dir.tokens(), []byte(line), 0o600),
		pki.Kubeconfig{Server: i.server, CA: ca.PEM(), User: administrator, Token: token}.Write(i.dir.Kubeconfig()),
	)
}

func (i identities) kubeconfig(ca *pki.CA, path string, request pki.Request) error {
	request.Lifetime = certLifetime
	pair, err := ca.Issue(request, i.now)
	if err != nil {
		return err
	}
	return pki.Kubeconfig{Server: i.server, CA: ca.PEM(), User: request.CommonName, Client: pair}.Write(path)
}

// client asks the programs how they are, and shows the API server a certificate of its own.
func (d Dir) client() (*http.Client, error) {
	ca, err := pki.LoadCA(d.CA())
	if err != nil {
		return nil, err
	}
	files := d.pair("kubelet-client")
	certificate, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.PEM())
	return &http.Client{Transport: &http.Transport{
		// A connection kept from before a restart would answer for a process that is gone.
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	}}, nil
}
