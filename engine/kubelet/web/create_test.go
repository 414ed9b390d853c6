package web_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/config"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/web"
)

// once lets the double handle a call and then spoils its answer, the first time only.
func (d *double) once(call string, spoil func(http.ResponseWriter)) {
	done := false
	d.before = func(w http.ResponseWriter, r *http.Request) bool {
		if done || !strings.HasSuffix(r.URL.Path, call) {
			return false
		}
		done = true
		d.set(func(d *double) { d.before = nil })
		d.calls = d.calls[:len(d.calls)-1] // ServeHTTP counts it again
		d.ServeHTTP(httptest.NewRecorder(), r)
		spoil(w)
		return true
	}
}

// A pod that a failed createPod left behind is not created again: several samples would have it twice.
func TestAPodIsNotCreatedTwice(t *testing.T) {
	t.Run("stored, then 500", func(t *testing.T) {
		d := &double{duplicates: true}
		d.once("createPod", func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) })
		p := d.start(t, nil)
		if err := p.CreatePod(t.Context(), pod("web", "1")); err != nil || len(d.names()) != 1 {
			t.Errorf("%v, pods %v", err, d.names())
		}
	})
	t.Run("stored, then the connection lost", func(t *testing.T) {
		d := &double{duplicates: true}
		d.once("createPod", func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
		p := d.start(t, nil)
		if err := p.CreatePod(t.Context(), pod("web", "1")); err == nil || !strings.Contains(err.Error(), "/createPod: EOF") {
			t.Errorf("first: %v", err)
		}
		if err := p.CreatePod(t.Context(), pod("web", "1")); err != nil || len(d.names()) != 1 {
			t.Errorf("then: %v, pods %v", err, d.names())
		}
	})
	t.Run("lost before it was stored", func(t *testing.T) {
		d := &double{}
		d.before = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				d.set(func(d *double) { d.before = nil })
				panic(http.ErrAbortHandler)
			}
			return false
		}
		p := d.start(t, nil)
		if err := p.CreatePod(t.Context(), pod("web", "1")); err == nil {
			t.Error("the first attempt succeeded")
		}
		if err := p.CreatePod(t.Context(), pod("web", "1")); err != nil || len(d.names()) != 1 {
			t.Errorf("then: %v, pods %v", err, d.names())
		}
	})
	t.Run("refused", func(t *testing.T) {
		d := &double{}
		d.before = func(w http.ResponseWriter, r *http.Request) bool {
			return r.Method == http.MethodPost && phrase("503 out of capacity")(w, r)
		}
		p := d.start(t, nil)
		for range 2 {
			err := p.CreatePod(t.Context(), pod("web", "1"))
			if err == nil || !strings.HasPrefix(err.Error(), "web provider: POST http://") || !strings.HasSuffix(err.Error(), "/createPod: 503 out of capacity") {
				t.Errorf("%v", err)
			}
		}
		if calls := d.seen(); calls != "POST /createPod, POST /createPod" {
			t.Errorf("calls: %s", calls)
		}
	})
}

// refusing counts connections and refuses the first ones.
type refusing struct {
	refuse, tries int
}

func (r *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	r.tries++
	if r.tries <= r.refuse {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	return http.DefaultTransport.RoundTrip(req)
}

// A web provider that restarts is waited for, shortly: the kubelet half waits longer.
func TestConnectionsAreTriedAgain(t *testing.T) {
	for refused, ok := range map[int]bool{0: true, 2: true, 3: false} {
		r := &refusing{refuse: refused}
		d := &double{missing: []string{"getPods"}}
		p := d.start(t, func(o *web.Options) { o.Transport = r })
		err := p.DeletePod(t.Context(), pod("web", "1"))
		if errors.Is(err, kubelet.ErrNotFound) != ok || !ok && (r.tries != 3 || !strings.Contains(err.Error(), "connection refused")) {
			t.Errorf("refused %d times: %v after %d", refused, err, r.tries)
		}
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// The process that created a pod is gone; its successor finds the pod at the web provider.
func TestASuccessorFindsThePods(t *testing.T) {
	for name, c := range map[string]struct {
		has, want v1.Pod
		calls     string
	}{
		"the same incarnation": {*pod("web", "1"), *pod("web", "1"), ""},
		"an older one":         {*pod("web", "0"), *pod("web", "1"), "DELETE /deletePod, POST /createPod"},
		"one without its UID":  {*pod("web", ""), *pod("web", "1"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := &double{pods: []*v1.Pod{c.has.DeepCopy()}}
			d.pods[0].Status = v1.PodStatus{Phase: v1.PodRunning}
			p := d.start(t, nil)
			if err := p.CreatePod(t.Context(), &c.want); err != nil || d.seen() != c.calls {
				t.Errorf("%v, %s", err, d.seen())
			}
			if got := statusOf(t, p, kubelet.RefTo(&c.want)); got != "Running 1/1 Ready=True" {
				t.Error(got)
			}
		})
	}
}

// An adopted pod goes on where Kubernetes saw it last.
func TestAnAdoptedPodGoesOn(t *testing.T) {
	d := &double{pods: []*v1.Pod{pod("web", ""), pod("db", "0")}, statusOf: func(*v1.Pod) any { return `{"phase":"Running"}` }}
	p := d.start(t, nil)
	start := metav1.Unix(1e9, 0)
	one := pod("web", "1")
	one.Status = v1.PodStatus{
		Phase: v1.PodRunning, StartTime: &start, ContainerStatuses: []v1.ContainerStatus{{Name: "app", RestartCount: 7}},
		Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: start}},
	}
	for _, adopted := range []*v1.Pod{one, pod("db", "1"), pod("gone", "1")} {
		if err := p.AdoptPod(t.Context(), adopted); err != nil {
			t.Fatal(err)
		}
	}
	s, err := p.PodStatus(t.Context(), kubelet.RefTo(one))
	if err != nil || *s.StartTime != start || s.ContainerStatuses[0].RestartCount != 7 {
		t.Fatalf("%+v, %v", s, err)
	}
	for _, c := range s.Conditions {
		if c.Type == v1.PodReady && c.LastTransitionTime != start {
			t.Errorf("ready since %v", c.LastTransitionTime)
		}
	}
	again, _ := p.PodStatus(t.Context(), kubelet.RefTo(one))
	if again != s {
		t.Error("the same status is another one")
	}
	if got := statusOf(t, p, kubelet.PodRef{Namespace: "default", Name: "db", UID: "1"}); got != "not found" {
		t.Errorf("of another incarnation: %s", got)
	}
	d.set(func(d *double) { d.statusOf = nil })
	if got := statusOf(t, p, kubelet.PodRef{Namespace: "default", Name: "gone", UID: "1"}); got != "not found" {
		t.Errorf("one that is gone: %s", got)
	}
}

func TestALostPodIsNotFoundAndCanBeCreatedAgain(t *testing.T) {
	d := &double{}
	p := d.start(t, nil)
	one := pod("web", "1")
	if err := p.CreatePod(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	d.set(func(d *double) { d.pods = nil })
	if got := statusOf(t, p, kubelet.RefTo(one)); got != "not found" {
		t.Errorf("lost: %s", got)
	}
	if err := p.UpdatePod(t.Context(), one); !errors.Is(err, kubelet.ErrNotFound) {
		t.Errorf("update: %v", err)
	}
	d.seen()
	if err := p.CreatePod(t.Context(), one); err != nil || d.seen() != "POST /createPod" {
		t.Errorf("again: %v", err)
	}
}

// Deleting what is not surely meant would be worse than leaving it.
func TestPodsWithoutIdentityAreLeftAlone(t *testing.T) {
	list := `[null, {"metadata":{"name":"a","namespace":"x","uid":"1"},"status":{"containerStatuses":[{"restartCount":"1"}]}},
		{"metadata":{"name":"b"}}, {"metadata":{"namespace":"x"}}, {"metadata":{"name":"a","namespace":"x","uid":"1"}}, {"metadata":{"name":"c","namespace":"x"}}]`
	d := &double{before: func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = w.Write([]byte(list))
		return true
	}}
	all, err := d.start(t, nil).Pods(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "a" || all[0].UID != "1" || all[1].Name != "c" {
		t.Errorf("%v, %v", all, err)
	}
}

func TestPathQueryAndUserAreKept(t *testing.T) {
	d := &double{}
	var header, target string
	d.before = func(_ http.ResponseWriter, r *http.Request) bool {
		header, target = r.Header.Get("Authorization"), r.RequestURI
		return false
	}
	p := d.start(t, func(o *web.Options) {
		o.URL = strings.Replace(o.URL, "http://", "http://user:pa%40ss@", 1) + "/prefix/?token=abc"
	})
	if _, err := p.DescribeNode(t.Context(), "n"); err != nil || header != "Basic dXNlcjpwYUBzcw==" || target != "/prefix/nodeAddresses?token=abc" {
		t.Errorf("%s %s %v", header, target, err)
	}
}

func TestTheProviderIsMadeFromItsRegistration(t *testing.T) {
	d := &double{}
	srv := httptest.NewServer(d)
	defer srv.Close()
	r := web.Registration()
	for url, want := range map[string]string{srv.URL: "", "": "no URL"} {
		store, err := config.Open(config.Options{Env: func() []string { return []string{"WEB_ENDPOINT_URL=" + url, "MOONLET_STATE=memory"} }})
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.New(t.Context(), kubelet.Setup{Config: store, Nodes: []string{"n"}, NodeIP: "10.1.1.1"})
		if want != "" {
			if err == nil || p != nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", url, err)
			}
			continue
		}
		if err != nil || r.Name != "web" || !r.ResolveEnv {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := p.CreatePod(t.Context(), pod("web", "1")); err != nil {
			t.Error(err)
		}
		if s, err := p.PodStatus(t.Context(), kubelet.RefTo(pod("web", "1"))); err != nil || s.HostIP != "10.1.1.1" {
			t.Errorf("%+v, %v", s, err)
		}
		_ = p.(io.Closer).Close()
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	for url, want := range map[string]string{
		"":                   "web provider: no URL: set web.url (WEB_ENDPOINT_URL) to where it answers, such as http://127.0.0.1:3000",
		"127.0.0.1:3000":     `web provider: provider URL "127.0.0.1:3000": want one like http://127.0.0.1:3000`,
		"https://h/":         "web provider: authorities for the provider: open none.pem: no such file or directory",
		"ftp://u:secret@h/x": `web provider: provider URL "ftp://u:xxxxx@h/x": want one like http://127.0.0.1:3000`,
	} {
		if _, err := web.New(t.Context(), web.Options{URL: url, CAFile: "none.pem"}); err == nil || err.Error() != want {
			t.Errorf("%q: %v", url, err)
		}
	}
}
