package provider_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/state"
)

func ask(t *testing.T, e *enginetest.Engine, port int32, r provider.HTTPRequest) (provider.HTTPResponse, error) {
	t.Helper()
	return e.HTTPAnswer(t.Context(), provider.PortAsk{Namespace: "default", Pod: "web", Port: port}, r)
}

func TestHTTPAnswersAsItsHookSays(t *testing.T) {
	for name, c := range map[string]struct {
		lua  string
		want provider.HTTPResponse
	}{
		"text":       {`return "hello"`, provider.HTTPResponse{Status: 200, Body: "hello"}},
		"a table":    {`return { status = 404, body = "no", headers = { ["X-A"] = "b" } }`, provider.HTTPResponse{Status: 404, Body: "no"}},
		"a refusal":  {`return reject(503, "busy")`, provider.HTTPResponse{Status: 503, Body: "busy\n"}},
		"the call":   {`return pod.metadata.name .. port .. request.method .. request.path .. tostring(request.query.q) .. tostring(request.headers["x-test"]) .. request.body .. request.host`, provider.HTTPResponse{Status: 200, Body: "web80PUT/a1twobodyh"}},
		"nothing":    {``, provider.HTTPResponse{Status: 200, Body: "pod default/web, port 80 of container app (nginx:1.27), node \nTo answer yourself, write function http(pod, port, request).\n"}},
		"an error":   {`if request.path == "/a" then error("boom") end`, provider.HTTPResponse{Status: 500, Body: "moonlet: a.lua:3: http: boom (run error)\n"}},
		"bad status": {`if request.path == "/a" then return { status = 99 } end`, provider.HTTPResponse{Status: 500, Body: "moonlet: a.lua:2: http: answer.status: want an HTTP status from 200 to 599, got 99 (result error)\n"}},
		"bad header": {`if request.path == "/a" then return { headers = { ["a b"] = "x" } } end`, provider.HTTPResponse{Status: 500, Body: "moonlet: a.lua:2: http: answer.headers[\"a b\"]: is not a header: a name has letters, digits and dashes, a value is one line (result error)\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := running(t, "function http(pod, port, request)\n"+c.lua+"\nend")
			p := newPod("web")
			p.Spec.Containers[0].Ports = []v1.ContainerPort{{ContainerPort: 80}}
			create(t, e, p)
			got, err := ask(t, e, 80, provider.HTTPRequest{
				Method: "PUT", Path: "/a", Host: "h", Body: "body", Query: map[string]string{"q": "1"}, Headers: map[string]string{"x-test": "two"},
			})
			if err != nil || got.Status != c.want.Status || got.Body != c.want.Body || name == "a table" && got.Headers["X-A"] != "b" {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestWhichPortsListen(t *testing.T) {
	withPort := newPod("web")
	withPort.Spec.Containers[0].Ports = []v1.ContainerPort{{ContainerPort: 80}}
	done := newPod("web")
	done.Spec.RestartPolicy = v1.RestartPolicyNever
	done.Labels = map[string]string{"done": "yes"}
	const ends = `match = true function on_start(pod) if pod.metadata.labels.done then return { exit = 0, after = 0 } end end`
	for name, c := range map[string]struct {
		lua  string
		pod  *v1.Pod
		port int32
		want error
	}{
		"the one it has":                      {ends, withPort, 80, nil},
		"another than it has":                 {ends, withPort, 81, provider.ErrRefused},
		"any of a pod that names none":        {ends, newPod("web"), 81, nil},
		"none of a pod that ended":            {ends, done, 80, provider.ErrRefused},
		"another that a script answers":       {ends + ` function http() return "x" end`, withPort, 81, nil},
		"another that a script leaves":        {ends + ` function http() end`, withPort, 81, provider.ErrRefused},
		"the one it has, which a script bars": {ends + ` function http() return false end`, withPort, 80, provider.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			e := enginetest.New(t, enginetest.Options{Scripts: map[string]string{"a.lua": c.lua}})
			create(t, e, c.pod)
			if _, err := ask(t, e, c.port, provider.HTTPRequest{}); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	e := running(t, "")
	if _, err := e.HTTPAnswer(t.Context(), provider.PortAsk{Namespace: "default", Pod: "gone", Port: 80}, provider.HTTPRequest{}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("a pod that is not there: %v", err)
	}
}

// connection has one side for what comes and one for what goes.
type connection struct {
	io.Reader
	bytes.Buffer
}

func (c *connection) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func TestAScriptMayTakeAConnection(t *testing.T) {
	for name, c := range map[string]struct {
		lua, in, out string
		answered     bool
		err          string
	}{
		"line by line":    {`function port_forward(pod, port, io) for l in io:lines() do io:write("+", l, port, "\n") end return "bye" end`, "a\nb\n", "+a80\n+b80\nbye", true, ""},
		"refused":         {`function port_forward(pod, port, io) return false end`, "", "", true, "port 80 of pod default/web: connection refused: a.lua:2 says so"},
		"broken":          {`function port_forward(pod, port, io) if not io:read():match("[a-zA-Z]+") then error("no word") end end`, "1\n", "", true, "port 80 of pod default/web: a.lua:2: port_forward: no word"},
		"not asked at it": {`function http() return "x" end`, "GET", "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := running(t, c.lua)
			conn := &connection{Reader: strings.NewReader(c.in)}
			answered, err := e.ForwardRaw(t.Context(), provider.PortAsk{Namespace: "default", Pod: "web", Port: 80}, conn)
			if answered != c.answered || conn.String() != c.out || (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
				t.Errorf("answered %v, wrote %q, error %v", answered, conn.String(), err)
			}
		})
	}
}
