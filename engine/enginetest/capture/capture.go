// Package capture answers: what did the real clients of 2018 and 2019 send?
//
// It holds recordings of Virtual Kubelet v0.5.2 and of the last one with a web provider, taken off the wire, and
// reads them as requests, so that a server can be asked the same again. It is for tests; it starts no goroutines.
package capture

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed testdata
var files embed.FS

// Recordings, by name.
const (
	Client   = "client-v0.5.2-raw-http.log" // each call of the v0.5.2 client once
	OldVK    = "vk-v0.5.2-web-raw-http.log" // the life of a Virtual Kubelet v0.5.2
	LastVK   = "vk-last-web-raw-http.log"   // the life of the last one that spoke to web providers
	Failures = "client-edge-cases.txt"      // what both clients make of odd answers, and requests between
)

// Request is one recorded request.
type Request struct {
	Conn   int           // number of the connection in its recording
	At     time.Duration // since the recording began
	Method string
	Target string // as on the wire: path and query
	Header http.Header
	Body   []byte
}

// HTTP makes the request anew, for base ("http://127.0.0.1:3000"), with the headers it had.
func (r Request) HTTP(base string) (*http.Request, error) {
	req, err := http.NewRequest(r.Method, base+r.Target, bytes.NewReader(r.Body)) //nolint:noctx // the caller sets one
	if err != nil {
		return nil, fmt.Errorf("recorded request %s %s: %w", r.Method, r.Target, err)
	}
	req.Header = r.Header.Clone()
	return req, nil
}

// Load reads a recording of whole requests: Client, OldVK or LastVK.
func Load(name string) ([]Request, error) {
	f, err := files.Open("testdata/" + name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	requests, err := Parse(f)
	if err != nil {
		return nil, fmt.Errorf("recording %s: %w", name, err)
	}
	return requests, nil
}

// marker begins a piece of what one connection carried: "--- conn 2 +0.536s". The piece ends at the newline before
// the next marker; a request may be spread over several.
var marker = regexp.MustCompile(`(?m)^--- conn (\d+) \+([0-9.]+s)\n`)

// Parse reads a recording. Requests come in the order of their first byte.
func Parse(r io.Reader) ([]Request, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	conns := map[int]*conn{}
	marks := marker.FindAllSubmatchIndex(text, -1)
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		n, _ := strconv.Atoi(string(text[m[2]:m[3]]))
		at, err := time.ParseDuration(string(text[m[4]:m[5]]))
		if err != nil {
			return nil, fmt.Errorf("piece %d: %w", i+1, err)
		}
		if conns[n] == nil {
			conns[n] = &conn{number: n}
		}
		conns[n].add(i, at, bytes.TrimSuffix(text[m[1]:end], []byte("\n")))
	}
	return inOrder(conns)
}

// conn is all that one connection carried.
type conn struct {
	number int
	text   []byte
	pieces []piece
}

type piece struct {
	offset, index int
	at            time.Duration
}

func (c *conn) add(index int, at time.Duration, text []byte) {
	c.pieces = append(c.pieces, piece{len(c.text), index, at})
	c.text = append(c.text, text...)
}

// pieceAt is the piece that holds a byte.
func (c *conn) pieceAt(offset int) piece {
	i, found := slices.BinarySearchFunc(c.pieces, offset, func(p piece, at int) int { return p.offset - at })
	if !found {
		i--
	}
	return c.pieces[i]
}

type placed struct {
	Request
	index int
}

func (c *conn) requests() (all []placed, err error) {
	src := bytes.NewReader(c.text)
	in := bufio.NewReader(src)
	for {
		offset := len(c.text) - src.Len() - in.Buffered()
		if offset == len(c.text) {
			return all, nil
		}
		r, err := http.ReadRequest(in)
		if err != nil {
			return nil, fmt.Errorf("conn %d, byte %d: %w", c.number, offset, err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, fmt.Errorf("conn %d, byte %d: body: %w", c.number, offset, err)
		}
		p := c.pieceAt(offset)
		all = append(all, placed{Request{
			Conn: c.number, At: p.at, Method: r.Method, Target: r.RequestURI, Header: r.Header, Body: body,
		}, p.index})
	}
}

func inOrder(conns map[int]*conn) ([]Request, error) {
	var all []placed
	for _, c := range conns {
		requests, err := c.requests()
		if err != nil {
			return nil, err
		}
		all = append(all, requests...)
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.index - b.index })
	out := make([]Request, len(all))
	for i := range all {
		out[i] = all[i].Request
	}
	return out, nil
}

// Heads gives the requests whose first lines the recording Failures shows, without their bodies.
func Heads() ([]Request, error) {
	text, err := files.ReadFile("testdata/" + Failures)
	if err != nil {
		return nil, err
	}
	var all []Request
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if first, ok := strings.CutSuffix(line, " HTTP/1.1"); ok {
			method, target, _ := strings.Cut(first, " ")
			all = append(all, Request{Method: method, Target: target, Header: http.Header{}})
		} else if name, value, ok := strings.Cut(line, ": "); ok && name == "Authorization" && len(all) > 0 {
			all[len(all)-1].Header.Set(name, value)
		}
	}
	return all, nil
}
