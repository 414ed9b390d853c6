package provider

import (
	"bytes"
	"context"
	"strings"
	"sync"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// leanLimit is where the last client of the web-provider API (Virtual Kubelet v0.10) cuts an answer off, which it then
// cannot parse.
const leanLimit = 1_000_000

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// diets are tried in order until the list fits: each says whether an annotation may stay.
var diets = []func(key, value string) bool{
	func(key, _ string) bool { return key != lastApplied },
	func(key, value string) bool { return key != lastApplied && len(value) <= 256 },
	func(key, _ string) bool { return strings.HasPrefix(key, "moonlet.dev/") },
}

// PodsJSON is all pods as a bare array, by namespace and name. Where that is over a million bytes, annotations are
// left out, large ones first, as far as it takes; the pods themselves always are all there. The bytes must not be
// changed.
func (p *Provider) PodsJSON(ctx context.Context) ([]byte, error) {
	list := p.store.List()
	if cached := p.listing.of(list); cached != nil {
		return cached, nil
	}
	pods, fixed := p.freshAll(ctx, list)
	pods, err := encodedAll(pods)
	if err != nil {
		return nil, err
	}
	out := join(pods, objectJSON)
	for _, stays := range diets {
		if len(out) <= leanLimit || statusBytes(pods) > leanLimit {
			break
		}
		out = join(pods, func(pod *state.Pod) []byte { return leanJSON(pod, stays) })
	}
	if fixed {
		p.listing.keep(list, out)
	}
	return out, nil
}

// freshAll asks status hooks that want to be asked on every call; fixed says that there was none.
func (p *Provider) freshAll(ctx context.Context, list []*state.Pod) (pods []*state.Pod, fixed bool) {
	pods, fixed = list, true
	for i, pod := range list {
		if !extraOf(pod).always {
			continue
		}
		if fixed {
			pods, fixed = append([]*state.Pod(nil), list...), false
		}
		pods[i] = p.fresh(ctx, pod)
	}
	return pods, fixed
}

// statusBytes is what no diet makes smaller: where it is over the limit alone, nothing is left out in vain.
func statusBytes(pods []*state.Pod) (n int) {
	for _, pod := range pods {
		n += len(pod.StatusJSON)
	}
	return n
}

func objectJSON(pod *state.Pod) []byte { return pod.ObjectJSON }

// leanJSON encodes a pod's metadata and spec with only the annotations that stay.
func leanJSON(pod *state.Pod, stays func(key, value string) bool) []byte {
	o := ownCopy(pod.Object)
	o.Annotations = keep(o.Annotations, stays)
	if len(o.Annotations) == len(pod.Object.Annotations) {
		return pod.ObjectJSON
	}
	b, err := encodeObject(o)
	if err != nil {
		return pod.ObjectJSON // it could be encoded whole
	}
	return b
}

func keep(annotations map[string]string, stays func(key, value string) bool) map[string]string {
	out := map[string]string{}
	for k, v := range annotations {
		if stays(k, v) {
			out[k] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func join(pods []*state.Pod, object func(*state.Pod) []byte) []byte {
	size := 2
	for _, pod := range pods {
		size += len(pod.ObjectJSON) + len(pod.StatusJSON) + len(`"status":},`)
	}
	b := bytes.NewBuffer(make([]byte, 0, size))
	b.WriteByte('[')
	for i, pod := range pods {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(object(pod))
		b.WriteString(`"status":`)
		b.Write(pod.StatusJSON)
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes()
}

// listingCache keeps the answer to the latest list: the lab's page asks for it every second.
type listingCache struct {
	mu   sync.Mutex
	list []*state.Pod // guarded by mu
	json []byte       // guarded by mu
}

func (c *listingCache) of(list []*state.Pod) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.json == nil || len(list) != len(c.list) || len(list) > 0 && &list[0] != &c.list[0] {
		return nil
	}
	return c.json
}

func (c *listingCache) keep(list []*state.Pod, json []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list, c.json = list, json
}
