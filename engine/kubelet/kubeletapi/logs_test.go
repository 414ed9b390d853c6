package kubeletapi_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func TestLogOptionsReachTheProvider(t *testing.T) {
	var got kubelet.LogOptions
	var of kubelet.ContainerRef
	pod := webPod("web", "n1")
	pod.Status.ContainerStatuses[0].LastTerminationState.Terminated = &v1.ContainerStateTerminated{}
	d := open(t, func(o *kubeletapi.Options) {
		o.Clock, o.Pods = clock.Hold(noon), podSet{pod}
		o.Provider = &provider{logs: func(_ context.Context, c kubelet.ContainerRef, o kubelet.LogOptions) (io.ReadCloser, error) {
			of, got = c, o
			return lines("one", "two"), nil
		}}
	})
	for query, want := range map[string]kubelet.LogOptions{
		"":                                {},
		"tailLines=5":                     {Tail: new(5)},
		"tailLines=0":                     {Tail: new(0)},
		"tailLines=":                      {},
		"tailLines=99999999999":           {Tail: new(1<<31 - 1)},
		"tail=all&tailLines=7":            {},
		"tail=3":                          {Tail: new(3)},
		"sinceSeconds=90":                 {Since: noon.Add(-90 * time.Second)},
		"sinceTime=2026-01-31T11:00:00Z":  {Since: noon.Add(-time.Hour)},
		"sinceTime=null":                  {},
		"limitBytes=3":                    {LimitBytes: 3},
		"timestamps=true&previous=1":      {Timestamps: true, Previous: true},
		"follow=false&timestamps=FALSE":   {},
		"follow=0&previous=yes":           {Previous: true},
		"stream=All":                      {},
		"container=ignored&pretty=ignore": {},
	} {
		code, body := d.ask("/containerLogs/default/web/c?" + query)
		if d := cmp.Diff(want, got); d != "" || code != 200 {
			t.Errorf("%q: %d %s%s", query, code, body, d)
		}
		if text := map[bool]string{true: "one", false: "one\ntwo\n"}[got.LimitBytes == 3]; body != text {
			t.Errorf("%q: %q, want %q", query, body, text)
		}
		if want := (kubelet.ContainerRef{PodRef: kubelet.PodRef{Namespace: "default", Name: "web", UID: "uid-1"}, Container: "c"}); of != want {
			t.Errorf("%q: of %v", query, of)
		}
	}
}

func TestLogOptionsThatMakeNoSense(t *testing.T) {
	d := open(t, nil)
	for query, want := range map[string]struct {
		code int
		text string
	}{
		"tailLines=-1":                  {422, "tailLines is -1: it must be 0 or more"},
		"tailLines=x":                   {400, `tailLines is "x": it must be a whole number`},
		"sinceSeconds=0":                {422, "sinceSeconds is 0: it must be greater than 0"},
		"sinceSeconds=-9":               {422, "sinceSeconds is -9: it must be greater than 0"},
		"limitBytes=0":                  {422, "limitBytes is 0: it must be greater than 0"},
		"limitBytes=1.5":                {400, `limitBytes is "1.5": it must be a whole number`},
		"sinceTime=yesterday":           {400, `sinceTime is "yesterday": it must be a time such as 2026-01-31T12:00:00Z`},
		"stream=Stderr":                 {400, `stream is "Stderr": this kubelet has one stream for all, "All"`},
		"tailLines=9999999999999999999": {400, `tailLines is "9999999999999999999": it must be a whole number`},
		"sinceSeconds=5&sinceTime=2026-01-31T11:00:00Z": {422, "sinceSeconds and sinceTime: only one of them may be given"},
	} {
		if code, body := d.ask("/containerLogs/default/web/c?" + query); code != want.code || body != want.text+"\n" {
			t.Errorf("%q: %d %q, want %d %q", query, code, body, want.code, want.text)
		}
	}
}

func TestLogsThatThereAreNot(t *testing.T) {
	waiting := func(reason string) v1.ContainerStatus {
		return v1.ContainerStatus{Name: "c", State: v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: reason}}}
	}
	ended := v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: 1}}
	for name, c := range map[string]struct {
		phase    v1.PodPhase
		status   []v1.ContainerStatus
		previous bool
		want     string // "": there are
	}{
		"not started":              {"Pending", []v1.ContainerStatus{waiting("ContainerCreating")}, false, `container "c" in pod "web" is waiting to start: ContainerCreating`},
		"no image":                 {"Pending", []v1.ContainerStatus{waiting("ErrImagePull")}, false, `container "c" in pod "web" is waiting to start: image can't be pulled`},
		"no image, backing off":    {"Pending", []v1.ContainerStatus{waiting("ImagePullBackOff")}, false, `container "c" in pod "web" is waiting to start: trying and failing to pull image`},
		"no state":                 {"Pending", []v1.ContainerStatus{{Name: "c"}}, false, `container "c" in pod "web" is waiting to start: no logs yet`},
		"not listed":               {"Pending", nil, false, `container "c" in pod "web" is not available`},
		"not listed beside others": {"Running", []v1.ContainerStatus{{Name: "d"}}, false, `container "c" in pod "web" is not available`},
		"no previous":              {"Running", []v1.ContainerStatus{{Name: "c", State: ended}}, true, `previous terminated container "c" in pod "web" not found`},
		"a previous":               {"Running", []v1.ContainerStatus{{Name: "c", LastTerminationState: ended}}, true, ""},
		"waiting for the next run": {"Running", []v1.ContainerStatus{{Name: "c", LastTerminationState: ended}}, false, ""},
		"ended":                    {"Failed", []v1.ContainerStatus{{Name: "c", State: ended}}, false, ""},
		"a status without details": {"Running", nil, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pod := webPod("web", "n1")
			pod.Status = v1.PodStatus{Phase: c.phase, ContainerStatuses: c.status}
			d := open(t, func(o *kubeletapi.Options) {
				o.Pods = podSet{pod}
				o.Provider = &provider{logs: func(context.Context, kubelet.ContainerRef, kubelet.LogOptions) (io.ReadCloser, error) {
					return lines("x"), nil
				}}
			})
			code, body := d.ask(fmt.Sprintf("/containerLogs/default/web/c?previous=%v", c.previous))
			if c.want == "" && (code != 200 || body != "x\n") || c.want != "" && (code != 400 || body != c.want+"\n") {
				t.Errorf("%d %q, want %q", code, body, c.want)
			}
		})
	}
}

func TestInitAndEphemeralContainersHaveLogs(t *testing.T) {
	pod := webPod("web", "n1")
	running := v1.ContainerState{Running: &v1.ContainerStateRunning{}}
	pod.Spec.InitContainers = []v1.Container{{Name: "init"}}
	pod.Spec.EphemeralContainers = []v1.EphemeralContainer{{EphemeralContainerCommon: v1.EphemeralContainerCommon{Name: "debug"}}}
	pod.Status.InitContainerStatuses = []v1.ContainerStatus{{Name: "init", State: running}}
	pod.Status.EphemeralContainerStatuses = []v1.ContainerStatus{{Name: "debug", State: running}}
	d := open(t, func(o *kubeletapi.Options) {
		o.Pods = podSet{pod}
		o.Provider = &provider{logs: func(_ context.Context, c kubelet.ContainerRef, _ kubelet.LogOptions) (io.ReadCloser, error) {
			return lines("of " + c.Container), nil
		}}
	})
	for _, name := range []string{"init", "debug"} {
		if code, body := d.ask("/containerLogs/default/web/" + name); code != 200 || body != "of "+name+"\n" {
			t.Errorf("%s: %d %q", name, code, body)
		}
	}
}

func TestErrorsOfAProviderReachTheReaderOfLogs(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code int
		text string
	}{
		"not found":     {fmt.Errorf("run 3: %w", kubelet.ErrNotFound), 404, "read logs of default/web, container c: run 3: not found\n"},
		"not supported": {kubelet.ErrUnsupported, 501, "read logs of default/web, container c: not supported by this provider\n"},
		"broken script": {errors.New("flaky.lua:3: boom"), 500, "read logs of default/web, container c: flaky.lua:3: boom\n"},
	} {
		d := open(t, func(o *kubeletapi.Options) {
			o.Provider = &provider{logs: func(context.Context, kubelet.ContainerRef, kubelet.LogOptions) (io.ReadCloser, error) {
				return nil, c.err
			}}
		})
		if code, body := d.ask("/containerLogs/default/web/c"); code != c.code || body != c.text {
			t.Errorf("%s: %d %q", name, code, body)
		}
	}
}

func TestAProviderThatPanicsIsAnError(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) {
		o.Provider = &provider{logs: func(context.Context, kubelet.ContainerRef, kubelet.LogOptions) (io.ReadCloser, error) { panic("oh") }}
	})
	if code, body := d.ask("/containerLogs/default/web/c"); code != 500 || body != "the provider broke down: oh\n" {
		t.Errorf("%d %q", code, body)
	}
}

// followed is a server whose log is a pipe; the provider's context is handed over.
func followed(t *testing.T, set func(*kubeletapi.Options)) (d *door, log *io.PipeWriter, ctx <-chan context.Context) {
	t.Helper()
	r, w := io.Pipe()
	contexts := make(chan context.Context, 1)
	d = open(t, func(o *kubeletapi.Options) {
		o.Provider = &provider{logs: func(ctx context.Context, _ kubelet.ContainerRef, _ kubelet.LogOptions) (io.ReadCloser, error) {
			context.AfterFunc(ctx, func() { _ = r.CloseWithError(ctx.Err()) })
			contexts <- ctx
			return r, nil
		}}
		if set != nil {
			set(o)
		}
	})
	return d, w, contexts
}

// follow asks for the log, and returns what it gets to read and its type, once the headers have come.
func (d *door) follow(ctx context.Context) (body io.Reader, kind string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+d.addr+"/containerLogs/default/web/c?follow=true", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	answer, err := d.client(d.config("good")).Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK {
		d.t.Errorf("status %d", answer.StatusCode)
	}
	return answer.Body, answer.Header.Get("Content-Type")
}

func TestAFollowedLogArrivesAsItIsWrittenAndEndsWithTheRun(t *testing.T) {
	d, log, _ := followed(t, nil)
	body, kind := d.follow(t.Context()) // before anything was written
	if !strings.HasPrefix(kind, "text/plain") {
		t.Errorf("%q", kind)
	}
	in := bufio.NewReader(body)
	for _, line := range []string{"one\n", "two\n"} {
		if _, err := log.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if got, err := in.ReadString('\n'); got != line || err != nil {
			t.Errorf("%q, %v; want %q", got, err, line)
		}
	}
	_ = log.Close()
	if rest, err := io.ReadAll(in); len(rest) > 0 || err != nil {
		t.Errorf("then %q, %v", rest, err)
	}
}

func TestAFollowedLogEndsWhenItsReaderLeaves(t *testing.T) {
	d, _, contexts := followed(t, nil)
	ctx, leave := context.WithCancel(t.Context())
	d.follow(ctx)
	leave()
	<-(<-contexts).Done()
}

func TestAFollowedLogEndsWhenTheServerStops(t *testing.T) {
	d, _, contexts := followed(t, nil)
	body, _ := d.follow(t.Context())
	if err := d.stop(); err != nil {
		t.Error(err)
	}
	<-(<-contexts).Done()
	if _, err := io.ReadAll(body); err == nil {
		t.Error("the reader takes the log for complete")
	}
}

func TestALogThatBreaksOffIsNotTakenForComplete(t *testing.T) {
	d, log, _ := followed(t, nil)
	body, _ := d.follow(t.Context())
	_, _ = log.Write([]byte("half"))
	_ = log.CloseWithError(errors.New("disk gone"))
	if text, err := io.ReadAll(body); err == nil || string(text) != "half" {
		t.Errorf("%q, %v", text, err)
	}
}

func FuzzLogQuery(f *testing.F) {
	for _, seed := range []string{
		"", "tailLines=0", "tail=all", "sinceSeconds=9223372036854775807", "sinceSeconds=-9223372036854775808",
		"sinceTime=2026-01-31T11:00:00Z&sinceSeconds=1", "limitBytes=18446744073709551615", "follow=&follow=false", "stream=Stdout&tailLines=1", "%zz=1;",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			t.Skip()
		}
		o, err := kubeletapi.LogOptions(query, noon)
		if err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
		if err == nil && (o.LimitBytes < 0 || o.Tail != nil && *o.Tail < 0 || o.Since.After(noon) && query.Get("sinceTime") == "") {
			t.Errorf("%q: %+v", text, o)
		}
	})
}
