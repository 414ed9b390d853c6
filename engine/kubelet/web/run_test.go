package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/web"
)

// direct calls a handler without a network, which synctest can see through. Streams come from a pipe.
type direct struct {
	handler http.Handler

	mu     sync.Mutex
	stream *io.PipeWriter // the Moonlet's events; nil: it is not listened to
	last   []string       // the Last-Event-Id of each stream
	events bool           // it is a Moonlet
}

func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	events := d.events
	d.mu.Unlock()
	if r.URL.Path == "/api/v1/events" {
		return d.open(r, events), nil
	}
	w := httptest.NewRecorder()
	if events {
		w.Header().Set("X-Moonlet-Generation", "1")
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	d.handler.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func (d *direct) open(r *http.Request, events bool) *http.Response {
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Request: r}
	if !events {
		resp.StatusCode, resp.Body = http.StatusNotFound, http.NoBody
		return resp
	}
	in, out := io.Pipe()
	context.AfterFunc(r.Context(), func() { _ = out.CloseWithError(r.Context().Err()) })
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stream, d.last, resp.Body = out, append(d.last, r.Header.Get("Last-Event-Id")), in
	return resp
}

func (d *direct) tell(text string) {
	d.mu.Lock()
	stream := d.stream
	d.mu.Unlock()
	_, _ = io.WriteString(stream, text)
	synctest.Wait()
}

// watching is a provider under way in a bubble, with what it told.
type watching struct {
	*web.Provider
	mu    sync.Mutex
	told  []string
	start time.Time
}

func watch(t *testing.T, d *direct) *watching {
	t.Helper()
	p, err := web.New(t.Context(), web.Options{URL: "http://provider", Transport: d})
	if err != nil {
		t.Fatal(err)
	}
	w := &watching{Provider: p, start: time.Now()}
	note := func(text string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.told = append(w.told, fmt.Sprintf("%v %s", time.Since(w.start), text))
	}
	p.Notify(func(ref kubelet.PodRef) { note(ref.Name + "/" + string(ref.UID)) })
	p.WatchNodes(func(node string) { note("node" + node) })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	synctest.Wait() // it has looked for the first time, at nothing
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return w
}

// since is what was told since the last time, sorted.
func (w *watching) since() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	told := slices.Sorted(slices.Values(w.told))
	w.told = nil
	return told
}

// expect compares what was told since the last time.
func (w *watching) expect(t *testing.T, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.since()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestPodsAreLookedAtEverySoOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &double{}
		w := watch(t, &direct{handler: backend})
		for _, name := range []string{"web", "done"} {
			if err := w.CreatePod(t.Context(), pod(name, "1")); err != nil {
				t.Fatal(err)
			}
		}
		w.expect(t, "created")
		backend.set(func(d *double) { d.pods[1].Status = v1.PodStatus{Phase: v1.PodSucceeded} })
		if _, err := w.PodStatus(t.Context(), kubelet.PodRef{Namespace: "default", Name: "done", UID: "1"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		w.expect(t, "polled: what has ended is not", "10s web/1", "5s web/1")
		if err := w.DeletePod(t.Context(), pod("web", "1")); err != nil {
			t.Fatal(err)
		}
		w.expect(t, "deleted", "10s web/1")
		if got := statusOf(t, w.Provider, kubelet.PodRef{Namespace: "default", Name: "web", UID: "1"}); got != "not found" {
			t.Error(got)
		}
		time.Sleep(10 * time.Second)
		w.expect(t, "nothing is left to look at")
	})
}

func TestAMoonletIsListenedTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &direct{handler: &double{}, events: true}
		w := watch(t, d)
		if err := w.CreatePod(t.Context(), pod("web", "1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		w.expect(t, "the stream opens: all may have changed", "5s node", "5s web/1")
		d.tell(": moonlet\n\nid: 7\nevent: pod.changed\ndata: {\"sequence\":7,\"type\":\"pod.changed\",\"pod\":{\"namespace\":\"default\",\"name\":\"web\",\"uid\":\"1\"}}\n\n")
		d.tell("event: node.changed\ndata: {\"type\":\"node.changed\"}\n\nevent: param.set\ndata: {\"sequence\":0,\"type\":\"param.set\"}\n\n")
		w.expect(t, "events", "5s node", "5s node", "5s web/1")
		d.tell("event: resync\ndata: {}\n\n")
		w.expect(t, "resync", "5s node", "5s web/1")
		for range 8 {
			time.Sleep(15 * time.Second)
			d.tell(": heartbeat\n\n")
		}
		w.expect(t, "two minutes of silence: nobody polls")
		d.tell("id: 9\nevent: pod.changed\ndata: {\"sequence\":9,\"type\":\"pod.changed\",\"pod\":{\"namespace\":\"default\",\"name\":\"web\",\"uid\":\"1\"}}\n\nevent: bye\ndata: {}\n\n")
		w.since()
		_ = d.stream.Close()
		w.expect(t, "it breaks: look", "2m5s web/1")
		time.Sleep(5 * time.Second)
		d.tell("")
		w.expect(t, "it goes on where it was")
		if diff := cmp.Diff([]string{"", "9"}, d.last); diff != "" {
			t.Error(diff)
		}
		time.Sleep(46 * time.Second)
		w.expect(t, "a stream that says nothing at all is left", "2m55s web/1")
	})
}

// A provider that is no Moonlet is never asked for events; one that becomes another is found out by its answers.
func TestOnlyAMoonletIsAskedForEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &double{}
		d := &direct{handler: backend, events: true}
		w := watch(t, d)
		if err := w.CreatePod(t.Context(), pod("web", "1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		w.since()
		d.mu.Lock()
		d.events = false
		d.mu.Unlock()
		_ = d.stream.Close()
		w.expect(t, "it stops", "5s web/1")
		time.Sleep(5 * time.Second)
		w.expect(t, "it has no events any more", "10s web/1")
		if got := statusOf(t, w.Provider, kubelet.PodRef{Namespace: "default", Name: "web", UID: "1"}); got != "Running 1/1 Ready=True" {
			t.Error(got)
		}
		time.Sleep(10 * time.Second)
		w.expect(t, "polled", "15s web/1", "20s web/1")
		if len(d.last) != 1 {
			t.Errorf("it was asked for events %d times", len(d.last))
		}
	})
}

func TestNothingIsToldOfBrokenEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &direct{handler: &double{}, events: true}
		w := watch(t, d)
		if err := w.CreatePod(t.Context(), pod("web", "1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		w.since()
		d.tell("data: {\"type\":\"pod.changed\"}\n\ndata: {\"type\":\"other\"}\n\n")
		w.expect(t, "of nobody")
		d.tell("data: {\"type\":\n\n")
		w.expect(t, "not JSON: the stream is opened anew, and all looked at", "5s web/1")
	})
}

func TestLogsThatTheProtocolKnows(t *testing.T) {
	n := func(n int) *int { return &n }
	d := &double{logOf: func(tail string) string { return "one\ntwo\ntail=" + tail + "\n" }}
	p := d.start(t, nil)
	for name, c := range map[string]struct {
		o    kubelet.LogOptions
		want string
	}{
		"all":          {kubelet.LogOptions{}, "one\ntwo\ntail=\n"},
		"the last two": {kubelet.LogOptions{Tail: n(2)}, "two\ntail=2\n"},
		"none":         {kubelet.LogOptions{Tail: n(0)}, ""},
		"negative":     {kubelet.LogOptions{Tail: n(-1)}, "one\ntwo\ntail=-1\n"},
		"five bytes":   {kubelet.LogOptions{LimitBytes: 5}, "one\nt"},
	} {
		log, err := p.Logs(t.Context(), kubelet.ContainerRef{PodRef: kubelet.PodRef{Namespace: "default", Name: "web"}, Container: "app"}, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(log); string(text) != c.want || err != nil || log.Close() != nil {
			t.Errorf("%s: got %q, %v, want %q", name, text, err, c.want)
		}
	}
	for want, o := range map[string]kubelet.LogOptions{
		"timestamps (--timestamps)":           {Timestamps: true},
		"a beginning (--since, --since-time)": {Since: time.Unix(1, 0)},
		"the run before (--previous)":         {Previous: true},
	} {
		_, err := p.Logs(t.Context(), kubelet.ContainerRef{}, o)
		if !errors.Is(err, kubelet.ErrUnsupported) || err.Error() != "the web-provider API cannot ask for logs with "+want+": not supported by this provider" {
			t.Errorf("%v", err)
		}
	}
	d.logOf = nil
	if _, err := p.Logs(t.Context(), kubelet.ContainerRef{PodRef: kubelet.PodRef{Namespace: "default", Name: "web"}}, kubelet.LogOptions{}); !errors.Is(err, kubelet.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

// following reads a log until it ends, in a goroutine.
func following(t *testing.T, p *web.Provider, o kubelet.LogOptions) (read func() string, ended func() error, log io.Closer) {
	t.Helper()
	o.Follow = true
	in, err := p.Logs(t.Context(), kubelet.ContainerRef{PodRef: kubelet.PodRef{Namespace: "default", Name: "web", UID: "1"}}, o)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var text strings.Builder
	end := make(chan error, 1)
	go func() {
		buf := make([]byte, 3)
		for {
			n, err := in.Read(buf)
			mu.Lock()
			text.Write(buf[:n])
			mu.Unlock()
			if err != nil {
				end <- err
				return
			}
		}
	}()
	read = func() string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		defer text.Reset()
		return text.String()
	}
	return read, func() error { return <-end }, in
}

func TestALogIsFollowedByLookingAgain(t *testing.T) {
	for name, c := range map[string]struct {
		end  string // the status that ends it
		want string // what is read after it
	}{
		"until the pod ends":            {`{"phase":"Failed"}`, "last\n"},
		"until the run ends":            {`{"phase":"Running","containerStatuses":[{"name":"app","state":{"terminated":{"exitCode":1}}}]}`, "last\n"},
		"until the container restarted": {`{"phase":"Running","containerStatuses":[{"name":"app","restartCount":1,"state":{"running":{}}}]}`, "last\n"},
		"until the pod is gone":         {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := "one\ntwo\n"
				backend := &double{logOf: func(string) string { return log }}
				status := `{"phase":"Running","containerStatuses":[{"name":"app","state":{"running":{}}}]}`
				backend.statusOf = func(*v1.Pod) any { return status }
				w := watch(t, &direct{handler: backend})
				if err := w.CreatePod(t.Context(), pod("web", "1")); err != nil {
					t.Fatal(err)
				}
				tail := 1
				read, ended, _ := following(t, w.Provider, kubelet.LogOptions{Tail: &tail})
				if got := read(); got != "two\n" {
					t.Errorf("at first: %q", got)
				}
				backend.set(func(*double) { log += "three\nfo" })
				time.Sleep(time.Second)
				if got := read(); got != "three\nfo" {
					t.Errorf("after a second: %q", got)
				}
				backend.set(func(d *double) { d.before = always(500, "", "") })
				time.Sleep(10 * time.Second)
				if got := read(); got != "" {
					t.Errorf("while it is down: %q", got)
				}
				backend.set(func(d *double) { d.before, log = nil, log+"ur\n" })
				time.Sleep(time.Second)
				if got := read(); got != "ur\n" {
					t.Errorf("the rest of the line: %q", got)
				}
				backend.set(func(d *double) {
					log, status = log+"last\n", c.end
					if c.end == "" {
						d.pods, d.logOf = nil, nil
					}
				})
				if err := ended(); !errors.Is(err, io.EOF) || read() != c.want {
					t.Errorf("at the end: %v", err)
				}
			})
		})
	}
}

func TestAFollowerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, &direct{handler: &double{logOf: func(string) string { return "" }}})
		read, ended, log := following(t, w.Provider, kubelet.LogOptions{LimitBytes: 100})
		time.Sleep(time.Minute)
		read()
		if err := errors.Join(log.Close(), ended()); !errors.Is(err, context.Canceled) && !errors.Is(err, io.EOF) {
			t.Errorf("closed: %v", err)
		}
	})
}
