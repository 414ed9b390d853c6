package pod

import (
	"slices"
	"strconv"

	v1 "k8s.io/api/core/v1"
)

// selected says that the node has the labels of the pod's nodeSelector and matches its required node affinity.
func (n Allocation) selected(p *v1.Pod) bool {
	for key, value := range p.Spec.NodeSelector {
		if have, ok := n.Labels[key]; !ok || have != value {
			return false
		}
	}
	a := p.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return true
	}
	return slices.ContainsFunc(a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms, n.matches)
}

// matches says that the node meets all that a term wants. An empty term matches no node.
func (n Allocation) matches(term v1.NodeSelectorTerm) bool {
	if len(term.MatchExpressions)+len(term.MatchFields) == 0 {
		return false
	}
	for _, want := range term.MatchExpressions {
		value, ok := n.Labels[want.Key]
		if !meets(want, value, ok) {
			return false
		}
	}
	for _, want := range term.MatchFields {
		if !meets(want, n.NodeName, want.Key == "metadata.name") {
			return false
		}
	}
	return true
}

// meets says that a value, if there is one, is what is wanted.
func meets(want v1.NodeSelectorRequirement, value string, there bool) bool {
	switch want.Operator {
	case v1.NodeSelectorOpIn:
		return there && slices.Contains(want.Values, value)
	case v1.NodeSelectorOpNotIn:
		return !there || !slices.Contains(want.Values, value)
	case v1.NodeSelectorOpExists:
		return there
	case v1.NodeSelectorOpDoesNotExist:
		return !there
	case v1.NodeSelectorOpGt, v1.NodeSelectorOpLt:
		return there && compares(want, value)
	default:
		return false
	}
}

func compares(want v1.NodeSelectorRequirement, value string) bool {
	if len(want.Values) != 1 {
		return false
	}
	have, err := strconv.ParseInt(value, 10, 64)
	limit, wrong := strconv.ParseInt(want.Values[0], 10, 64)
	if err != nil || wrong != nil {
		return false
	}
	if want.Operator == v1.NodeSelectorOpGt {
		return have > limit
	}
	return have < limit
}
