package web

import (
	"reflect"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// key is all that the protocol names pods by.
type key struct{ namespace, name string }

func keyOf(p *v1.Pod) key { return key{p.Namespace, p.Name} }

// known is what is remembered of a pod that the web provider has. Its pointers lead to what never changes.
type known struct {
	pod      *v1.Pod // as Kubernetes has it; of one found at the web provider and not yet claimed, as it was found
	uid      types.UID
	at       time.Time     // of the last call that put it there
	unsure   bool          // its createPod went wrong in a way that may have left it there all the same
	leaving  bool          // deletePod was accepted
	said     *v1.PodStatus // what the web provider said last; nil: nothing yet
	status   *v1.PodStatus // what was made of it, or, of an adopted pod, what Kubernetes had
	complete bool          // status was made of said for this very pod
}

// isOther says that it is another incarnation than that of uid. Providers that drop UIDs leave it open.
func (k known) isOther(uid types.UID) bool { return k.uid != "" && uid != "" && k.uid != uid }

func (k known) ref() kubelet.PodRef {
	return kubelet.PodRef{Namespace: k.pod.Namespace, Name: k.pod.Name, UID: k.uid}
}

// memory holds the pods that the web provider has, as far as we know. The kubelet half never makes two calls about one
// pod at a time; the lock is for all the others.
type memory struct {
	mu   sync.Mutex
	pods map[key]known // guarded by mu
}

func (m *memory) get(of key) (known, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.pods[of]
	return k, ok
}

// hold notes that the web provider has this pod, whatever else was known of its incarnation.
func (m *memory) hold(p *v1.Pod, unsure bool, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.pods[keyOf(p)]
	if k.isOther(p.UID) {
		k = known{}
	}
	k.pod, k.uid, k.at, k.unsure, k.complete = p, p.UID, at, unsure, false
	m.pods[keyOf(p)] = k
}

// found notes a pod that the web provider lists. What Kubernetes told us of that incarnation stays.
func (m *memory) found(p *v1.Pod) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.pods[keyOf(p)]; !ok || k.isOther(p.UID) {
		m.pods[keyOf(p)] = known{pod: p, uid: p.UID}
	}
}

// adopt claims what was found for a pod of Kubernetes, unless it is another incarnation.
func (m *memory) adopt(p *v1.Pod) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.pods[keyOf(p)]
	if k.isOther(p.UID) {
		return
	}
	k.pod, k.uid, k.complete = p, p.UID, false
	if k.status == nil {
		k.status = &p.Status
	}
	m.pods[keyOf(p)] = k
}

func (m *memory) leaving(of key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.pods[of]; ok {
		k.leaving = true
		m.pods[of] = k
	}
}

// forget drops a pod, unless the name has passed to another incarnation.
func (m *memory) forget(of key, uid types.UID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.pods[of]; ok && !k.isOther(uid) {
		delete(m.pods, of)
	}
}

// told takes what the web provider says of a pod, and gives the status that comes of it: the same pointer as long as it
// says the same.
func (m *memory) told(ref kubelet.PodRef, said *v1.PodStatus, now metav1.Time, nodeIP string) *v1.PodStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	of := key{ref.Namespace, ref.Name}
	k, ok := m.pods[of]
	if !ok {
		k = known{pod: &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ref.Namespace, Name: ref.Name, UID: ref.UID}}, uid: ref.UID}
	}
	if k.uid == "" {
		k.uid = ref.UID
	}
	k.unsure = false
	if !k.complete || !reflect.DeepEqual(k.said, said) {
		k.said, k.complete = said, true
		k.status = complete(account{pod: k.pod, said: said, before: k.status, now: now, nodeIP: nodeIP})
	}
	m.pods[of] = k
	return k.status
}

// live lists the pods whose status may still change.
func (m *memory) live() []kubelet.PodRef {
	m.mu.Lock()
	defer m.mu.Unlock()
	var refs []kubelet.PodRef
	for _, k := range m.pods {
		if k.status == nil || !isTerminal(k.status.Phase) || k.leaving {
			refs = append(refs, k.ref())
		}
	}
	return refs
}
