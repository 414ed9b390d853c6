package engine_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/config"
)

// patience is how long a test waits for what must come. It decides nothing but when to give up.
const patience = 20 * time.Second

// eventually waits until what must become true is true.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.After(patience)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-deadline:
			tb.Fatalf("after %s still not: %s", patience, what)
		}
	}
}

// settings are MOONLET_ variables, without the prefix, laid over those every test wants.
type settings map[string]string

func (s settings) open(tb testing.TB) *config.Store {
	tb.Helper()
	store, err := s.tryOpen()
	if err != nil {
		tb.Fatal(err)
	}
	return store
}

func (s settings) tryOpen() (*config.Store, error) {
	env := []string{}
	for key, value := range map[string]string{"LISTEN": "127.0.0.1:0", "STATE": "memory", "SEED": "1"} {
		if _, own := s[key]; !own {
			env = append(env, "MOONLET_"+key+"="+value)
		}
	}
	for key, value := range s {
		env = append(env, "MOONLET_"+key+"="+value)
	}
	return config.Open(config.Options{Env: func() []string { return env }})
}

// running is a Moonlet as moonlet serve runs it, that ends with the test.
type running struct {
	*engine.Engine
	client *client.Client
}

func run(tb testing.TB, s settings) *running {
	tb.Helper()
	return runWith(tb, engine.Options{Config: s.open(tb), Version: "test"})
}

func runWith(tb testing.TB, o engine.Options) *running {
	tb.Helper()
	e, err := engine.New(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := client.New(e.URL(), client.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	tb.Cleanup(func() {
		c.Close()
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			tb.Errorf("Run: %v", err)
		}
	})
	return &running{Engine: e, client: c}
}

// exchange sends a request and reads the answer to its end.
func exchange(tb testing.TB, method, url, body string, header http.Header) answer {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, url, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	maps.Copy(r.Header, header)
	r.Close = true // no idle connections are left
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{resp.Status, resp.StatusCode, resp.Header, string(text)}
}

// answer is what came back.
type answer struct {
	status string
	code   int
	header http.Header
	body   string
}

// write writes a file as a plain editor does.
func write(tb testing.TB, dir, name, text string) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// replace writes another file and renames it over name, as careful editors do.
func replace(tb testing.TB, dir, name, text string) {
	tb.Helper()
	write(tb, dir, name+".tmp", text)
	if err := os.Rename(filepath.Join(dir, name+".tmp"), filepath.Join(dir, name)); err != nil {
		tb.Fatal(err)
	}
}

// folder makes a new folder of these files.
func folder(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		write(tb, dir, name, text)
	}
	return dir
}
