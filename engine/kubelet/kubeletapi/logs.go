package kubeletapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

const logChunk = 32 << 10

// containerLogs answers kubectl logs.
func (s *Server) containerLogs(w http.ResponseWriter, r *http.Request, c *call) error {
	provider, ok := s.Provider.(kubelet.LogReader)
	if !ok {
		return unsupported("logs")
	}
	options, err := logOptions(r.URL.Query(), s.Clock.Now())
	if err != nil {
		return err
	}
	if !hasContainer(&c.pod.Spec, c.container) {
		return refuse(http.StatusNotFound, "container %q not found in pod %q", c.container, c.podName)
	}
	if err := logsAvailable(c.pod, c.container, options.Previous); err != nil {
		return err
	}
	one := &session{node: c.node}
	ctx := s.sessions.begin(r.Context(), one)
	defer s.sessions.end(one)
	defer s.meters.streaming(c.name)()
	log, err := provider.Logs(ctx, kubelet.ContainerRef{PodRef: kubelet.RefTo(c.pod), Container: c.container}, options)
	if err != nil {
		return fmt.Errorf("read logs of %s, container %s: %w", c.podKey(), c.container, err)
	}
	defer closeStream(log)
	plainText(w)
	w.WriteHeader(http.StatusOK)
	return stream(ctx, w, log, options.LimitBytes)
}

// stream copies a log as it grows: each piece is sent at once, and the headers before the first. A limit that the
// provider did not keep is kept here.
func stream(ctx context.Context, w http.ResponseWriter, log io.Reader, limit int64) error {
	if limit > 0 {
		log = io.LimitReader(log, limit)
	}
	out, chunk := http.NewResponseController(w), make([]byte, logChunk)
	for {
		if err := out.Flush(); err != nil {
			return err
		}
		n, err := log.Read(chunk)
		if _, failed := w.Write(chunk[:n]); failed != nil {
			return failed
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// logsAvailable says, in a kubelet's words, why a container has no log: it has not run yet, or not before. Where a
// provider's statuses name no containers at all, only it can know.
func logsAvailable(p *v1.Pod, container string, previous bool) error {
	status := containerStatus(&p.Status, container)
	if status == nil {
		if len(p.Status.ContainerStatuses) == 0 && p.Status.Phase != v1.PodPending && p.Status.Phase != "" {
			return nil
		}
		return refuse(http.StatusBadRequest, "container %q in pod %q is not available", container, p.Name)
	}
	ranBefore := status.LastTerminationState.Terminated != nil
	switch {
	case previous && !ranBefore:
		return refuse(http.StatusBadRequest, "previous terminated container %q in pod %q not found", container, p.Name)
	case previous, ranBefore, status.State.Running != nil, status.State.Terminated != nil:
		return nil
	}
	return refuse(http.StatusBadRequest, "container %q in pod %q is waiting to start: %s", container, p.Name, waitingFor(status.State.Waiting))
}

func waitingFor(w *v1.ContainerStateWaiting) string {
	switch {
	case w == nil:
		return "no logs yet"
	case w.Reason == "ErrImagePull":
		return "image can't be pulled"
	case w.Reason == "ImagePullBackOff":
		return "trying and failing to pull image"
	}
	return w.Reason
}

// containerStatus finds a container of any kind; nil: the status has none of that name.
func containerStatus(s *v1.PodStatus, name string) *v1.ContainerStatus {
	for _, list := range [][]v1.ContainerStatus{s.ContainerStatuses, s.InitContainerStatuses, s.EphemeralContainerStatuses} {
		for i := range list {
			if list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}
