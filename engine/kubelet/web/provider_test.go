package web_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pod(name string, uid types.UID) *v1.Pod {
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: uid, Labels: map[string]string{"app": name}}}
	p.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	p.Spec.RestartPolicy = v1.RestartPolicyAlways
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1", Env: []v1.EnvVar{{Name: "PASSWORD", Value: "secret"}}}}
	p.Status = v1.PodStatus{
		Phase: v1.PodPending, QOSClass: v1.PodQOSBestEffort, Reason: "ProviderFailed", Message: "earlier",
		Conditions: []v1.PodCondition{{Type: v1.PodScheduled, Status: v1.ConditionTrue}, {Type: v1.PodReady, Status: v1.ConditionFalse}},
	}
	return p
}

// statusOf asks for a status and puts it in one line.
func statusOf(t *testing.T, p *web.Provider, ref kubelet.PodRef) string {
	t.Helper()
	s, err := p.PodStatus(t.Context(), ref)
	if err != nil {
		return err.Error()
	}
	ready := 0
	for _, c := range s.ContainerStatuses {
		if c.Ready {
			ready++
		}
	}
	condition := "?"
	for _, c := range s.Conditions {
		if c.Type == v1.PodReady {
			condition = string(c.Status)
		}
	}
	return fmt.Sprintf("%s %d/%d Ready=%s", s.Phase, ready, len(s.ContainerStatuses), condition)
}

// A pod lives behind each of the samples as it does behind a provider that keeps to the protocol.
func TestAPodLivesBehindEverySample(t *testing.T) {
	running := map[string]string{ // where it is another than that of the protocol
		"statusless":        "Pending 0/1 Ready=False",
		"null for a status": "Pending 0/1 Ready=False",
	}
	update := map[string]string{
		"Express": "PUT /updatePod, POST /updatePod", "C# of an earlier day": "PUT /updatePod, POST /updatePod",
		"Flask": "PUT /updatePod, POST /updatePod",
	}
	remembered := map[string]string{"Express": "POST /updatePod", "C# of an earlier day": "POST /updatePod", "Flask": "PUT /updatePod, POST /updatePod"}
	logs := map[string]string{"Rust sample": "get_container_logs() - tail: 2"}
	for name, d := range samples() {
		t.Run(name, func(t *testing.T) {
			p := d.start(t, nil)
			expect := func(what, got, want string, others map[string]string) {
				t.Helper()
				if other, ok := others[name]; ok {
					want = other
				}
				if got != want {
					t.Errorf("%s: got %q, want %q", what, got, want)
				}
			}
			none := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			web1, web2 := pod("web", "1"), pod("web", "2")
			expect("before", statusOf(t, p, kubelet.RefTo(web1)), "not found", nil)
			none(p.CreatePod(t.Context(), web1))
			none(p.CreatePod(t.Context(), web1))
			expect("created twice", d.seen(), "POST /createPod", nil)
			expect("running", statusOf(t, p, kubelet.RefTo(web1)), "Running 1/1 Ready=True", running)
			none(p.UpdatePod(t.Context(), web1))
			expect("updated", d.seen(), "PUT /updatePod", update)
			none(p.UpdatePod(t.Context(), web1))
			expect("updated again", d.seen(), "PUT /updatePod", remembered)
			expect("still running", statusOf(t, p, kubelet.RefTo(web1)), "Running 1/1 Ready=True", running)
			two := 2
			log, err := p.Logs(t.Context(), kubelet.ContainerRef{PodRef: kubelet.RefTo(web1)}, kubelet.LogOptions{Tail: &two})
			none(err)
			text, _ := io.ReadAll(log)
			expect("log", string(text), "two\nthree\n", logs)

			expect("the next incarnation", statusOf(t, p, kubelet.RefTo(web2)), "not found", nil)
			none(p.CreatePod(t.Context(), web2))
			expect("replaced", d.seen(), "DELETE /deletePod, POST /createPod", map[string]string{"C# of an earlier day": "DELETE /deletePod, POST /deletePod, POST /createPod"})
			if n := len(d.names()); n != 1 {
				t.Errorf("it has %d pods", n)
			}
			if err := p.DeletePod(t.Context(), web1); !errors.Is(err, kubelet.ErrNotFound) || d.seen() != "" {
				t.Errorf("delete of the incarnation that is gone: %v", err)
			}
			none(p.DeletePod(t.Context(), web2))
			expect("deleted", d.seen(), "DELETE /deletePod", map[string]string{"C# of an earlier day": "POST /deletePod"})
			expect("after", statusOf(t, p, kubelet.RefTo(web2)), "not found", nil)
			if s, err := p.DescribeNode(t.Context(), "n"); err != nil || s.Conditions[0].Status != v1.ConditionTrue || s.Capacity.Cpu().IsZero() {
				t.Errorf("node: %+v, %v", s, err)
			}
		})
	}
}

// What is sent is what the old kubelet sent: no managed fields, and no trace of earlier failures that providers keep.
func TestAPodIsSentAsItWasBound(t *testing.T) {
	d := &double{}
	p := d.start(t, nil)
	if err := p.CreatePod(t.Context(), pod("web", "1")); err != nil {
		t.Fatal(err)
	}
	want := `{"metadata":{"name":"web","namespace":"default","uid":"1","labels":{"app":"web"}},"spec":{"containers":[{"name":"app","image":"app:1","env":[{"name":"PASSWORD","value":"secret"}],"resources":{}}],"restartPolicy":"Always"},` +
		`"status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":null}],"qosClass":"BestEffort"}}`
	if diff := cmp.Diff(want, d.body); diff != "" {
		t.Error(diff)
	}
	d.pods[0].Status = v1.PodStatus{Phase: v1.PodRunning, PodIP: "10.0.0.1"}
	if err := p.UpdatePod(t.Context(), pod("web", "1")); err != nil || !strings.HasSuffix(d.body, `"status":{"phase":"Running","podIP":"10.0.0.1"}}`) {
		t.Errorf("updated with the status that the provider has: %v, %s", err, d.body)
	}
	gone := pod("web", "1")
	gone.DeletionTimestamp, gone.DeletionGracePeriodSeconds = &metav1.Time{Time: time.Unix(0, 0).UTC()}, new(int64(7))
	if err := p.DeletePod(t.Context(), gone); err != nil || !strings.Contains(d.body, `"deletionTimestamp":"1970-01-01T00:00:00Z","deletionGracePeriodSeconds":7,`) {
		t.Errorf("deleted: %v, %s", err, d.body)
	}
}

// errorsOf makes every call and says how each ended.
func errorsOf(t *testing.T, p *web.Provider) map[string]error {
	t.Helper()
	one := pod("web", "1")
	all := map[string]error{"createPod": p.CreatePod(t.Context(), one)}
	all["updatePod"] = p.UpdatePod(t.Context(), one)
	all["deletePod"] = p.DeletePod(t.Context(), one)
	_, all["getPodStatus"] = p.PodStatus(t.Context(), kubelet.RefTo(one))
	_, all["getPods"] = p.Pods(t.Context())
	_, all["getContainerLogs"] = p.Logs(t.Context(), kubelet.ContainerRef{PodRef: kubelet.RefTo(one), Container: "app"}, kubelet.LogOptions{})
	_, all["node"] = p.DescribeNode(t.Context(), "n")
	return all
}

func always(code int, kind, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// Whatever a provider answers, nothing panics, the node says what is wrong, and all is well as soon as the provider is.
func TestBadAnswersAreErrorsUntilTheyStop(t *testing.T) {
	page := "<!DOCTYPE html><title>It works!</title>"
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request) bool
		node   string
	}{
		"HTML":           {always(200, "text/html", page), "web provider: GET URL/capacity: answered 200 OK with HTML instead of JSON: " + page},
		"500":            {always(500, "text/plain", "database is down\nat db.go:1"), "web provider: GET URL/capacity: 500 Internal Server Error: database is down"},
		"404":            {always(404, "", ""), "web provider: GET URL/capacity: 404 Not Found"},
		"wrong JSON":     {always(200, "application/json", `{"cpu":`), "web provider: GET URL/capacity: the answer does not decode: unexpected end of JSON input"},
		"wrong types":    {always(200, "application/json", `["x"]`), "web provider: GET URL/capacity: the answer does not decode: json: cannot unmarshal array into Go value of type v1.ResourceList"},
		"empty":          {always(200, "", ""), "web provider: GET URL/capacity: answered 200 OK with an empty body instead of JSON"},
		"no content":     {always(204, "", ""), "web provider: GET URL/capacity: answered 204 No Content with an empty body instead of JSON"},
		"bad quantity":   {always(200, "", `{"cpu":"lots"}`), "web provider: GET URL/capacity: the answer does not decode: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
		"10 MB of junk":  {always(200, "", strings.Repeat("x", 10<<20)), "web provider: GET URL/capacity: the answer does not decode: invalid character 'x' looking for beginning of value"},
		"moved":          {always(301, "", ""), "web provider: GET URL/capacity: 301 Moved Permanently"},
		"an own phrase":  {phrase("503 out of capacity"), "web provider: GET URL/capacity: 503 out of capacity"},
		"no HTTP at all": {phrase(""), ""},
		"closing":        {func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }, "web provider: GET URL/capacity: EOF"},
		"cut": {func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "[")
			return true
		}, "web provider: GET URL/capacity: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, url, held := &double{before: c.answer}, "", clock.Hold(time.Unix(1e9, 0))
			p := d.start(t, func(o *web.Options) {
				url, o.Clock = o.URL, held
			})
			for call, err := range errorsOf(t, p) {
				if text := fmt.Sprint(err); strings.Contains(text, "secret") || len(text) > 600 {
					t.Errorf("%s: %v", call, err)
				}
			}
			_, err := p.DescribeNode(t.Context(), "n")
			if err == nil || c.node != "" && strings.ReplaceAll(err.Error(), url, "URL") != c.node {
				t.Errorf("the node says %v\nwant %s", err, c.node)
			}
			d.set(func(d *double) { d.before = nil })
			recovered(t, p)
			held.Set(held.Now().Add(time.Second)) // the node is asked again once a second
			if s, err := p.DescribeNode(t.Context(), "n"); err != nil || s.Capacity.Cpu().String() != "20" {
				t.Errorf("the node after it recovered: %+v, %v", s, err)
			}
		})
	}
}

func TestAProviderThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &double{before: func(_ http.ResponseWriter, r *http.Request) bool {
			<-r.Context().Done()
			return true
		}}
		p, err := web.New(t.Context(), web.Options{URL: "http://provider", Transport: &direct{handler: d}})
		if err != nil {
			t.Fatal(err)
		}
		for call, err := range errorsOf(t, p) {
			if err == nil || !strings.HasSuffix(err.Error(), ": no answer within 10s") {
				t.Errorf("%s: %v", call, err)
			}
		}
		if took := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); took != 70*time.Second {
			t.Errorf("seven calls took %v", took)
		}
		d.set(func(d *double) { d.before = nil })
		recovered(t, p)
	})
}

// recovered does as the kubelet half does with a pod that never ran: it creates it until it is there. An answer of 200
// while the provider was out of its mind was believed once.
func recovered(t *testing.T, p *web.Provider) {
	t.Helper()
	one, got := pod("web", "1"), ""
	for range 2 {
		if err := p.CreatePod(t.Context(), one); err != nil {
			t.Fatalf("after it recovered: %v", err)
		}
		if got = statusOf(t, p, kubelet.RefTo(one)); got == "Running 1/1 Ready=True" {
			return
		}
	}
	t.Errorf("after it recovered: %s", got)
}

// phrase answers with a status line, or with something that is none.
func phrase(line string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		c, out, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer c.Close()
		if line == "" {
			_, _ = io.WriteString(out, "SSH-2.0-OpenSSH_9.6\r\n")
		} else {
			_, _ = fmt.Fprintf(out, "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", line)
		}
		_ = out.Flush()
		return true
	}
}
