package pod

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
)

// The kubelet's rules in words, as [Event.Rule] and [Next.Rule] tell them: short, with their figures.

// crashRule says by which rule a container that just ended is started again after that delay.
func crashRule(c *containerLife, delay time.Duration) string {
	how := "crash"
	if c.Ended != nil && c.Ended.Code == 0 {
		how = "exit"
	}
	nth := Ordinal(int(c.Restarts)+1) + " " + how
	if delay <= 0 {
		return "no back-off after the " + nth
	}
	return "back-off " + delay.String() + " after the " + nth
}

// pullRule says by which rule an image is pulled again.
func pullRule(c *containerLife) string {
	return "back-off " + c.PullBack.Delay.String() + " after the " + Ordinal(c.Pulls) + " failed pull"
}

// retryRule says by which rule something is tried again that has no back-off.
var retryRule = "tried again every " + retry.String()

// exitRule says by which rule a container that ended does or does not run again.
func (m *machine) exitRule(i int, code int32) string {
	switch c := &m.Containers[i]; {
	case c.Changed:
		return "its definition changed: it starts anew"
	case m.Ending != nil && m.Ending.Deleted:
		return "the pod is being deleted: it stays down"
	case m.Ending != nil:
		return "the pod ends: it stays down"
	}
	return policyText(m.p, i) + againText(restarts(m.p, i, code))
}

func againText(again bool) string {
	if again {
		return ": it runs again"
	}
	return ": it does not run again"
}

// policyText names the policy that decides whether the ith container runs again.
func policyText(p *v1.Pod, i int) string {
	switch kindOf(p, i) {
	case Sidecar:
		return "sidecar"
	case Init:
		return "init container, restart policy " + string(policyOf(p))
	default:
		return "restart policy " + string(policyOf(p))
	}
}

func policyOf(p *v1.Pod) v1.RestartPolicy {
	return cmp.Or(p.Spec.RestartPolicy, v1.RestartPolicyAlways)
}

// stopRule says what a container is ended by, once it was told to stop.
func (m *memory) stopRule(c *containerLife, killed bool) string {
	if !killed {
		return "its answer to SIGTERM"
	}
	if c.Kill <= c.Term {
		return "SIGKILL at once: no grace"
	}
	return fmt.Sprintf("SIGKILL after %s of grace", time.Duration(c.Kill-c.Term))
}

// Ordinal is a number as the place in a row: 1st, 2nd, 3rd, 11th.
func Ordinal(n int) string {
	suffix := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
