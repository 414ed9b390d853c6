package kubeletapi

import (
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// ledger keeps CPU time from falling. Who reads a counter takes a smaller number for a mistake or a restart, yet a
// provider tells only of containers that run: what ended ones had used stays on their pod's account, and what ended pods
// had used on their node's. It knows what was seen when somebody looked, and no more.
type ledger struct {
	began time.Time

	mu    sync.Mutex
	nodes map[string]*nodeAccount // guarded by mu
}

type nodeAccount struct {
	ended float64 // CPU seconds of pods that are no more
	pods  map[kubelet.PodRef]*podAccount
}

type podAccount struct {
	ended float64 // CPU seconds of runs that are over
	runs  map[string]run
}

type run struct {
	started time.Time
	used    float64
}

func newLedger(now time.Time) *ledger {
	return &ledger{began: now, nodes: map[string]*nodeAccount{}}
}

// book takes in what the pods of a node use now, and returns the CPU seconds of each, in their order, and of all pods
// the node ever had.
func (l *ledger) book(node string, now []kubelet.PodUsage) (pods []float64, all float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	account := l.nodes[node]
	if account == nil {
		account = &nodeAccount{}
		l.nodes[node] = account
	}
	left := account.pods
	account.pods = make(map[kubelet.PodRef]*podAccount, len(now))
	for _, usage := range now {
		ref := kubelet.RefTo(usage.Pod)
		pod := left[ref]
		if pod == nil {
			pod = &podAccount{}
		}
		delete(left, ref)
		pods = append(pods, pod.book(usage.Containers))
		account.pods[ref] = pod
	}
	for _, gone := range left {
		account.ended += gone.total()
	}
	all = account.ended
	for _, used := range pods {
		all += used
	}
	return pods, all
}

func (p *podAccount) book(now []kubelet.ContainerUsage) float64 {
	left := p.runs
	p.runs = make(map[string]run, len(now))
	for _, c := range now {
		before, known := left[c.Name]
		if known && !before.started.Equal(c.Started) {
			p.ended += before.used
		}
		delete(left, c.Name)
		p.runs[c.Name] = run{c.Started, c.CPUSeconds}
	}
	for _, over := range left {
		p.ended += over.used
	}
	return p.total()
}

func (p *podAccount) total() float64 {
	sum := p.ended
	for _, one := range p.runs {
		sum += one.used
	}
	return sum
}
