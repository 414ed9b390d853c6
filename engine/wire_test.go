package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// web leaves no connections behind.
var web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// get reads an address and wants 200.
func get(tb testing.TB, url string) (code int, body []byte) {
	tb.Helper()
	r, err := web.Get(url)
	must(tb, err)
	defer r.Body.Close()
	body, err = io.ReadAll(r.Body)
	must(tb, err)
	return r.StatusCode, body
}

// getAndDrop reads an answer for its size only.
func getAndDrop(tb testing.TB, url string) int64 {
	tb.Helper()
	r, err := web.Get(url)
	must(tb, err)
	defer r.Body.Close()
	n, err := io.Copy(io.Discard, r.Body)
	must(tb, err)
	return n
}

func mustPost(tb testing.TB, url, body string) {
	tb.Helper()
	r, err := web.Post(url, "application/json", strings.NewReader(body))
	must(tb, err)
	defer r.Body.Close()
	if text, err := io.ReadAll(r.Body); err != nil || r.StatusCode != http.StatusOK {
		tb.Fatalf("POST %s: %s %s", url, r.Status, text)
	}
}

// raw is a request as it goes over the wire.
func raw(method, target, body string) string {
	if body == "" {
		return method + " " + target + " HTTP/1.1\r\nHost: moonlet\r\n\r\n"
	}
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: moonlet\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, target, len(body), body)
}

// flood sends requests 0 to n-1 over so many connections that stay open, each waiting for its answer, and wants 200 of all. It
// does as little as it can, to leave the machine to the server.
func flood(tb testing.TB, base string, connections, n int, request func(i int) string) {
	tb.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, connections)
	for range connections {
		wg.Go(func() { failed <- drive(strings.TrimPrefix(base, "http://"), n, &next, request) })
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		must(tb, err)
	}
}

func drive(address string, n int, next *atomic.Int64, request func(int) string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := textproto.NewReader(bufio.NewReaderSize(conn, 64<<10))
	for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
		if _, err := io.WriteString(conn, request(i)); err != nil {
			return err
		}
		if err := skipAnswer(answers); err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
	}
	return nil
}

// skipAnswer reads one answer with a Content-Length and wants it to be 200.
func skipAnswer(r *textproto.Reader) error {
	status, err := r.ReadLine()
	if err != nil {
		return err
	}
	length := 0
	for {
		line, err := r.ReadLineBytes()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if value, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if length, err = strconv.Atoi(value); err != nil {
				return err
			}
		}
	}
	if _, err := r.R.Discard(length); err != nil {
		return err
	}
	if status != "HTTP/1.1 200 OK" {
		return fmt.Errorf("answered %q", status)
	}
	return nil
}
