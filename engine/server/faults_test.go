package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/server"
)

// requests has each of the ten calls once, against a server that holds default/web.
var requests = []struct{ call, method, target, body string }{
	{api.CreatePod, "POST", "/createPod", strings.ReplaceAll(web, "web", "new")},
	{api.UpdatePod, "PUT", "/updatePod", web},
	{api.GetPod, "GET", "/getPod?namespace=default&name=web", ""},
	{api.GetPodStatus, "GET", "/getPodStatus?namespace=default&name=web", ""},
	{api.GetPods, "GET", "/getPods", ""},
	{api.GetContainerLogs, "GET", "/getContainerLogs?namespace=default&podName=web&containerName=nginx&tail=3", ""},
	{api.Capacity, "GET", "/capacity", ""},
	{api.NodeConditions, "GET", "/nodeConditions", ""},
	{api.NodeAddresses, "GET", "/nodeAddresses", ""},
	{api.DeletePod, "DELETE", "/deletePod", web},
}

// raw sends a request over a real connection and gives all bytes that come back until it is closed.
func raw(t *testing.T, s http.Handler, method, target, body string) string {
	t.Helper()
	srv := httptest.NewServer(s)
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r, err := http.NewRequest(method, srv.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return string(all)
}

// parse reads raw bytes as an answer; an error is about its body, of which the answer has what came.
func parse(t *testing.T, all string) (answer, error) {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(all)), nil)
	if err != nil {
		t.Fatalf("%v: %q", err, all)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return answer{r.StatusCode, r.Status, r.Header, string(b)}, err
}

// A fault is served on the call that it is asked for, each of the ten, and on no other.
func TestAnErrorIsServedWhereAsked(t *testing.T) {
	for _, hit := range requests {
		s, f := withWeb(t)
		f.strikes(fault.Fault{Code: 503, Message: "out of capacity"}, hit.call)
		for _, c := range requests {
			line, _, _ := strings.Cut(raw(t, s, c.method, c.target, c.body), "\r\n")
			want := "HTTP/1.1 200 OK"
			if c.call == hit.call {
				want = "HTTP/1.1 503 out of capacity"
			}
			if line != want {
				t.Errorf("fault on %s: %s answers %q, want %q", hit.call, c.call, line, want)
			}
		}
	}
}

func TestAStruckCallIsNotHandled(t *testing.T) {
	f := newFake().strikes(fault.Fault{Code: 503}, api.CreatePod)
	if r := do(newServer(f), "POST", "/createPod", web); r.StatusCode != http.StatusServiceUnavailable || len(f.pods) != 0 {
		t.Errorf("%s, %d pods", r.Status, len(f.pods))
	}
}

func TestTheFaultIsToldWhatIsAsked(t *testing.T) {
	f := newFake()
	s := newServer(f)
	do(s, "POST", "/createPod", web)
	all := []string{}
	for _, c := range requests {
		all = append(all, c.call)
	}
	f.strikes(fault.Fault{}, all...)
	for _, c := range requests {
		do(s, c.method, c.target, c.body)
	}
	three := 3
	want := []api.Call{
		{Name: api.CreatePod, Namespace: "default", Pod: "new"},
		{Name: api.UpdatePod, Namespace: "default", Pod: "web"},
		{Name: api.GetPod, Namespace: "default", Pod: "web"},
		{Name: api.GetPodStatus, Namespace: "default", Pod: "web"},
		{Name: api.GetPods},
		{Name: api.GetContainerLogs, Namespace: "default", Pod: "web", Container: "nginx", Tail: &three},
		{Name: api.Capacity},
		{Name: api.NodeConditions},
		{Name: api.NodeAddresses},
		{Name: api.DeletePod, Namespace: "default", Pod: "web"},
	}
	if diff := cmp.Diff(want, f.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestTheReasonTravelsInTheStatusLine(t *testing.T) {
	for name, c := range map[string]struct {
		fault      fault.Fault
		line, body string
	}{
		"a message":           {fault.Fault{Code: 503, Message: "out of capacity"}, "503 out of capacity", "out of capacity\n"},
		"no message":          {fault.Fault{Code: 503}, "503 Service Unavailable", "Service Unavailable\n"},
		"404 stays 404":       {fault.Fault{Code: 404, Message: "no such thing"}, "404 Not Found", "no such thing\n"},
		"several lines":       {fault.Fault{Code: 500, Message: "one\r\nX-Evil: 1\r\n\r\ntwo"}, "500 one", "one\r\nX-Evil: 1\r\n\r\ntwo\n"},
		"a carriage return":   {fault.Fault{Code: 500, Message: "one\rtwo"}, "500 one?two", "one\rtwo\n"},
		"not ASCII":           {fault.Fault{Code: 500, Message: "größer"}, "500 gr??er", "größer\n"},
		"long":                {fault.Fault{Code: 500, Message: strings.Repeat("x", 300)}, "500 " + strings.Repeat("x", 100), strings.Repeat("x", 300) + "\n"},
		"a code of its own":   {fault.Fault{Code: 599, Message: "odd"}, "599 odd", "odd\n"},
		"a code that is none": {fault.Fault{Code: 7, Message: "odd"}, "500 odd", "odd\n"},
	} {
		t.Run(name, func(t *testing.T) {
			all := raw(t, newServer(newFake().strikes(c.fault, api.Capacity)), "GET", "/capacity", "")
			r, err := parse(t, all)
			if r.Status != c.line || r.Body != c.body || err != nil {
				t.Errorf("%q, %q, %v\nwant %q, %q", r.Status, r.Body, err, c.line, c.body)
			}
			if r.Header.Get(api.HeaderGeneration) != "1" || r.Header.Get("X-Evil") != "" || !strings.Contains(all, "\r\nConnection: close\r\n") {
				t.Errorf("headers: %q", all)
			}
		})
	}
}

func TestWithoutAConnectionTheCodeIsServedAllTheSame(t *testing.T) {
	r := do(newServer(newFake().strikes(fault.Fault{Code: 503, Message: "full"}, api.Capacity)), "GET", "/capacity", "")
	if body := r.Body; r.StatusCode != http.StatusServiceUnavailable || body != "full\n" {
		t.Errorf("%s %q", r.Status, body)
	}
}

// On a held clock latency is recorded; the answer is the usual one.
func TestLatencyIsSleptOnTheStoryClock(t *testing.T) {
	held := clock.Hold(started)
	f := newFake().strikes(fault.Fault{Latency: time.Hour}, api.Capacity)
	s := server.New(server.Options{Provider: f, Clock: held})
	if r := do(s, "GET", "/capacity", ""); r.StatusCode != http.StatusOK {
		t.Errorf("%s", r.Status)
	}
	do(s, "GET", "/nodeConditions", "")
	if got := held.Slept(); got != time.Hour {
		t.Errorf("slept %s, want 1h once", got)
	}
}

func TestADroppedConnectionAnswersNothing(t *testing.T) {
	s := newServer(newFake().strikes(fault.Fault{Drop: true}, api.GetPods))
	if got := raw(t, s, "GET", "/getPods", ""); got != "" {
		t.Errorf("got %q", got)
	}
	if got := raw(t, s, "GET", "/capacity", ""); !strings.HasPrefix(got, "HTTP/1.1 200 OK") {
		t.Errorf("another call: %q", got)
	}
}

func TestACutBodyIsAnnouncedWholeAndBreaksOff(t *testing.T) {
	s := newServer(newFake().strikes(fault.Fault{Cut: 0.5}, api.Capacity))
	const whole = `{"cpu":"20","memory":"100Gi","pods":"20"}`
	r, err := parse(t, raw(t, s, "GET", "/capacity", ""))
	if length := r.Header.Get("Content-Length"); length != strconv.Itoa(len(whole)) || r.Body != whole[:len(whole)/2] || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("length %s, %q, %v", length, r.Body, err)
	}
	if _, err := parse(t, raw(t, s, "GET", "/nodeConditions", "")); err != nil {
		t.Errorf("another call: %v", err)
	}
}

func TestAGarbledBodyDoesNotParse(t *testing.T) {
	for _, c := range requests {
		s, f := withWeb(t)
		f.strikes(fault.Fault{Garble: true}, c.call)
		r, err := parse(t, raw(t, s, c.method, c.target, c.body))
		if err != nil || r.StatusCode != http.StatusOK || r.Body == "" || json.Valid([]byte(r.Body)) {
			t.Errorf("%s: %s %q %v", c.call, r.Status, r.Body, err)
		}
	}
	s, f := withWeb(t)
	f.strikes(fault.Fault{Garble: true}, api.GetPods)
	if got := do(s, "GET", "/capacity", "").Body; !json.Valid([]byte(got)) {
		t.Errorf("another call: %q", got)
	}
}

// hanging starts a call that hangs for ever and gives what it ends in.
func hanging(ctx context.Context, s *server.Server) <-chan any {
	over := make(chan any, 1)
	go func() {
		defer func() { over <- recover() }()
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/getPods", nil))
	}()
	return over
}

func TestAHangEndsWhenTheClientLeaves(t *testing.T) {
	s := newServer(newFake().strikes(fault.Fault{Hang: -1}, api.GetPods))
	ctx, leave := context.WithCancel(t.Context())
	over := hanging(ctx, s)
	if r := do(s, "GET", "/capacity", ""); r.StatusCode != http.StatusOK {
		t.Errorf("another call meanwhile: %s", r.Status)
	}
	select {
	case got := <-over:
		t.Fatalf("it ended by itself: %v", got)
	default:
	}
	leave()
	got := <-over
	if err, ok := got.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		t.Errorf("ended in %v, want no answer", got)
	}
}

func TestAHangOfAWhileIsAnsweredAfterIt(t *testing.T) {
	held := clock.Hold(started)
	s := server.New(server.Options{Provider: newFake().strikes(fault.Fault{Hang: time.Minute}, api.GetPods), Clock: held})
	if r := do(s, "GET", "/getPods", ""); r.StatusCode != http.StatusOK || held.Slept() != time.Minute {
		t.Errorf("%s after %s", r.Status, held.Slept())
	}
}

// What on_create and its like ask for is served as what on_request asks for.
func TestTheProvidersOwnFaultsAreServed(t *testing.T) {
	for name, c := range map[string]struct {
		fault fault.Fault
		want  string
	}{
		"an error":     {fault.Fault{Code: 503, Message: "out of capacity"}, "HTTP/1.1 503 out of capacity"},
		"not found":    {fault.Fault{Code: 404, Message: "gone"}, "HTTP/1.1 404 Not Found"},
		"a drop":       {fault.Fault{Drop: true}, ""},
		"a garbled OK": {fault.Fault{Garble: true}, "HTTP/1.1 200 OK"},
		"nothing said": {fault.Fault{Source: "flaky.lua:3"}, "HTTP/1.1 500 createPod was refused by flaky.lua:3"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.fails[api.CreatePod] = errors.Join(errors.New("create pod default/web"), &fault.Asked{Fault: c.fault})
			s := newServer(f)
			if line, _, _ := strings.Cut(raw(t, s, "POST", "/createPod", web), "\r\n"); line != c.want {
				t.Errorf("got %q, want %q", line, c.want)
			}
			if line, _, _ := strings.Cut(raw(t, s, "GET", "/getPods", ""), "\r\n"); line != "HTTP/1.1 200 OK" {
				t.Errorf("another call: %q", line)
			}
		})
	}
}

func TestTheProvidersOwnLatencyIsSlept(t *testing.T) {
	held := clock.Hold(started)
	f := newFake()
	f.fails[api.DeletePod] = &fault.Asked{Fault: fault.Fault{Latency: time.Second, Code: 500}}
	s := server.New(server.Options{Provider: f, Clock: held})
	if r := do(s, "DELETE", "/deletePod", web); r.StatusCode != http.StatusInternalServerError || held.Slept() != time.Second {
		t.Errorf("%s after %s", r.Status, held.Slept())
	}
}
