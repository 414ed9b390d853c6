package pod

import (
	"fmt"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
)

const (
	// shown is how long a kubelet shows a failure before it notes what it will do about it.
	shown = time.Second
	// retry is how often a kubelet tries again what has no back-off of its own.
	retry = 10 * time.Second
	// atLeast is how long an answer lives at least, or asking would take all the time.
	atLeast = 10 * time.Millisecond
)

// pull is an answer to on_pull being played.
type pull struct {
	After   time.Duration `json:"after,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	Message string        `json:"message,omitempty"`
	Floor   instant       `json:"floor,omitempty"` // the answer came late: nothing of it happens before
	Expires instant       `json:"expires,omitempty"`
	By      string        `json:"by,omitempty"`
}

// bring begins a start of the container: with its image.
func (m *machine) bring(i int) {
	c, spec := &m.Containers[i], specOf(m.p, i)
	policy := pullPolicy(spec)
	if c.Present && policy != v1.PullAlways {
		m.event(c.Name, v1.EventTypeNormal, "Pulled", fmt.Sprintf("Container image %q already present on machine", spec.Image), "")
		m.try(i)
		return
	}
	c.Pulls++
	c.Stage, c.Asked = pulling, m.at
	c.Pull = m.askPull(i)
	if policy != v1.PullNever {
		m.event(c.Name, v1.EventTypeNormal, "Pulling", fmt.Sprintf("Pulling image %q", spec.Image), c.Pull.By)
	}
}

// askPull asks how the pull of the container's image goes.
func (m *machine) askPull(i int) *pull {
	c := &m.Containers[i]
	a := m.ask.Pull(m.question(i, c.Pulls))
	return &pull{After: max(a.After, 0), Reason: a.Reason, Message: a.Message, Expires: m.expiry(a.Expires), By: a.By}
}

func (m *machine) question(i, number int) Question {
	c := &m.Containers[i]
	q := Question{Container: specOf(m.p, i), Kind: kindOf(m.p, i), Number: number, At: c.Asked.time(), Now: m.at.time()}
	if c.Ended != nil {
		q.Previous = c.Ended.state(c.Name, m.p)
	}
	return q
}

// expiry is when an answer given now must be asked for again.
func (m *machine) expiry(t time.Time) instant {
	if t.IsZero() {
		return never
	}
	return max(moment(t), m.at.plus(atLeast))
}

func (m *machine) stepPull(i int) {
	c := &m.Containers[i]
	if m.at < max(c.Asked.plus(c.Pull.After), c.Pull.Floor, m.Floor) {
		m.askPullAgain(i)
		return
	}
	if c.Pull.Reason == "" {
		m.pulled(i)
		return
	}
	m.failPull(i)
}

// askPullAgain asks the open question of a pull once more. What thereby should have happened already happens now.
func (m *machine) askPullAgain(i int) {
	c := &m.Containers[i]
	old, answer := *c.Pull, m.askPull(i)
	answer.Floor = m.at
	if old.After == answer.After && old.Reason == answer.Reason && old.Message == answer.Message {
		answer.Floor = old.Floor
	}
	if *answer == old {
		answer = c.Pull
	}
	c.Pull = answer
}

func (m *machine) pulled(i int) {
	c, spec := &m.Containers[i], specOf(m.p, i)
	message := fmt.Sprintf("Container image %q already present on machine", spec.Image)
	if pullPolicy(spec) != v1.PullNever {
		took := time.Duration(m.at - c.Asked).Round(time.Millisecond)
		message = fmt.Sprintf("Successfully pulled image %q in %s (%s including waiting)", spec.Image, took, took)
	}
	m.event(c.Name, v1.EventTypeNormal, "Pulled", message, c.Pull.By)
	c.Present, c.Pull = true, nil
	m.try(i)
}

// noBackOff are the failures of which the registry is innocent: they are simply tried again.
var noBackOff = map[string]bool{"ErrImageNeverPull": true, "InvalidImageName": true, "ImageInspectError": true}

func (m *machine) failPull(i int) {
	c, image := &m.Containers[i], specOf(m.p, i).Image
	reason, by := c.Pull.Reason, c.Pull.By
	shows, told := pullTexts(*c.Pull, image)
	c.Waiting = &refusal{Reason: reason, Message: shows}
	if noBackOff[reason] {
		c.Pull = nil
		m.queue(c, m.at.plus(retry))
		m.event(c.Name, v1.EventTypeWarning, pullEvent(reason), c.Waiting.Message, by)
		m.event(c.Name, v1.EventTypeWarning, "Failed", "Error: "+reason, by)
		return
	}
	c.PullBack = c.PullBack.grown(m.at, m.at)
	c.Stage, c.Due = failed, m.at.plus(shown)
	m.event(c.Name, v1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", image, told), by)
	m.event(c.Name, v1.EventTypeWarning, "Failed", "Error: "+reason, by)
}

// theirFault is how the kubelet words the failures for which runtimes have a name (Kubernetes: evalCRIPullErr in
// pkg/kubelet/images).
var theirFault = map[string]string{
	"RegistryUnavailable":       "image pull failed for %s because the registry is unavailable",
	"SignatureValidationFailed": "image pull failed for %s because the signature validation failed",
}

// pullTexts are what the status shows of a failed pull, and what the event tells.
func pullTexts(p pull, image string) (shows, told string) {
	format, ok := theirFault[p.Reason]
	if !ok {
		return p.Message, p.Message
	}
	detail := ""
	if p.Message != "" {
		detail = ": " + p.Message
	}
	return fmt.Sprintf(format, image) + detail, p.Reason + detail
}

func pullEvent(reason string) string {
	if reason == "ErrImageNeverPull" {
		return reason
	}
	return "InspectFailed"
}

// showPullBackOff calls a failed pull what it is until it is tried again.
func (m *machine) showPullBackOff(i int) {
	c, image := &m.Containers[i], specOf(m.p, i).Image
	c.Waiting = &refusal{
		Reason:  "ImagePullBackOff",
		Message: fmt.Sprintf("Back-off pulling image %q: %s: %s", image, c.Waiting.Reason, c.Waiting.Message),
	}
	c.Pull = nil
	m.queue(c, c.PullBack.Updated.plus(c.PullBack.Delay))
	m.event(c.Name, v1.EventTypeNormal, "BackOff", fmt.Sprintf("Back-off pulling image %q", image), "")
	m.ruled(pullRule(c))
	m.event(c.Name, v1.EventTypeWarning, "Failed", "Error: ImagePullBackOff", "")
}

// pullPolicy is the container's, or what the API server would have filled in.
func pullPolicy(c *v1.Container) v1.PullPolicy {
	switch {
	case c.ImagePullPolicy != "":
		return c.ImagePullPolicy
	case imageTag(c.Image) == "latest":
		return v1.PullAlways
	default:
		return v1.PullIfNotPresent
	}
}

// imageTag is the tag of an image, latest where none is named, "" where a digest is.
func imageTag(image string) string {
	if strings.Contains(image, "@") {
		return ""
	}
	name := image[strings.LastIndexByte(image, '/')+1:]
	if _, tag, ok := strings.Cut(name, ":"); ok {
		return tag
	}
	return "latest"
}
