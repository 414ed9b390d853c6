package enginetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/explain"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/state"
)

type command = func(ts *testscript.TestScript, neg bool, args []string)

// action is a command that may fail: `! create …` wants it to, and finds the error on stderr.
type action func(s *stage, ts *testscript.TestScript, args []string) (stdout string, err error)

// commands is the language of scenarios:
//
//	seed N                      before start
//	node KEY=VALUE…             before start: admission=true, cpu=4, memory=8Gi, pods=10, minor=35
//	nodes NAME…                 before start: several nodes, the first one first
//	state                       before start: kept in a file, so that restart finds it
//	restart DURATION            ends it, and starts it again that much later
//	start                       with the shipped scripts and those under scripts/ in the archive
//	create NAME [KEY=VALUE…]    a pod of one container; see simplePod
//	create -f FILE              a manifest
//	update -f FILE · delete NAME [GRACE] · stop NAME (the lab's Stop Pod)
//	advance DURATION            moves the held clock
//	watch NAME DURATION         prints the row each time it changes on the way
//	row NAME                    what kubectl get pods prints: READY STATUS RESTARTS
//	status NAME                 the pod's status as JSON
//	logs NAME [TAIL]            its only container's log
//	in [-i TEXT] [-t] NAME WORD…  kubectl exec, with a client that sends TEXT (\n: Enter), with -t from a terminal
//	usage NAME                  what its containers use: name, cores, CPU seconds, bytes
//	http NAME PORT [METHOD] PATH  a request through kubectl port-forward; prints status and body
//	journal NAME                what happened and why
//	explain NAME                why it is in its state, and what comes next
//	memo NAME                   pod.memo, as JSON; memo alone: node.memo
//	pods                        the names of all pods
//	beats NODE                  whether the node renews its lease, which is due now
//	swap FILE NAME              saves a script and loads the folder; swap - NAME removes it
//	param SCRIPT.NAME VALUE     turns a param
//	act ON VERB [KEY=VALUE…]    does a verb; keys are parts of the selector, lasts, by, why, run, dry, empty, or arguments
//	undo FAULT · reset [RUN] · faults  ends a fault, ends all, lists those in force
//	conditions [NODE]           a node's conditions
//	get PATH · post PATH FILE · put PATH FILE   a request to the server; prints status and body
func commands(shipped map[string]string) map[string]command {
	return map[string]command{
		"seed":    run(seedCommand),
		"state":   run(stateCommand),
		"restart": run(restartCommand),
		"memo":    run(memoCommand),
		"node":    run(nodeCommand),
		"nodes":   run(nodesCommand),
		"beats":   run(beatsCommand),
		"start": run(func(s *stage, ts *testscript.TestScript, _ []string) (string, error) {
			s.begin(ts, shipped)
			return "", nil
		}),
		"create":     run(createCommand),
		"update":     run(updateCommand),
		"delete":     run(deleteCommand),
		"stop":       run(stopCommand),
		"advance":    run(advanceCommand),
		"watch":      run(watchCommand),
		"row":        run(rowCommand),
		"status":     run(statusCommand),
		"logs":       run(logsCommand),
		"in":         run(inCommand),
		"usage":      run(usageCommand),
		"http":       run(httpCommand),
		"journal":    run(journalCommand),
		"explain":    run(explainCommand),
		"pods":       run(podsCommand),
		"swap":       run(swapCommand),
		"param":      run(paramCommand),
		"act":        run(actCommand),
		"undo":       run(undoCommand),
		"reset":      run(resetCommand),
		"faults":     run(faultsCommand),
		"conditions": run(conditionsCommand),
		"get":        run(getCommand),
		"post":       run(bodyCommand("POST")),
		"put":        run(bodyCommand("PUT")),
	}
}

func run(a action) command {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		out, err := a(stageOf(ts), ts, args)
		fmt.Fprint(ts.Stdout(), out)
		if err != nil {
			fmt.Fprintln(ts.Stderr(), err)
		}
		switch {
		case err != nil && !neg:
			ts.Fatalf("%v", err)
		case err == nil && neg:
			ts.Fatalf("it went well, and should not")
		}
	}
}

var errUsage = errors.New("wrong number of words; see commands.go")

func seedCommand(s *stage, _ *testscript.TestScript, args []string) (_ string, err error) {
	if len(args) != 1 {
		return "", errUsage
	}
	s.seed, err = strconv.ParseUint(args[0], 10, 64)
	return "", err
}

func stateCommand(s *stage, ts *testscript.TestScript, _ []string) (string, error) {
	s.state = ts.MkAbs("state.db")
	return "", nil
}

func restartCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) != 1 {
		return "", errUsage
	}
	d, err := time.ParseDuration(args[0])
	if err == nil {
		s.restart(ts, d)
	}
	return "", err
}

func memoCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	tree := s.live(ts).Node().Memo
	if len(args) > 0 {
		one, err := known(s, ts, args)
		if err != nil {
			return "", err
		}
		tree = one.Memo.Tree("")
	}
	b, err := json.Marshal(tree)
	return string(b) + "\n", err
}

func nodeCommand(s *stage, _ *testscript.TestScript, args []string) (string, error) {
	for _, a := range args {
		key, value, _ := strings.Cut(a, "=")
		before := s.node
		s.node = func(n *provider.Node) {
			if before != nil {
				before(n)
			}
			switch key {
			case "admission":
				n.Admission = value == "true"
			case "minor":
				n.Minor, _ = strconv.Atoi(value)
			default:
				n.Capacity[v1.ResourceName(key)] = resource.MustParse(value)
			}
		}
	}
	return "", nil
}

func nodesCommand(s *stage, _ *testscript.TestScript, args []string) (string, error) {
	s.nodes = args
	return "", nil
}

func beatsCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) != 1 {
		return "", errUsage
	}
	return fmt.Sprintln(s.live(ts).Beats(context.Background(), args[0])), nil
}

func createCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	p, err := podOf(ts, args)
	if err != nil {
		return "", err
	}
	return "", s.live(ts).CreatePod(context.Background(), p)
}

func podOf(ts *testscript.TestScript, args []string) (*v1.Pod, error) {
	switch {
	case len(args) == 2 && args[0] == "-f":
		return readPod(ts, args[1]), nil
	case len(args) > 0:
		return simplePod(args[0], args[1:])
	}
	return nil, errUsage
}

func updateCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	p, err := podOf(ts, args)
	if err != nil {
		return "", err
	}
	return "", s.live(ts).UpdatePod(context.Background(), p)
}

func deleteCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) == 0 {
		return "", errUsage
	}
	p := &v1.Pod{}
	p.Namespace, p.Name = "default", args[0]
	if len(args) > 1 {
		d, err := time.ParseDuration(args[1])
		if err != nil {
			return "", err
		}
		seconds := int64(d / time.Second)
		p.DeletionGracePeriodSeconds = &seconds
	}
	return "", s.live(ts).DeletePod(context.Background(), p)
}

// stopCommand sends what the lab's page sends for Stop Pod.
func stopCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	one, err := known(s, ts, args)
	if err != nil {
		return "", err
	}
	p := one.Object.DeepCopy()
	one.Status.DeepCopyInto(&p.Status)
	p.Status.Phase = v1.PodFailed
	for i, c := range p.Status.ContainerStatuses {
		p.Status.ContainerStatuses[i] = v1.ContainerStatus{
			Name: c.Name, Image: c.Image, RestartCount: 100,
			State: v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: -1, Message: "terminated by web ui"}},
		}
	}
	return "", s.live(ts).UpdatePod(context.Background(), p)
}

func known(s *stage, ts *testscript.TestScript, args []string) (*state.Pod, error) {
	if len(args) == 0 {
		return nil, errUsage
	}
	one := s.live(ts).Store.Get(state.Key{Namespace: "default", Name: args[0]})
	if one == nil {
		return nil, fmt.Errorf("no pod %s", args[0])
	}
	return one, nil
}

func advanceCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) != 1 {
		return "", errUsage
	}
	d, err := time.ParseDuration(args[0])
	if err == nil {
		s.live(ts).Pass(d)
	}
	return "", err
}

// watchCommand prints what kubectl get -w would, with the time since the start.
func watchCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) != 2 {
		return "", errUsage
	}
	d, err := time.ParseDuration(args[1])
	if err != nil {
		return "", err
	}
	e := s.live(ts)
	var b strings.Builder
	last := ""
	for end := e.Clock.Now().Add(d); ; e.Pass(100 * time.Millisecond) {
		row, err := rowCommand(s, ts, args[:1])
		if err != nil {
			row = "gone\n"
		}
		if row != last {
			fmt.Fprintf(&b, "%s %s", e.Clock.Now().Sub(Start), row)
			last = row
		}
		if !e.Clock.Now().Before(end) {
			return b.String(), nil
		}
	}
}

func rowCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	one, err := known(s, ts, args)
	if err != nil {
		return "", err
	}
	ready, status, restarts := pod.Row(one.Object, one.Status, s.engine.Clock.Now())
	restarts, _, _ = strings.Cut(restarts, " ")
	return fmt.Sprintln(ready, status, restarts), nil
}

func statusCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	one, err := known(s, ts, args)
	if err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(one.Status, "", "  ")
	return string(b) + "\n", err
}

func logsCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) == 0 {
		return "", errUsage
	}
	r := api.LogRequest{Namespace: "default", Pod: args[0]}
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return "", err
		}
		r.Tail = &n
	}
	text, err := s.live(ts).Logs(context.Background(), r)
	return string(text), err
}

func journalCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) == 0 {
		return "", errUsage
	}
	return s.live(ts).JournalText("default", args[0]), nil
}

func explainCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) == 0 {
		return "", errUsage
	}
	e, err := s.live(ts).Explain("default", args[0])
	return explain.Text(e, explain.Options{}), err
}

func podsCommand(s *stage, ts *testscript.TestScript, _ []string) (string, error) {
	var b strings.Builder
	for _, p := range s.live(ts).Store.List() {
		fmt.Fprintln(&b, p.Key)
	}
	return b.String(), nil
}

func swapCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) != 2 {
		return "", errUsage
	}
	text := ""
	if args[0] != "-" {
		text = ts.ReadFile(args[0])
	}
	var errs []error
	for _, e := range s.live(ts).Swap(args[1], text) {
		errs = append(errs, e)
	}
	return "", errors.Join(errs...)
}

func paramCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) != 2 {
		return "", errUsage
	}
	script, name, _ := strings.Cut(args[0], ".")
	_, err := s.live(ts).SetParam(context.Background(), script, name, args[1])
	return "", err
}

func getCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) != 1 {
		return "", errUsage
	}
	return send(s.live(ts), "GET", args[0], "")
}

// bodyCommand sends a file.
func bodyCommand(method string) action {
	return func(s *stage, ts *testscript.TestScript, args []string) (string, error) {
		if len(args) != 2 {
			return "", errUsage
		}
		return send(s.live(ts), method, args[0], ts.ReadFile(args[1]))
	}
}

func send(e *Engine, method, path, body string) (string, error) {
	r := e.Do(method, path, body)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	return fmt.Sprintf("%d\n%s\n", r.StatusCode, text), err
}
