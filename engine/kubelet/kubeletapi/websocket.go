package kubeletapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/streaming/pkg/httpstream/wsstream"
	utilexec "k8s.io/utils/exec"
)

// serveWebSocket speaks v5.channel.k8s.io, the one protocol that the streaming library leaves to its users: WebSocket
// with a signal that closes one stream, so that stdin can end.
func (t *terminal) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	conn := wsstream.NewConn(map[string]wsstream.ChannelProtocolConfig{
		remotecommand.StreamProtocolV5Name: {Binary: true, Channels: channels(t.options)},
	})
	conn.SetIdleTimeout(streamIdleTimeout)
	_, streams, err := conn.Open(w, r)
	if err != nil {
		return // the library has told the client
	}
	defer closeStream(conn)
	_, _ = streams[firstOutput(t.options)].Write(nil) // tells the client that all is set up
	sizes := make(chan remotecommand.TerminalSize)
	go readSizes(r.Context(), streams[remotecommand.StreamResize], sizes)
	err = t.serve(r.Context(), streams[remotecommand.StreamStdIn], streams[remotecommand.StreamStdOut], streams[remotecommand.StreamStdErr], sizes)
	verdict, _ := json.Marshal(statusFor(err)) // of plain strings: it cannot fail
	_, _ = streams[remotecommand.StreamErr].Write(verdict)
}

func channels(o *remotecommand.Options) []wsstream.ChannelType {
	kinds := make([]wsstream.ChannelType, remotecommand.StreamResize+1)
	kinds[remotecommand.StreamErr], kinds[remotecommand.StreamResize] = wsstream.WriteChannel, wsstream.ReadChannel
	if o.Stdin {
		kinds[remotecommand.StreamStdIn] = wsstream.ReadChannel
	}
	if o.Stdout {
		kinds[remotecommand.StreamStdOut] = wsstream.WriteChannel
	}
	if o.Stderr {
		kinds[remotecommand.StreamStdErr] = wsstream.WriteChannel
	}
	return kinds
}

func firstOutput(o *remotecommand.Options) int {
	switch {
	case o.Stdout:
		return remotecommand.StreamStdOut
	case o.Stderr:
		return remotecommand.StreamStdErr
	}
	return remotecommand.StreamErr
}

// readSizes passes on the sizes that a client sends, until it closes the stream or ctx ends. It closes to.
func readSizes(ctx context.Context, from io.Reader, to chan<- remotecommand.TerminalSize) {
	defer close(to)
	decoder := json.NewDecoder(from)
	for {
		var size remotecommand.TerminalSize
		if decoder.Decode(&size) != nil {
			return
		}
		select {
		case to <- size:
		case <-ctx.Done():
			return
		}
	}
}

// statusFor is the verdict on a command, as kubectl reads it.
func statusFor(err error) metav1.Status {
	var exit utilexec.ExitError
	switch {
	case err == nil:
		return metav1.Status{Status: metav1.StatusSuccess}
	case errors.As(err, &exit) && exit.Exited():
		return metav1.Status{
			Status:  metav1.StatusFailure,
			Reason:  remotecommand.NonZeroExitCodeReason,
			Message: "command terminated with non-zero exit code: " + err.Error(),
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{
				Type: remotecommand.ExitCodeCauseType, Message: strconv.Itoa(exit.ExitStatus()),
			}}},
		}
	}
	return metav1.Status{
		Status:  metav1.StatusFailure,
		Reason:  metav1.StatusReasonInternalError,
		Code:    http.StatusInternalServerError,
		Message: "Internal error occurred: " + err.Error(),
	}
}
