package pods_test

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// memory is a transport without a network, so that it works on the time of a bubble: each request has a goroutine of its
// own that serves it.
type memory struct{ handler http.Handler }

func (m memory) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	w := &responder{header: http.Header{}, body: writer, code: make(chan int, 1)}
	unhook := context.AfterFunc(r.Context(), func() { _ = reader.CloseWithError(r.Context().Err()) })
	go func() {
		defer func() {
			if recover() != nil { // the connection is cut
				w.begin(0)
				_ = writer.CloseWithError(io.ErrUnexpectedEOF)
				return
			}
			w.WriteHeader(http.StatusOK)
			_ = writer.Close()
		}()
		m.handler.ServeHTTP(w, r)
	}()
	select {
	case code := <-w.code:
		if code == 0 {
			unhook()
			return nil, io.ErrUnexpectedEOF
		}
		return &http.Response{
			StatusCode: code, Status: http.StatusText(code), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: w.header.Clone(), Body: reader, ContentLength: -1, Request: r,
		}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

type responder struct {
	header http.Header
	body   *io.PipeWriter
	code   chan int
	once   sync.Once
}

func (w *responder) Header() http.Header  { return w.header }
func (w *responder) Flush()               { w.WriteHeader(http.StatusOK) }
func (w *responder) WriteHeader(code int) { w.begin(code) }
func (w *responder) begin(code int)       { w.once.Do(func() { w.code <- code }) }
func (w *responder) Write(b []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.body.Write(b)
}
