package suite

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/nearest"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// answers is how the stage answers each question of a test.
var answers = map[string]func(*testStage, context.Context, *wish) (any, error){
	"row": func(s *testStage, _ context.Context, w *wish) (any, error) {
		if one := s.get(w.Pod); one != nil {
			return rowOf(s.Sim, one), nil
		}
		return nil, fmt.Errorf("the pod %s is gone", w.Pod)
	},
	"journal": func(s *testStage, _ context.Context, w *wish) (any, error) {
		return s.JournalText(w.Pod.Namespace, w.Pod.Name), nil
	},
	"logs": (*testStage).logs, "exec": (*testStage).exec, "usage": (*testStage).use, "http": (*testStage).http,
	"node_status": (*testStage).nodeStatus, "request": (*testStage).request,
	"heartbeat": (*testStage).heartbeat,
}

// Ask implements [script.TestStage].
func (s *testStage) Ask(ctx context.Context, q script.TestQuestion) (any, error) {
	w := &wish{TestQuestion: q, used: map[string]bool{}}
	answer, err := answers[q.What](s, ctx, w)
	if err == nil {
		err = w.unknown()
	}
	return answer, err
}

// wish reads the words and options of a question, and remembers which there are.
type wish struct {
	script.TestQuestion
	used  map[string]bool
	words int // of Words, that are looked at
	bad   error
}

func (w *wish) option(name string) any {
	w.used[name] = true
	return w.Options[name]
}

func (w *wish) text(name string) string {
	v := w.option(name)
	s, ok := v.(string)
	if v != nil && !ok {
		w.bad = cmp.Or(w.bad, fmt.Errorf("%s must be text", name))
	}
	return s
}

func (w *wish) number(name string) (n int, given bool) {
	v := w.option(name)
	f, ok := v.(float64)
	if v != nil && !ok {
		w.bad = cmp.Or(w.bad, fmt.Errorf("%s must be a number", name))
	}
	return int(f), ok
}

func (w *wish) flag(name string) bool {
	v := w.option(name)
	yes, ok := v.(bool)
	if v != nil && !ok {
		w.bad = cmp.Or(w.bad, fmt.Errorf("%s must be true or false", name))
	}
	return yes
}

// word is the first argument, or the option of that name.
func (w *wish) word(name string) string {
	named := w.text(name)
	if w.words = 1; len(w.Words) > 0 {
		return w.Words[0]
	}
	return named
}

// unknown refuses words and options that nobody looked at.
func (w *wish) unknown() error {
	if len(w.Words) > w.words {
		return fmt.Errorf("what is %q? It takes options by name, in a table", w.Words[w.words])
	}
	var known []string
	for name := range w.used {
		known = append(known, name)
	}
	slices.Sort(known)
	for name := range w.Options {
		if w.used[name] {
			continue
		}
		if near := nearest.To(name, known); near != "" {
			return fmt.Errorf("there is no option '%s', did you mean '%s'?", name, near)
		}
		return fmt.Errorf("there is no option '%s': there are %s", name, strings.Join(known, ", "))
	}
	return w.bad
}

func (s *testStage) logs(ctx context.Context, w *wish) (any, error) {
	r := api.LogRequest{Namespace: w.Pod.Namespace, Pod: w.Pod.Name, Container: w.text("container"), Previous: w.flag("previous")}
	if n, given := w.number("tail"); given {
		r.Tail = &n
	}
	text, err := s.Logs(ctx, r)
	return string(text), err
}

func (s *testStage) exec(ctx context.Context, w *wish) (any, error) {
	if len(w.Words) == 0 {
		return nil, fmt.Errorf("which command? p:exec(\"ls\")")
	}
	w.words = len(w.Words)
	var out, errs bytes.Buffer
	streams := provider.Streams{Stdout: &out, Stderr: &errs, TTY: w.flag("tty")}
	if streams.TTY {
		streams.Stderr = nil
	}
	if in := w.text("stdin"); in != "" {
		streams.Stdin = strings.NewReader(in)
	}
	ask := provider.ContainerAsk{Namespace: w.Pod.Namespace, Pod: w.Pod.Name, Container: w.text("container")}
	exit, err := s.Exec(ctx, ask, w.Words, streams)
	return map[string]any{"stdout": out.String(), "stderr": errs.String(), "exit": float64(exit)}, err
}

func (s *testStage) use(ctx context.Context, w *wish) (any, error) {
	container := w.word("container")
	one := s.get(w.Pod)
	if one == nil {
		return nil, fmt.Errorf("the pod %s is gone", w.Pod)
	}
	list, err := s.Usage(ctx, nodeOf(s, one.Object))
	for _, p := range list {
		if p.Pod.Namespace != w.Pod.Namespace || p.Pod.Name != w.Pod.Name {
			continue
		}
		for _, c := range p.Containers {
			if container == "" || container == c.Name {
				return map[string]any{"cpu": c.CPU, "memory": float64(c.MemoryBytes)}, nil
			}
		}
	}
	if err == nil && container != "" && !hasContainer(one.Object, container) {
		err = fmt.Errorf("the pod %s has no container %s", w.Pod, container)
	}
	return nil, err
}

func hasContainer(p *v1.Pod, name string) bool {
	is := func(c v1.Container) bool { return c.Name == name }
	return slices.ContainsFunc(p.Spec.InitContainers, is) || slices.ContainsFunc(p.Spec.Containers, is)
}

// nodeOf is the node of ours that a pod is on.
func nodeOf(s *testStage, p *v1.Pod) string {
	if _, err := s.NodeNamed(p.Spec.NodeName); err != nil {
		return ""
	}
	return p.Spec.NodeName
}

func (s *testStage) http(ctx context.Context, w *wish) (any, error) {
	target, err := url.Parse(cmp.Or(w.word("path"), "/"))
	if err != nil {
		return nil, err
	}
	port, given := w.number("port")
	if !given {
		port = 80
	}
	r := provider.HTTPRequest{
		Method: cmp.Or(w.text("method"), "GET"), Path: target.Path, Host: "localhost", Body: w.text("body"), Query: map[string]string{}, Headers: map[string]string{"host": "localhost"},
	}
	for name, values := range target.Query() {
		r.Query[name] = values[0]
	}
	headers := w.option("headers")
	fields, ok := headers.(map[string]any)
	if headers != nil && !ok {
		return nil, errors.New("headers must be a table of names and values")
	}
	for name, value := range fields {
		r.Headers[strings.ToLower(name)] = fmt.Sprint(value)
	}
	answer, err := s.HTTPAnswer(ctx, provider.PortAsk{Namespace: w.Pod.Namespace, Pod: w.Pod.Name, Port: int32(port)}, r)
	got := map[string]any{}
	for name, value := range answer.Headers {
		got[name] = value
	}
	return map[string]any{"status": float64(answer.Status), "body": answer.Body, "headers": got}, err
}

// nodeStatus is a node with its conditions by type, which is how tests look for them.
func (s *testStage) nodeStatus(_ context.Context, w *wish) (any, error) {
	n, err := s.NodeNamed(w.word("name"))
	if err != nil {
		return nil, err
	}
	conditions := map[string]any{}
	for _, c := range n.Conditions {
		tree, err := treeOf(c)
		if err != nil {
			return nil, err
		}
		conditions[string(c.Type)] = tree
	}
	capacity, err := treeOf(n.Capacity)
	if err != nil {
		return nil, err
	}
	addresses, err := treeOf(n.Addresses)
	return map[string]any{
		"name": n.Name, "pods": float64(n.Pods), "capacity": capacity, "conditions": conditions, "addresses": addresses, "memo": any(n.Memo),
	}, err
}

// heartbeat asks whether a node lives. One that is none of ours would be the first.
func (s *testStage) heartbeat(ctx context.Context, w *wish) (any, error) {
	n, err := s.NodeNamed(w.word("name"))
	if err != nil {
		return nil, err
	}
	return s.Beats(ctx, n.Name), nil
}

func treeOf(v any) (tree any, err error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return tree, json.Unmarshal(text, &tree)
}

// request asks on_request, as the server does for the calls that scripts watch.
func (s *testStage) request(ctx context.Context, w *wish) (any, error) {
	c := api.Call{Name: w.word("call"), Namespace: w.text("namespace"), Pod: w.text("pod"), Container: w.text("container")}
	if c.Name == "" {
		return nil, fmt.Errorf("which call? request(\"createPod\")")
	}
	if !s.Watched(c.Name) {
		return nil, nil
	}
	f := s.Fault(ctx, c)
	if f.None() {
		return nil, nil
	}
	tree := map[string]any{"latency": f.Latency.Seconds(), "drop": f.Drop, "garble": f.Garble, "cut": f.Cut, "hang": f.Hang.Seconds()}
	if f.Code != 0 {
		tree["code"], tree["message"] = float64(f.Code), f.Message
	}
	return tree, nil
}
