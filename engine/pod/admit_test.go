package pod_test

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

func affinity(terms ...v1.NodeSelectorTerm) edit {
	return func(p *v1.Pod) {
		p.Spec.Affinity = &v1.Affinity{NodeAffinity: &v1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &v1.NodeSelector{NodeSelectorTerms: terms},
		}}
	}
}

func expr(key string, op v1.NodeSelectorOperator, values ...string) v1.NodeSelectorTerm {
	return v1.NodeSelectorTerm{MatchExpressions: []v1.NodeSelectorRequirement{{Key: key, Operator: op, Values: values}}}
}

func field(values ...string) v1.NodeSelectorTerm {
	return v1.NodeSelectorTerm{MatchFields: []v1.NodeSelectorRequirement{{Key: "metadata.name", Operator: v1.NodeSelectorOpIn, Values: values}}}
}

func tolerates(all ...v1.Toleration) edit {
	return func(p *v1.Pod) { p.Spec.Tolerations = all }
}

func TestAdmit(t *testing.T) {
	const (
		selector = "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
		taints   = "Pod was rejected: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
	)
	none := func(*v1.Pod) {}
	noSchedule := func(n *pod.Allocation) {
		n.Taints = []v1.Taint{{Key: "k", Value: "v", Effect: v1.TaintEffectNoSchedule}}
	}
	noExecute := func(n *pod.Allocation) { n.Taints = []v1.Taint{{Key: "k", Effect: v1.TaintEffectNoExecute}} }
	keep := func(*pod.Allocation) {}
	for name, c := range map[string]struct {
		pod  edit
		node func(*pod.Allocation)
		want string // reason: message; "": admitted
	}{
		"a pod that asks for nothing": {none, keep, ""},
		"cpu in thousandths": {
			asking(v1.ResourceCPU, "1500m"), keep,
			"OutOfcpu: Pod was rejected: Node didn't have enough resource: cpu, requested: 1500, used: 3000, capacity: 4000",
		},
		"exactly what is left": {asking(v1.ResourceCPU, "1"), keep, ""},
		"memory in bytes": {
			asking(v1.ResourceMemory, "5Gi"), keep,
			"OutOfmemory: Pod was rejected: Node didn't have enough resource: memory, requested: 5368709120, used: 0, capacity: 4294967296",
		},
		"ephemeral storage": {asking(v1.ResourceEphemeralStorage, "2Gi"), func(n *pod.Allocation) {
			n.Allocatable[v1.ResourceEphemeralStorage] = resource.MustParse("1Gi")
		}, "OutOfephemeral-storage: Pod was rejected: Node didn't have enough resource: ephemeral-storage, requested: 2147483648, used: 0, capacity: 1073741824"},
		"an extended resource": {asking("nvidia.com/gpu", "2"), func(n *pod.Allocation) {
			n.Allocatable["nvidia.com/gpu"] = resource.MustParse("1")
		}, "OutOfnvidia.com/gpu: Pod was rejected: Node didn't have enough resource: nvidia.com/gpu, requested: 2, used: 0, capacity: 1"},
		"a resource the node does not name": {asking("nvidia.com/gpu", "2"), keep, ""},
		"pods come first": {
			asking(v1.ResourceCPU, "9"), func(n *pod.Allocation) { n.Pods = 110 },
			"OutOfpods: Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 110, capacity: 110",
		},
		"selector that matches":  {func(p *v1.Pod) { p.Spec.NodeSelector = map[string]string{"zone": "a"} }, keep, ""},
		"selector that does not": {func(p *v1.Pod) { p.Spec.NodeSelector = map[string]string{"zone": "b"} }, keep, "NodeAffinity: " + selector},
		"In":                     {affinity(expr("zone", v1.NodeSelectorOpIn, "b", "a")), keep, ""},
		"In, other":              {affinity(expr("zone", v1.NodeSelectorOpIn, "b")), keep, "NodeAffinity: " + selector},
		"In, no such label":      {affinity(expr("rack", v1.NodeSelectorOpIn, "")), keep, "NodeAffinity: " + selector},
		"NotIn":                  {affinity(expr("zone", v1.NodeSelectorOpNotIn, "b")), keep, ""},
		"NotIn, no such label":   {affinity(expr("rack", v1.NodeSelectorOpNotIn, "b")), keep, ""},
		"NotIn, there":           {affinity(expr("zone", v1.NodeSelectorOpNotIn, "a")), keep, "NodeAffinity: " + selector},
		"Exists":                 {affinity(expr("zone", v1.NodeSelectorOpExists)), keep, ""},
		"Exists, not":            {affinity(expr("rack", v1.NodeSelectorOpExists)), keep, "NodeAffinity: " + selector},
		"DoesNotExist":           {affinity(expr("rack", v1.NodeSelectorOpDoesNotExist)), keep, ""},
		"DoesNotExist, there":    {affinity(expr("zone", v1.NodeSelectorOpDoesNotExist)), keep, "NodeAffinity: " + selector},
		"Gt":                     {affinity(expr("cores", v1.NodeSelectorOpGt, "7")), keep, ""},
		"Gt, equal":              {affinity(expr("cores", v1.NodeSelectorOpGt, "8")), keep, "NodeAffinity: " + selector},
		"Lt":                     {affinity(expr("cores", v1.NodeSelectorOpLt, "9")), keep, ""},
		"Lt, not a number":       {affinity(expr("zone", v1.NodeSelectorOpLt, "9")), keep, "NodeAffinity: " + selector},
		"Gt, two values":         {affinity(expr("cores", v1.NodeSelectorOpGt, "1", "2")), keep, "NodeAffinity: " + selector},
		"an unknown operator":    {affinity(expr("zone", "Like", "a")), keep, "NodeAffinity: " + selector},
		"one of two terms":       {affinity(expr("zone", v1.NodeSelectorOpIn, "b"), field("node-1")), keep, ""},
		"another node by field":  {affinity(field("node-2")), keep, "NodeAffinity: " + selector},
		"an empty term":          {affinity(v1.NodeSelectorTerm{}), keep, "NodeAffinity: " + selector},
		"bound to this node":     {func(p *v1.Pod) { p.Spec.NodeName = "node-1" }, keep, ""},
		"bound to another node": {
			func(p *v1.Pod) { p.Spec.NodeName = "node-2" }, keep,
			"NodeName: Pod was rejected: Predicate NodeName failed: node(s) didn't match the requested node name",
		},
		"NoSchedule":            {none, noSchedule, "TaintToleration: " + taints},
		"NoExecute":             {none, noExecute, "TaintToleration: " + taints},
		"PreferNoSchedule":      {none, func(n *pod.Allocation) { n.Taints = []v1.Taint{{Key: "k", Effect: v1.TaintEffectPreferNoSchedule}} }, ""},
		"tolerated by value":    {tolerates(v1.Toleration{Key: "k", Value: "v"}), noSchedule, ""},
		"another value":         {tolerates(v1.Toleration{Key: "k", Value: "w"}), noSchedule, "TaintToleration: " + taints},
		"another effect":        {tolerates(v1.Toleration{Key: "k", Value: "v", Effect: v1.TaintEffectNoExecute}), noSchedule, "TaintToleration: " + taints},
		"tolerated by key":      {tolerates(v1.Toleration{Key: "k", Operator: v1.TolerationOpExists}), noSchedule, ""},
		"everything tolerated":  {tolerates(v1.Toleration{Operator: v1.TolerationOpExists}), noExecute, ""},
		"an unknown toleration": {tolerates(v1.Toleration{Key: "k", Value: "v", Operator: "Like"}), noSchedule, "TaintToleration: " + taints},
	} {
		t.Run(name, func(t *testing.T) {
			n := pod.Allocation{
				NodeName: "node-1", Labels: map[string]string{"zone": "a", "cores": "8"},
				Allocatable: list("4", "4Gi", "110"), Used: v1.ResourceList{v1.ResourceCPU: resource.MustParse("3")}, Pods: 3,
			}
			c.node(&n)
			got := ""
			if r := pod.Admit(web(c.pod), n); r != nil {
				got = r.Reason + ": " + r.Message
			}
			same(t, "rejection", got, c.want)
		})
	}
}

func TestRequests(t *testing.T) {
	cpu := func(q string) v1.ResourceRequirements {
		return v1.ResourceRequirements{Requests: v1.ResourceList{v1.ResourceCPU: resource.MustParse(q)}}
	}
	inits := func(all ...string) edit {
		return func(p *v1.Pod) {
			for i, q := range all {
				p.Spec.InitContainers[i].Resources = cpu(q)
			}
		}
	}
	for name, c := range map[string]struct {
		edits []edit
		want  string
	}{
		"a sum":                            {[]edit{withApp("b"), asking(v1.ResourceCPU, "1"), func(p *v1.Pod) { p.Spec.Containers[1].Resources = cpu("2") }}, "3"},
		"an init container at its peak":    {[]edit{withInit("a"), inits("5"), asking(v1.ResourceCPU, "1")}, "5"},
		"init containers one by one":       {[]edit{withInit("a", "b"), inits("5", "4"), asking(v1.ResourceCPU, "1")}, "5"},
		"sidecars beside the rest":         {[]edit{withSidecar("s"), inits("2"), asking(v1.ResourceCPU, "1")}, "3"},
		"sidecars beside later inits":      {[]edit{withSidecar("s"), withInit("a"), inits("2", "5"), asking(v1.ResourceCPU, "1")}, "7"},
		"sidecars not beside earlier ones": {[]edit{withInit("a"), withSidecar("s"), inits("5", "2"), asking(v1.ResourceCPU, "1")}, "5"},
		"overhead":                         {[]edit{asking(v1.ResourceCPU, "1"), func(p *v1.Pod) { p.Spec.Overhead = list("500m", "0", "0") }}, "1500m"},
		"a limit where nothing is asked":   {[]edit{func(p *v1.Pod) { p.Spec.Containers[0].Resources.Limits = list("2", "0", "0") }}, "2"},
		"of the pod as a whole":            {[]edit{asking(v1.ResourceCPU, "1"), func(p *v1.Pod) { r := cpu("4"); p.Spec.Resources = &r }}, "4"},
	} {
		t.Run(name, func(t *testing.T) {
			got := pod.Requests(web(c.edits...))[v1.ResourceCPU]
			if want := resource.MustParse(c.want); got.Cmp(want) != 0 {
				t.Errorf("got %s, want %s", got.String(), c.want)
			}
		})
	}
}

func TestQOS(t *testing.T) {
	full := v1.ResourceRequirements{
		Requests: v1.ResourceList{v1.ResourceCPU: resource.MustParse("1"), v1.ResourceMemory: resource.MustParse("1Gi")},
		Limits:   v1.ResourceList{v1.ResourceCPU: resource.MustParse("1"), v1.ResourceMemory: resource.MustParse("1Gi")},
	}
	limits := v1.ResourceRequirements{Limits: full.Limits}
	with := func(i int, r v1.ResourceRequirements) edit {
		return func(p *v1.Pod) { p.Spec.Containers[i].Resources = r }
	}
	for name, c := range map[string]struct {
		edits []edit
		want  v1.PodQOSClass
	}{
		"nothing asked":           {nil, v1.PodQOSBestEffort},
		"requests are the limits": {[]edit{with(0, full)}, v1.PodQOSGuaranteed},
		"limits only":             {[]edit{with(0, limits)}, v1.PodQOSGuaranteed},
		"a request only":          {[]edit{asking(v1.ResourceCPU, "1")}, v1.PodQOSBurstable},
		"one of two":              {[]edit{withApp("b"), with(0, full)}, v1.PodQOSBurstable},
		"the other of two":        {[]edit{withApp("b"), with(1, full)}, v1.PodQOSBurstable},
		"both":                    {[]edit{withApp("b"), with(0, full), with(1, limits)}, v1.PodQOSGuaranteed},
		"init containers count":   {[]edit{withInit("a"), with(0, full)}, v1.PodQOSBurstable},
		"less than the limit": {[]edit{with(0, full), func(p *v1.Pod) {
			p.Spec.Containers[0].Resources.Requests = list("500m", "1Gi", "0")
		}}, v1.PodQOSBurstable},
		"of the pod as a whole": {[]edit{func(p *v1.Pod) { p.Spec.Resources = &full }}, v1.PodQOSGuaranteed},
	} {
		t.Run(name, func(t *testing.T) { same(t, "class", pod.QOS(web(c.edits...)), c.want) })
	}
}
