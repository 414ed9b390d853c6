package kubeletapi_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

// shown is the certificate that a server shows.
func (d *door) shown() *x509.Certificate {
	d.t.Helper()
	conn, err := tls.Dial("tcp", d.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0]
}

func TestASelfMadeCertificateNamesAllThatTheServerIsCalled(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) {
		o.Nodes, o.Hosts = []string{"n1", "n2"}, []string{"10.0.0.7", "kubelet.example"}
	})
	cert := d.shown()
	var ips []string
	for _, ip := range cert.IPAddresses {
		ips = append(ips, ip.String())
	}
	if d := cmp.Diff([]string{"localhost", "kubelet.example", "n1", "n2"}, cert.DNSNames); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"127.0.0.1", "::1", "10.0.0.7"}, ips); d != "" {
		t.Error(d)
	}
}

func TestASelfMadeCertificateOfManyNodesIsNotTooBig(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) {
		for len(o.Nodes) < 5000 {
			o.Nodes = append(o.Nodes, strings.Repeat("n", 200))
		}
	})
	if n := len(d.shown().Raw); n > 32<<10 {
		t.Errorf("%d bytes", n)
	}
}

func TestASelfMadeCertificateIsReplacedBeforeItEnds(t *testing.T) {
	held := clock.Hold(time.Now())
	d := open(t, func(o *kubeletapi.Options) { o.Clock = held })
	first := d.shown()
	held.Set(first.NotAfter.Add(-time.Hour))
	if second := d.shown(); !second.NotAfter.After(first.NotAfter) {
		t.Errorf("until %v, then until %v", first.NotAfter, second.NotAfter)
	}
}

func TestCertificateFilesAreReadAgainAndBadOnesDoNotHurt(t *testing.T) {
	ca, held := newAuthority(t), clock.Hold(noon)
	cert, key := ca.issue("first", x509.ExtKeyUsageServerAuth)
	paths := files(t, map[string][]byte{"cert": cert, "key": key})
	d := open(t, func(o *kubeletapi.Options) { o.CertFile, o.KeyFile, o.Clock = paths["cert"], paths["key"], held })
	expect := func(name string) {
		t.Helper()
		if got := d.shown().Subject.CommonName; got != name {
			t.Errorf("%q is shown, want %q", got, name)
		}
	}
	write := func(cert, key []byte) {
		t.Helper()
		held.Set(held.Now().Add(time.Minute))
		for path, content := range map[string][]byte{paths["cert"]: cert, paths["key"]: key} {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect("first")
	write([]byte("no"), []byte("good"))
	expect("first")
	write(ca.issue("second", x509.ExtKeyUsageServerAuth))
	expect("second")
}

func TestCertificatesThatAreNoGoodAreSaidAtOnce(t *testing.T) {
	cert, key := newAuthority(t).issue("x", x509.ExtKeyUsageServerAuth)
	_, other := newAuthority(t).issue("x", x509.ExtKeyUsageServerAuth)
	paths := files(t, map[string][]byte{"cert": cert, "key": key, "other": other})
	for name, c := range map[string]struct{ cert, key, want string }{
		"no key":      {paths["cert"], "", "a certificate needs its key"},
		"no file":     {"nix", paths["key"], "read the certificate: open nix"},
		"no key file": {paths["cert"], "nix", "read the certificate's key: open nix"},
		"another key": {paths["cert"], paths["other"], "private key does not match"},
	} {
		_, err := kubeletapi.New(kubeletapi.Options{
			Provider: &provider{}, Pods: podSet{}, Nodes: []string{"n1"}, Client: newCluster(), CertFile: c.cert, KeyFile: c.key,
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAServerNeedsWhoLetsPeopleIn(t *testing.T) {
	if _, err := kubeletapi.New(kubeletapi.Options{Provider: &provider{}, Pods: podSet{}, Nodes: []string{"n1"}}); err == nil {
		t.Error("a server without a client of the API server could let in anybody or nobody")
	}
}

func TestTheClientCAIsThatOfTheFileWhereThereIsOne(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	paths := files(t, map[string][]byte{"ca": ours.pem})
	d := open(t, func(o *kubeletapi.Options) { o.Client, o.ClientCAFile = newCluster(theirs.publish()), paths["ca"] })
	for ca, want := range map[*authority]int{ours: 200, theirs: 401} {
		c := d.config("")
		c.CertData, c.KeyData = ca.issue("admin", x509.ExtKeyUsageClientAuth)
		if code, _ := d.askAs(c, http.MethodGet, "/healthz"); code != want {
			t.Errorf("%d, want %d", code, want)
		}
	}
}

// ticks is a clock that sleeps until it is told how long that was.
type ticks struct {
	clock.Clock
	now   chan struct{}
	asked chan time.Duration
}

func (c *ticks) Sleep(ctx context.Context, d time.Duration) error {
	if d == time.Second { // the watch for silence
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case c.asked <- d:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-c.now:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestANewClientCACountsAndALostOneDoesNotHurt(t *testing.T) {
	first, second := newAuthority(t), newAuthority(t)
	api := newCluster()
	c := &ticks{Clock: clock.Real(), now: make(chan struct{}), asked: make(chan time.Duration)}
	d := open(t, func(o *kubeletapi.Options) { o.Client, o.Clock = api, c })
	certificates := map[*authority][2][]byte{}
	for _, a := range []*authority{first, second} {
		cert, key := a.issue("admin", x509.ExtKeyUsageClientAuth)
		certificates[a] = [2][]byte{cert, key}
	}
	expect := func(when string, pause time.Duration, want map[*authority]int) {
		t.Helper()
		if got := <-c.asked; got != pause {
			t.Errorf("%s: read again in %v, want %v", when, got, pause)
		}
		for ca, want := range want {
			as := d.config("")
			as.CertData, as.KeyData = certificates[ca][0], certificates[ca][1]
			if code, _ := d.askAs(as, http.MethodGet, "/healthz"); code != want {
				t.Errorf("%s: %d, want %d", when, code, want)
			}
		}
	}
	expect("none yet", 5*time.Second, map[*authority]int{first: 401, second: 401})
	maps := api.CoreV1().ConfigMaps("kube-system")
	if _, err := maps.Create(t.Context(), first.publish(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.now <- struct{}{}
	expect("the first", time.Minute, map[*authority]int{first: 200, second: 401})
	if _, err := maps.Update(t.Context(), second.publish(), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.now <- struct{}{}
	expect("the second", time.Minute, map[*authority]int{first: 401, second: 200})
	if err := maps.Delete(t.Context(), "extension-apiserver-authentication", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.now <- struct{}{}
	expect("lost", 5*time.Second, map[*authority]int{first: 401, second: 200})
}

func TestServeSaysWhichListenerFailed(t *testing.T) {
	s, err := kubeletapi.New(kubeletapi.Options{Provider: &provider{}, Pods: podSet{}, Nodes: []string{"n1"}, Client: newCluster()})
	if err != nil {
		t.Fatal(err)
	}
	good, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = bad.Close()
	if err := s.Serve(t.Context(), good, bad); err == nil || !strings.Contains(err.Error(), "kubelet API on "+bad.Addr().String()) {
		t.Errorf("%v", err)
	}
	if _, err := net.Dial("tcp", good.Addr().String()); err == nil {
		t.Error("the other listener is still open")
	}
}
