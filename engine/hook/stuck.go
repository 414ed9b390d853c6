package hook

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Stuck is why a pod does not even get its sandbox, as the event about it tells: the status shows nothing but that the
// containers are being created.
type Stuck struct{ Reason, Message string }

// hindrance is how a kubelet words such a reason: what it puts in front of the cause, and a usual cause.
type hindrance struct {
	prefix, usual string
}

// hindrances are the reasons (Kubernetes: SyncPod of pkg/kubelet and pkg/kubelet/kuberuntime, pkg/volume/util/operationexecutor).
var hindrances = map[string]hindrance{
	"FailedCreatePodSandBox": {
		"Failed to create pod sandbox: ",
		"rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type=\"bridge\" failed (add): no IP addresses available in range set",
	},
	"FailedMount":        {"", "Unable to attach or mount volumes: unmounted volumes=[%s], unattached volumes=[], failed to process volumes=[]: context deadline exceeded"},
	"FailedAttachVolume": {"", "AttachVolume.Attach failed for volume %q : rpc error: code = Unavailable desc = the storage backend is down"},
	"NetworkNotReady": {
		"network is not ready: ",
		"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
	},
}

// stuck words a hindrance.
func stuck(reason string, message script.Value) *Stuck {
	h := hindrances[reason]
	text := h.usual
	if message.Kind() == script.Text {
		text = message.Text()
	}
	return &Stuck{Reason: reason, Message: h.prefix + strings.TrimPrefix(text, h.prefix)}
}

// About fills in what the usual words leave open: a volume of the pod.
func (s *Stuck) About(p *v1.Pod) Stuck {
	volume := "data"
	for i := range p.Spec.Volumes {
		if v := &p.Spec.Volumes[i]; v.Projected == nil { // not the token that every pod has
			volume = v.Name
			break
		}
	}
	if s.Message == hindrances[s.Reason].usual && strings.Contains(s.Message, "%") {
		return Stuck{s.Reason, fmt.Sprintf(s.Message, volume)}
	}
	return *s
}

// delayed reads delay(d), delay(d, reason) and delay(d, reason, message).
func delayed(v script.Value) (CreateAnswer, error) {
	d, err := tagDuration(v)
	args := v.Args()
	if err != nil || len(args) < 2 {
		return CreateAnswer{Delay: d}, err
	}
	reason := args[1].Text()
	if _, ok := hindrances[reason]; !ok {
		return CreateAnswer{}, fmt.Errorf("answer: unknown reason of a delay %q%s", reason, didYouMean(reason, slices.Sorted(maps.Keys(hindrances))))
	}
	message := script.Value{}
	if len(args) > 2 {
		message = args[2]
	}
	return CreateAnswer{Delay: d, Stuck: stuck(reason, message)}, nil
}

// word reads a reason alone: of an admission refusal, or of a pod that is stuck for good.
func word(reason string, message script.Value) (CreateAnswer, error) {
	if _, ok := hindrances[reason]; ok {
		return CreateAnswer{Delay: pod.Forever, Stuck: stuck(reason, message)}, nil
	}
	why, ok := refusals[reason]
	if !ok {
		known := append(keys(refusals), slices.Sorted(maps.Keys(hindrances))...)
		return CreateAnswer{}, fmt.Errorf("answer: unknown admission refusal %q%s", reason, didYouMean(reason, known))
	}
	if message.Kind() == script.Text {
		why = message.Text()
	}
	if why == "" {
		return CreateAnswer{Refuse: &pod.Rejection{Reason: reason}}, nil
	}
	return CreateAnswer{Refuse: pod.Rejected(reason, why)}, nil
}
