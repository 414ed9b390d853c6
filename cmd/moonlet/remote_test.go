package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	v1 "k8s.io/api/core/v1"
)

// createPod is the command: create [NAMESPACE/]NAME [LABEL=VALUE…], which creates a pod of one container, app, on moon-1 with the
// moonlet that serves.
func createPod(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: create [NAMESPACE/]NAME [LABEL=VALUE…]")
	}
	where, err := podNamed(args[0], "")
	ts.Check(err)
	p := v1.Pod{Spec: v1.PodSpec{NodeName: "moon-1", Containers: []v1.Container{{Name: "app", Image: "nginx:1.27"}}}}
	p.Namespace, p.Name, p.Labels = where.namespace, where.name, map[string]string{}
	for _, pair := range args[1:] {
		key, value, _ := strings.Cut(pair, "=")
		p.Labels[key] = value
	}
	body, err := json.Marshal(p)
	ts.Check(err)
	r, err := http.NewRequest(http.MethodPost, ts.Getenv("URL")+"/createPod", bytes.NewReader(body))
	ts.Check(err)
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("create %s: %s", where, resp.Status)
	}
}

// moving is what is another at each run, and what the golden output has in its place.
var moving = []struct {
	was  *regexp.Regexp
	says string
}{
	{regexp.MustCompile(`\b\d\d\d\d-\d\d-\d\dT[\d:.]+Z`), "<time>"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d(\.\d+)?\b`), "<time>"},
	{regexp.MustCompile(`\b(\d+[dhms])+\b`), "<ago>"},
	{regexp.MustCompile(`\b10\.\d+\.\d+\.\d+\b`), "<ip>"},
	{regexp.MustCompile(`cli \w+`), "cli <user>"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`), "<uid>"},
	{regexp.MustCompile(` {3,}`), "   "},
}

// tidyOutput is the command: tidy, which writes what the last command printed to the file tidied, without what is
// another at each run.
func tidyOutput(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: tidy")
	}
	text := ts.ReadFile("stdout")
	for _, m := range moving {
		text = m.was.ReplaceAllString(text, m.says)
	}
	ts.Check(os.WriteFile(ts.MkAbs("tidied"), []byte(text), 0o600))
}
