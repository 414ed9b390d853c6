package pod

import (
	"fmt"

	v1 "k8s.io/api/core/v1"
)

// leave ends the current run of a container; by is who decided that.
func (m *machine) leave(i int, e Exit, by string) {
	c := &m.Containers[i]
	rule := m.exitRule(i, e.Code)
	c.Before, c.Ended = c.Ended, newEnded(c, m.at, e)
	changed := c.Changed
	c.clear()
	m.event(c.Name, exitType(e.Code), "Exited", exitText(c.Ended), by)
	m.ruled(rule)
	switch {
	case m.Ending != nil:
		c.Stage, c.Due = done, never
	case changed:
		m.queue(c, m.at)
	case restarts(m.p, i, e.Code):
		c.Stage, c.Due = exited, m.at.plus(shown)
	default:
		c.Stage, c.Due = done, never
	}
}

// clear forgets the current run.
func (c *containerLife) clear() {
	c.Plan, c.Pull, c.Waiting, c.Changed = nil, nil, nil, false
	c.Started, c.Reached, c.Ready, c.Told, c.Hung = false, false, false, 0, false
	c.Start, c.Flipped, c.Term, c.Kill, c.Asked = never, never, never, never, never
}

func exitType(code int32) string {
	if code == 0 {
		return v1.EventTypeNormal
	}
	return v1.EventTypeWarning
}

func exitText(e *ended) string {
	text := fmt.Sprintf("exit code %d, %s", e.Code, e.Reason)
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// restarts says whether the ith container runs again after that exit code.
func restarts(p *v1.Pod, i int, code int32) bool {
	policy, kind := p.Spec.RestartPolicy, kindOf(p, i)
	switch {
	case kind == Sidecar:
		return true
	case policy == v1.RestartPolicyNever:
		return false
	case kind == Init, policy == v1.RestartPolicyOnFailure:
		return code != 0
	default:
		return true
	}
}

// afterExit decides when a container runs again.
func (m *machine) afterExit(c *containerLife) {
	delay := c.Crash.wait(c.Ended.Finished)
	until := c.Ended.Finished.plus(delay)
	if until <= m.at {
		m.restart(c)
		return
	}
	c.Stage, c.Due = backOff, until
	c.Waiting = &refusal{
		Reason:  "CrashLoopBackOff",
		Message: fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", delay, c.Name, title(m.p)),
	}
	m.event(c.Name, v1.EventTypeWarning, "BackOff",
		fmt.Sprintf("Back-off restarting failed container %s in pod %s", c.Name, title(m.p)), "")
	m.ruled(crashRule(c, delay))
}

// title is how the kubelet names a pod in messages.
func title(p *v1.Pod) string { return fmt.Sprintf("%s_%s(%s)", p.Name, p.Namespace, p.UID) }

func (m *machine) restart(c *containerLife) {
	c.Crash = c.Crash.grown(c.Ended.Finished, m.at)
	m.queue(c, m.at)
}
