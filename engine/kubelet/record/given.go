package record

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// most is how many pods, and nodes, a story brings along. More are for a cluster.
const most = 200

// given writes what the scenario meets where there is no cluster: the pods and their nodes. Those of a DaemonSet are left
// out: they come with nodes.
func (s *Story) given(w *writer) {
	roles := slices.DeleteFunc(slices.Clone(s.Roles), func(r Role) bool { return r.Node != "" || r.Cast.Node == "" })
	if len(roles) > most {
		return
	}
	nodes := s.nodes(roles)
	if len(nodes) == 0 || len(nodes) > most {
		return
	}
	w.line("")
	w.line("-- What the scenario meets where there is no cluster.")
	w.open("given{")
	w.open("nodes = {")
	for _, n := range nodes {
		w.line("{ name = %s },", quote(n))
	}
	w.close("},")
	if len(roles) > 0 {
		w.open("pods = {")
		for _, r := range roles {
			w.line("%s,", r.cast())
		}
		w.close("},")
	}
	w.close("}")
}

// nodes are those of the pods and of the acts, each once.
func (s *Story) nodes(roles []Role) []string {
	var all []string
	for _, r := range roles {
		all = append(all, r.Cast.Node)
	}
	for _, a := range s.Acts {
		if a.Node != "" && a.Verb != "" {
			all = append(all, a.Node)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (r Role) cast() string {
	fields := []string{"namespace = " + quote(r.Namespace)}
	if stem, madeUp := strings.CutSuffix(r.Name, "*"); madeUp {
		fields = append(fields, "name = "+quote(strings.TrimSuffix(stem, "-")), fmt.Sprintf("count = %d", r.Cast.Count))
	} else {
		fields = append(fields, "name = "+quote(r.Name), "node = "+quote(r.Cast.Node))
	}
	return table(append(fields, "spec = "+spec(&r.Cast.Spec)))
}

// spec is what of a pod's spec its life depends on.
func spec(s *v1.PodSpec) string {
	var fields []string
	if s.RestartPolicy != "" && s.RestartPolicy != v1.RestartPolicyAlways {
		fields = append(fields, "restartPolicy = "+quote(string(s.RestartPolicy)))
	}
	if d := s.ActiveDeadlineSeconds; d != nil {
		fields = append(fields, fmt.Sprintf("activeDeadlineSeconds = %d", *d))
	}
	if len(s.InitContainers) > 0 {
		fields = append(fields, "initContainers = "+table(texts(s.InitContainers, container)))
	}
	return table(append(fields, "containers = "+table(texts(s.Containers, container))))
}

func container(c v1.Container) string {
	fields := []string{"name = " + quote(c.Name), "image = " + quote(c.Image)}
	if c.RestartPolicy != nil {
		fields = append(fields, "restartPolicy = "+quote(string(*c.RestartPolicy)))
	}
	if c.ImagePullPolicy == v1.PullAlways || c.ImagePullPolicy == v1.PullNever {
		fields = append(fields, "imagePullPolicy = "+quote(string(c.ImagePullPolicy)))
	}
	return table(fields)
}
