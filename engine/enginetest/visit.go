package enginetest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/moonlet-dev/moonlet/engine/provider"
)

// inCommand runs a command in a pod's only container. An exit code other than 0 is an error, beside what was written on
// stderr.
func inCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	var out, errs bytes.Buffer
	streams := provider.Streams{Stdout: &out, Stderr: &errs}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch {
		case args[0] == "-t":
			streams.TTY, streams.Stderr = true, nil
		case args[0] == "-i" && len(args) > 1:
			streams.Stdin = strings.NewReader(strings.ReplaceAll(args[1], `\n`, "\n"))
			args = args[1:]
		default:
			return "", errUsage
		}
		args = args[1:]
	}
	if len(args) < 2 {
		return "", errUsage
	}
	exit, err := s.live(ts).Exec(context.Background(), provider.ContainerAsk{Namespace: "default", Pod: args[0]}, args[1:], streams)
	if err == nil && exit != 0 {
		err = fmt.Errorf("%sexit code %d", errs.String(), exit)
	}
	return out.String(), err
}

func usageCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	one, err := known(s, ts, args)
	if err != nil {
		return "", err
	}
	list, err := s.live(ts).Usage(context.Background(), one.Object.Spec.NodeName)
	var b strings.Builder
	for _, p := range list {
		if p.Pod.Name != args[0] {
			continue
		}
		for _, c := range p.Containers {
			fmt.Fprintf(&b, "%s %.3f %.1f %d\n", c.Name, c.CPU, c.CPUSeconds, c.MemoryBytes)
		}
	}
	return b.String(), err
}

func httpCommand(s *stage, ts *testscript.TestScript, args []string) (string, error) {
	if len(args) == 3 {
		args = []string{args[0], args[1], "GET", args[2]}
	}
	if len(args) != 4 {
		return "", errUsage
	}
	port, err := strconv.ParseInt(args[1], 10, 32)
	if err != nil {
		return "", err
	}
	target, err := url.Parse(args[3])
	if err != nil {
		return "", err
	}
	r := provider.HTTPRequest{Method: args[2], Path: target.Path, Host: "localhost", Query: map[string]string{}, Headers: map[string]string{}}
	for name, values := range target.Query() {
		r.Query[name] = values[0]
	}
	answer, err := s.live(ts).HTTPAnswer(context.Background(), provider.PortAsk{Namespace: "default", Pod: args[0], Port: int32(port)}, r)
	return fmt.Sprintf("%d\n%s\n", answer.Status, answer.Body), err
}
