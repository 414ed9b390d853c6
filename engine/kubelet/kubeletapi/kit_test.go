package kubeletapi_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	authnv1 "k8s.io/api/authentication/v1"
	authzv1 "k8s.io/api/authorization/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/klog/v2"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

func TestMain(m *testing.M) {
	klog.SetLogger(klog.Logger{}) // the streaming library's words are not the subject
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"),
		// Clients that leave early leave goroutines of their library behind.
		goleak.IgnoreAnyFunction("k8s.io/client-go/tools/remotecommand.(*wsStreamExecutor).StreamWithContext.func1"),
		goleak.IgnoreAnyFunction("k8s.io/client-go/tools/remotecommand.watchErrorStream.func1"),
		goleak.IgnoreAnyFunction("k8s.io/client-go/tools/remotecommand.(*streamProtocolV2).copyStdout.func1"),
		goleak.IgnoreAnyFunction("k8s.io/client-go/tools/portforward.(*PortForwarder).handleConnection"),
		goleak.IgnoreAnyFunction("k8s.io/client-go/tools/portforward.(*PortForwarder).handleConnection.func1"),
		// A connection that breaks while a stream is being accepted leaves that stream waiting for its reply; our part,
		// the provider's call, has ended by then.
		goleak.IgnoreTopFunction("github.com/moby/spdystream.(*Stream).waitWriteReply"),
		goleak.IgnoreAnyFunction("k8s.io/cri-streaming/pkg/streaming/portforward.(*httpStreamHandler).portForward"),
	)
}

// bare is a provider that can nothing but keep pods, and is not asked even that.
type bare struct{ kubelet.Provider }

// provider is one that can all; what a test does not set is not called.
type provider struct {
	bare
	logs    func(context.Context, kubelet.ContainerRef, kubelet.LogOptions) (io.ReadCloser, error)
	exec    func(context.Context, kubelet.ContainerRef, []string, kubelet.Streams) (int, error)
	attach  func(context.Context, kubelet.ContainerRef, kubelet.Streams) error
	forward func(context.Context, kubelet.PodRef, int32, io.ReadWriter) error
	usage   func(context.Context, string) ([]kubelet.PodUsage, error)
}

func (p *provider) Logs(ctx context.Context, c kubelet.ContainerRef, o kubelet.LogOptions) (io.ReadCloser, error) {
	return p.logs(ctx, c, o)
}

func (p *provider) Exec(ctx context.Context, c kubelet.ContainerRef, argv []string, s kubelet.Streams) (int, error) {
	return p.exec(ctx, c, argv, s)
}

func (p *provider) Attach(ctx context.Context, c kubelet.ContainerRef, s kubelet.Streams) error {
	return p.attach(ctx, c, s)
}

func (p *provider) PortForward(ctx context.Context, pod kubelet.PodRef, port int32, connection io.ReadWriter) error {
	return p.forward(ctx, pod, port, connection)
}

func (p *provider) Usage(ctx context.Context, node string) ([]kubelet.PodUsage, error) {
	return p.usage(ctx, node)
}

// podSet is the pods that there are.
type podSet []*v1.Pod

func (s podSet) Pod(namespace, name string) *v1.Pod {
	for _, p := range s {
		if p.Namespace == namespace && p.Name == name {
			return p
		}
	}
	return nil
}

func (s podSet) Pods(node string) []*v1.Pod {
	return slices.DeleteFunc(slices.Clone(s), func(p *v1.Pod) bool { return p.Spec.NodeName != node })
}

// webPod is default/NAME on a node, with one container, c, that runs.
func webPod(name, node string) *v1.Pod {
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: "uid-" + "1"},
		Spec:       v1.PodSpec{NodeName: node, Containers: []v1.Container{{Name: "c", Image: "nginx:1"}}},
		Status: v1.PodStatus{Phase: v1.PodRunning, ContainerStatuses: []v1.ContainerStatus{
			{Name: "c", Image: "nginx:1", State: v1.ContainerState{Running: &v1.ContainerStateRunning{}}},
		}},
	}
}

// cluster is an API server as far as a kubelet's door needs one: whose tokens are whose, and who may do what.
type cluster struct {
	*fake.Clientset
	tokens    map[string]string // token to user
	may       func(authzv1.SubjectAccessReviewSpec) bool
	broken    atomic.Bool // reviews fail
	reviews   atomic.Int32
	tokenAsks atomic.Int32

	mu    sync.Mutex
	asked []string // "user verb subresource node" of each review of access
}

func newCluster(objects ...runtime.Object) *cluster {
	c := &cluster{
		Clientset: fake.NewClientset(objects...), tokens: map[string]string{"good": "admin", "other": "nobody"},
		may: func(s authzv1.SubjectAccessReviewSpec) bool { return s.User == "admin" },
	}
	c.PrependReactor("create", "tokenreviews", c.reviewToken)
	c.PrependReactor("create", "subjectaccessreviews", c.reviewAccess)
	return c
}

func (c *cluster) reviewToken(a clienttesting.Action) (bool, runtime.Object, error) {
	c.tokenAsks.Add(1)
	review := a.(clienttesting.CreateAction).GetObject().(*authnv1.TokenReview).DeepCopy()
	if name, ok := c.tokens[review.Spec.Token]; ok {
		review.Status = authnv1.TokenReviewStatus{Authenticated: true, User: authnv1.UserInfo{
			Username: name, Groups: []string{"team"}, Extra: map[string]authnv1.ExtraValue{"floor": {"3"}},
		}}
	}
	return true, review, nil
}

func (c *cluster) reviewAccess(a clienttesting.Action) (bool, runtime.Object, error) {
	c.reviews.Add(1)
	review := a.(clienttesting.CreateAction).GetObject().(*authzv1.SubjectAccessReview).DeepCopy()
	q := review.Spec.ResourceAttributes
	c.mu.Lock()
	c.asked = append(c.asked, strings.Join([]string{review.Spec.User, q.Verb, q.Subresource, q.Name}, " "))
	c.mu.Unlock()
	if c.broken.Load() {
		return true, nil, io.ErrUnexpectedEOF
	}
	review.Status.Allowed = c.may(review.Spec)
	return true, review, nil
}

func (c *cluster) questions() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// door is a server that runs.
type door struct {
	t      *testing.T
	addr   string
	cancel context.CancelFunc
	stop   func() error // ends it and waits; a test that does not call it ends it at its end
}

// open starts a server of node n1, whose pod default/web runs, unless set says otherwise.
func open(t *testing.T, set func(*kubeletapi.Options)) *door {
	t.Helper()
	o := kubeletapi.Options{Provider: &provider{}, Pods: podSet{webPod("web", "n1")}, Nodes: []string{"n1"}, Client: newCluster()}
	if set != nil {
		set(&o)
	}
	s, err := kubeletapi.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, s)
}

func serve(t *testing.T, s *kubeletapi.Server) *door {
	t.Helper()
	d, ended := serveUntil(t, s)
	d.stop = sync.OnceValue(func() error { d.cancel(); return <-ended })
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// serveUntil starts a server that runs until cancel; then it says how it ended.
func serveUntil(t *testing.T, s *kubeletapi.Server) (*door, <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	return &door{t: t, addr: l.Addr().String(), cancel: cancel}, ended
}

// config is that of a client with a token.
func (d *door) config(token string) *rest.Config {
	return &rest.Config{Host: "https://" + d.addr, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}
}

// client is an HTTP client for a configuration, closed with the test.
func (d *door) client(c *rest.Config) *http.Client {
	d.t.Helper()
	client, err := rest.HTTPClientFor(c)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(client.CloseIdleConnections)
	return client
}

// ask makes one call as the admin, and returns status and body.
func (d *door) ask(path string) (int, string) {
	d.t.Helper()
	return d.askAs(d.config("good"), http.MethodGet, path)
}

func (d *door) askAs(c *rest.Config, method, path string) (int, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, c.Host+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	answer, err := d.client(c).Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// authority signs certificates for tests.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = a.newKey()
	a.cert, a.pem = a.sign(template, template, &a.key.PublicKey, a.key)
	return a
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a *authority) sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, []byte) {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// issue makes a certificate for a name, and its key, both PEM.
func (a *authority) issue(name string, use x509.ExtKeyUsage) (cert, key []byte) {
	a.t.Helper()
	private := a.newKey()
	_, cert = a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, Organization: []string{"team"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{use},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, a.cert, &private.PublicKey, a.key)
	der, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
}

// publish is the config map in which a cluster says who signs its clients' certificates.
func (a *authority) publish() *v1.ConfigMap {
	return &v1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "extension-apiserver-authentication"},
		Data:       map[string]string{"client-ca-file": string(a.pem)},
	}
}

// files writes contents under names in a folder of the test, and returns their paths by name.
func files(t *testing.T, contents map[string][]byte) map[string]string {
	t.Helper()
	dir, paths := t.TempDir(), map[string]string{}
	for name := range maps.Keys(contents) {
		paths[name] = filepath.Join(dir, name)
		if err := os.WriteFile(paths[name], contents[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

// lines is a log of these lines.
func lines(text ...string) io.ReadCloser {
	return io.NopCloser(bytes.NewBufferString(strings.Join(text, "\n") + "\n"))
}

// safeBuffer is a buffer for many goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
