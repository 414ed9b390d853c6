package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Explain makes one line of what a client of the API server reports: what is wrong, why, and what to do, for a refused
// right also the rule that is missing. What it knows nothing better about it returns as it is. The error it was given
// is found in the result by errors.Is and errors.As.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []func(error) string{
		forbidden, unauthorized, certificate, protocol, credentials, unreachable,
	} {
		if text := known(err); text != "" {
			return explained{text, err}
		}
	}
	return err
}

type explained struct {
	text string
	err  error
}

func (e explained) Error() string { return e.text }
func (e explained) Unwrap() error { return e.err }

// refusal is how the API server words what an authorizer refuses.
var refusal = regexp.MustCompile(`User "([^"]*)" cannot (\S+) resource "([^"]*)" in API group "([^"]*)"` +
	`(?: in the namespace "([^"]*)")?`)

func forbidden(err error) string {
	if !apierrors.IsForbidden(err) {
		return ""
	}
	m := refusal.FindStringSubmatch(err.Error())
	switch {
	case m == nil && err.Error() == "": // from something in front of the API server
		return "the request is forbidden (403), and no reason is given: is there a proxy in front of the API server?"
	case m == nil: // an admission plugin's, say: its words are the best there are
		return ""
	}
	user, need := m[1], Need{Verb: m[2], Group: m[4], Namespace: m[5]}
	need.Resource, need.Subresource, _ = strings.Cut(m[3], "/")
	return fmt.Sprintf("user %q may not %s: %s", user, need, need.remedy())
}

func unauthorized(err error) string {
	if !apierrors.IsUnauthorized(err) {
		return ""
	}
	return "the API server does not accept these credentials (401 Unauthorized): " +
		"they are missing, wrong or have expired; renew the user's entry in the kubeconfig, or the pod's service account token"
}

func certificate(err error) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		alert     tls.AlertError
	)
	switch {
	case errors.As(err, &authority):
		return "the API server's certificate is not signed by the authority in the kubeconfig: " +
			"this is another cluster than the kubeconfig was made for, or its certificate-authority-data is old; get a new kubeconfig"
	case errors.As(err, &host):
		return fmt.Sprintf("the API server's certificate is for another name (%v): use a name it is made for, or tls-server-name in the kubeconfig",
			host)
	case errors.As(err, &invalid):
		return fmt.Sprintf("the API server's certificate is not valid (%v): renew it, and look at this machine's clock", invalid)
	case errors.As(err, &alert):
		return fmt.Sprintf("the API server does not accept the client certificate (%v): get a new kubeconfig", alert)
	}
	return ""
}

// protocol is about http where https is spoken and the other way round.
func protocol(err error) string {
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), http.ErrSchemeMismatch.Error()):
		return "the server speaks http, not https: write http:// in the kubeconfig's server, or use the API server's https port"
	case strings.Contains(body(err), "Client sent an HTTP request to an HTTPS server"):
		return "the server speaks https, not http: write https:// in the kubeconfig's server"
	case errors.As(err, &record):
		return "the server does not speak TLS: is this the address of an API server?"
	case apierrors.IsNotFound(err) && strings.Contains(err.Error(), "the server could not find the requested resource"):
		return "the server does not know what it was asked for: is this the address of a Kubernetes API server?"
	}
	return ""
}

// body is what a server wrote that does not answer as Kubernetes does.
func body(err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return ""
	}
	for _, c := range status.Status().Details.Causes {
		if c.Type == metav1.CauseTypeUnexpectedServerResponse {
			return c.Message
		}
	}
	return ""
}

// credentials is about the commands that kubeconfigs name to get some.
func credentials(err error) string {
	if _, after, found := strings.Cut(err.Error(), "getting credentials: "); found {
		return "the command in the kubeconfig that gets credentials does not work: " + strings.Join(strings.Fields(after), " ")
	}
	return ""
}

func unreachable(err error) string {
	var network net.Error
	if !errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) {
		return ""
	}
	return fmt.Sprintf("the API server cannot be reached: %v: is the cluster running, and the address in the kubeconfig right?", cause(err))
}

// cause is the heart of an error, without the addresses and calls around it.
func cause(err error) error {
	var (
		number  syscall.Errno
		name    *net.DNSError
		path    *fs.PathError
		network net.Error
		unready notReady
	)
	switch {
	case errors.As(err, &unready):
		return unready
	case errors.As(err, &name):
		return fmt.Errorf("no address is known for %s", name.Name)
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &number):
		return number
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return errors.New("no answer")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("connection closed without an answer")
	}
	return oneLine{err}
}

// passing says whether an error may go away by itself.
func passing(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		code := status.Status().Code
		return code >= http.StatusInternalServerError || code == http.StatusTooManyRequests
	}
	if certificate(err) != "" || protocol(err) != "" || credentials(err) != "" {
		return false
	}
	var network net.Error
	var unready notReady
	return errors.As(err, &unready) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
