package hook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/nearest"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// CreateAnswer is what on_create or on_update said.
type CreateAnswer struct {
	Reject *fault.Asked   // the call fails that way
	Refuse *pod.Rejection // the pod is stored as Failed, as a kubelet refuses at admission; without a message: the node is full
	Delay  time.Duration  // the change is stored at once and takes effect that much later
	Stuck  *Stuck         // why that is so; nil: for no reason that is told
}

// DeleteAnswer is what on_delete said.
type DeleteAnswer struct {
	Reject      *fault.Asked
	Termination *pod.Termination // nil: as the runs themselves say
}

// refusals are the reasons with which a kubelet refuses a pod at admission, each with what it says when the script says
// nothing (Kubernetes: pkg/kubelet/lifecycle, the eviction, shutdown and topology managers). Of those without text the numbers are the node's.
var refusals = map[string]string{
	"OutOfcpu":                      "",
	"OutOfmemory":                   "",
	"OutOfpods":                     "",
	"OutOfephemeral-storage":        "",
	"NodeAffinity":                  "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
	"NodeName":                      "Predicate NodeName failed: node(s) didn't match the requested node name",
	"NodePorts":                     "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
	"TaintToleration":               "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
	"UnexpectedAdmissionError":      "Allocate failed due to no healthy devices present; cannot allocate unhealthy devices, which is unexpected",
	"PodOSNotSupported":             "Failed to admit pod as the OS field doesn't match node OS",
	"TopologyAffinityError":         "Resources cannot be allocated with Topology locality",
	"VolumeAttachmentLimitExceeded": "volume attachment limit exceeded",
	"AppArmor":                      "Cannot enforce AppArmor: AppArmor is not enabled on the host",
	"SysctlForbidden":               "forbidden sysctl: \"kernel.msgmax\" not allowlisted",
	"NodeShutdown":                  "Pod was rejected as the node is shutting down.",
	"Evicted":                       "The node had condition: [DiskPressure]. ",
}

// pullFailures are the reasons a kubelet gives for an image it could not get, each with a runtime's usual text.
var pullFailures = map[string]string{
	"ErrImagePull":              "failed to pull and unpack image %q: not found",
	"ErrImageNeverPull":         "Container image %q is not present with pull policy of Never",
	"InvalidImageName":          "Failed to apply default image tag %q: couldn't parse image name",
	"ImageInspectError":         "Failed to inspect image %q: rpc error: code = Unavailable desc = connection error",
	"RegistryUnavailable":       "", // the machine has the words for these
	"SignatureValidationFailed": "",
}

// updateAnswer reads the answer of on_update.
func updateAnswer(a script.Answer) (CreateAnswer, error) {
	answer, err := createAnswer(a)
	if err == nil && (answer.Refuse != nil || answer.Stuck != nil) {
		return CreateAnswer{}, fmt.Errorf("answer: only on_create may refuse a pod or say why it is late: return nothing, reject(code, why) or delay(d)")
	}
	return answer, err
}

// createAnswer reads the answer of on_create.
func createAnswer(a script.Answer) (CreateAnswer, error) {
	v, second := value(a, 0), value(a, 1)
	switch {
	case v.Kind() == script.Nil:
		return CreateAnswer{}, nil
	case v.Tag() == "reject":
		asked, err := rejection(v)
		return CreateAnswer{Reject: asked}, err
	case v.Tag() == "delay":
		return delayed(v)
	case v.Kind() == script.Text:
		return word(v.Text(), second)
	default:
		return CreateAnswer{}, fmt.Errorf("answer: %s is not an answer of this hook: return nothing, reject(code, why), delay(d), an admission refusal or what keeps it from its sandbox", describe(v))
	}
}

// deleteAnswer reads the answer of on_delete.
func deleteAnswer(a script.Answer) (DeleteAnswer, error) {
	v := value(a, 0)
	switch {
	case v.Kind() == script.Nil:
		return DeleteAnswer{}, nil
	case v.Tag() == "reject":
		asked, err := rejection(v)
		return DeleteAnswer{Reject: asked}, err
	case v.Kind() == script.Bool && !v.Bool():
		return DeleteAnswer{Termination: &pod.Termination{Never: true}}, nil
	}
	d, err := durationOrDelay(v)
	if err != nil && v.Tag() == "delay" {
		return DeleteAnswer{}, err
	}
	if err != nil {
		return DeleteAnswer{}, fmt.Errorf("answer: %s is not an answer of this hook: return nothing, a duration, false (never) or reject(code, why)", describe(v))
	}
	return DeleteAnswer{Termination: &pod.Termination{After: d}}, nil
}

// pullAnswer reads the answer of on_pull for an image.
func pullAnswer(a script.Answer, image string) (pod.Pull, error) {
	v, second := value(a, 0), value(a, 1)
	switch kind := v.Kind(); {
	case kind == script.Nil:
		return pod.Pull{}, nil
	case kind == script.Table:
		return pullTable(v, image)
	case kind == script.Text && !startsDuration(v.Text()):
		return pullFailure(v.Text(), second, image)
	}
	d, err := durationOrDelay(v)
	return pod.Pull{After: d}, err
}

func pullTable(v script.Value, image string) (pod.Pull, error) {
	var t struct {
		After  duration `json:"after"`
		Error  string   `json:"error"`
		Reason string   `json:"reason"`
	}
	if err := v.Decode("answer", &t); err != nil {
		return pod.Pull{}, err
	}
	p := pod.Pull{After: time.Duration(t.After), Reason: t.Reason, Message: t.Error}
	if p.Reason == "" && p.Message != "" {
		p.Reason = "ErrImagePull"
	}
	if p.Reason == "" {
		return p, nil
	}
	text, err := reasonText(p.Reason, pullFailures, "pull failure")
	if p.Message == "" {
		p.Message = usualText(text, image)
	}
	return p, err
}

func pullFailure(reason string, text script.Value, image string) (pod.Pull, error) {
	format, err := reasonText(reason, pullFailures, "duration or pull failure")
	if err != nil {
		return pod.Pull{}, err
	}
	if text.Kind() == script.Text {
		return pod.Pull{Reason: reason, Message: text.Text()}, nil
	}
	return pod.Pull{Reason: reason, Message: usualText(format, image)}, nil
}

func usualText(format, image string) string {
	if format == "" {
		return ""
	}
	return fmt.Sprintf(format, image)
}

// reasonText checks a reason against those a kubelet has and gives the message that goes with it.
func reasonText(reason string, known map[string]string, what string) (string, error) {
	text, ok := known[reason]
	if !ok {
		return "", fmt.Errorf("answer: unknown %s %q%s", what, reason, didYouMean(reason, keys(known)))
	}
	return text, nil
}

// rejection reads what reject(code, why) returned.
func rejection(v script.Value) (*fault.Asked, error) {
	args := v.Args()
	if len(args) == 0 || args[0].Kind() != script.Number {
		return nil, fmt.Errorf("answer: reject wants an HTTP status and a reason: reject(503, \"out of capacity\")")
	}
	code := int(args[0].Number())
	if code < 400 || code > 599 {
		return nil, fmt.Errorf("answer: reject(%d): want an HTTP status from 400 to 599", code)
	}
	f := fault.Fault{Code: code}
	if len(args) > 1 {
		f.Message = args[1].Text()
	}
	return &fault.Asked{Fault: f}, nil
}

// value is the nth value of an answer; Nil where there are fewer.
func value(a script.Answer, n int) script.Value {
	if n >= len(a.Values) {
		return script.Value{}
	}
	return a.Values[n]
}

func tagDuration(v script.Value) (time.Duration, error) {
	args := v.Args()
	if len(args) == 0 {
		return 0, fmt.Errorf("answer: %s wants a duration: %s(\"2s\")", v.Tag(), v.Tag())
	}
	return args[0].Duration("answer")
}

func durationOrDelay(v script.Value) (time.Duration, error) {
	if v.Tag() == "delay" || v.Tag() == "latency" {
		if len(v.Args()) > 1 {
			return 0, fmt.Errorf("answer: a delay has a reason only in on_create: return delay(d)")
		}
		return tagDuration(v)
	}
	return v.Duration("answer")
}

// startsDuration tells "2s" and "90" from the word of a reason.
func startsDuration(s string) bool {
	return s != "" && strings.ContainsRune("0123456789.+-", rune(s[0]))
}

func describe(v script.Value) string {
	switch v.Kind() {
	case script.Text:
		return fmt.Sprintf("%q", v.Text())
	case script.Tagged:
		return v.Tag() + "()"
	default:
		return "a " + v.Kind().String()
	}
}

func didYouMean(word string, known []string) string {
	if near := nearest.To(word, known); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return " (known: " + strings.Join(known, ", ") + ")"
}

func keys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
