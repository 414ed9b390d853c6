package pods

import (
	"sync"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet/pods/patch"
)

// mostShared bounds what is kept to be shared; when it is full, all is forgotten and begun anew.
const mostShared = 4096

// sharer keeps one copy of what thousands of pods have alike: names of images and accounts, tolerations, the volume with
// the token. It saves a third of the memory that their specs take.
type sharer struct {
	mu    sync.Mutex
	texts map[string]string // guarded by mu
	parts map[uint64]any    // guarded by mu
}

// labels returns the shared copy of labels: those of a Deployment's pods are alike.
func (s *sharer) labels(labels map[string]string) map[string]string {
	if len(labels) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	return share(s, patch.HashMap(labels), labels)
}

// begin forgets all when there is too much. mu is held.
func (s *sharer) begin() {
	if s.texts == nil || len(s.texts) > mostShared {
		s.texts = map[string]string{}
	}
	if s.parts == nil || len(s.parts) > mostShared {
		s.parts = map[uint64]any{}
	}
}

// spec makes a spec refer to shared copies.
func (s *sharer) spec(p *v1.PodSpec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	text(s, &p.NodeName)
	text(s, &p.SchedulerName)
	text(s, &p.ServiceAccountName)
	text(s, &p.DeprecatedServiceAccount)
	text(s, &p.RestartPolicy)
	text(s, &p.DNSPolicy)
	for i := range p.Containers {
		s.container(&p.Containers[i])
	}
	for i := range p.InitContainers {
		s.container(&p.InitContainers[i])
	}
	for i := range p.Volumes {
		if v := &p.Volumes[i]; v.Projected != nil {
			v.Projected = share(s, patch.Hash(v.Projected), v.Projected)
		}
	}
	if p.SecurityContext != nil {
		p.SecurityContext = share(s, patch.Hash(p.SecurityContext), p.SecurityContext)
	}
	if len(p.Tolerations) > 0 {
		p.Tolerations = share(s, patch.Hash(&v1.PodSpec{Tolerations: p.Tolerations}), p.Tolerations)
	}
}

func (s *sharer) container(c *v1.Container) {
	text(s, &c.Name)
	text(s, &c.Image)
	text(s, &c.TerminationMessagePath)
	text(s, &c.TerminationMessagePolicy)
	text(s, &c.ImagePullPolicy)
	for i := range c.VolumeMounts {
		text(s, &c.VolumeMounts[i].MountPath)
	}
}

// text makes a text the shared copy of it. mu is held.
func text[T ~string](s *sharer, t *T) {
	if *t == "" {
		return
	}
	shared, ok := s.texts[string(*t)]
	if !ok {
		shared = string(*t)
		s.texts[shared] = shared
	}
	*t = T(shared)
}

// share returns the shared copy of a part that has this hash. mu is held.
func share[T any](s *sharer, hash uint64, part T) T {
	if shared, ok := s.parts[hash].(T); ok {
		return shared
	}
	s.parts[hash] = part
	return part
}
