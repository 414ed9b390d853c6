package nodes

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// owned lists what of a node's metadata and taints is ours, so that what we no longer want can be told from what others
// added. It stands in an annotation, for the process that comes after this one.
type owned struct {
	Labels      []string `json:"labels,omitempty"`
	Annotations []string `json:"annotations,omitempty"`
	Taints      []string `json:"taints,omitempty"` // key:effect, which is what makes one
}

func ours(labels, annotations map[string]string, taints []v1.Taint) owned {
	o := owned{Labels: slices.Sorted(maps.Keys(labels)), Annotations: slices.Sorted(maps.Keys(annotations))}
	o.Annotations = slices.DeleteFunc(o.Annotations, func(key string) bool { return strings.HasPrefix(key, "moonlet.dev/") })
	for _, t := range taints {
		o.Taints = append(o.Taints, taintKey(t))
	}
	return o
}

func taintKey(t v1.Taint) string { return t.Key + ":" + string(t.Effect) }

// String is the annotation's value.
func (o owned) String() string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // strings can be written
	}
	return string(text)
}

// ownedBefore reads what the process before this one noted. What cannot be read is nobody's.
func ownedBefore(n *v1.Node) (o owned) {
	if json.Unmarshal([]byte(n.Annotations[kept]), &o) != nil {
		return owned{}
	}
	return o
}

// metaPatch is the smallest merge patch after which a node that exists has the labels, annotations, taints and spec of
// ours and no old ones, and keeps what others added. It is nil where nothing differs.
func (k *Keeper) metaPatch(n *v1.Node) map[string]any {
	t := k.o.Template
	labels, annotations := t.labels(n.Name), t.annotations(n.Name, k.o.Identity)
	before, now := ownedBefore(n), ours(labels, annotations, t.Taints)
	annotations[kept] = now.String()

	meta, spec := map[string]any{}, map[string]any{}
	put(meta, "labels", merge(n.Labels, labels, before.Labels))
	changed := merge(n.Annotations, annotations, before.Annotations)
	if n.Annotations[cordoned] != "" {
		changed[cordoned] = nil
		spec["unschedulable"] = nil
	}
	put(meta, "annotations", changed)
	if taints := mergeTaints(n.Spec.Taints, t.Taints, before.Taints); !slices.Equal(keysAndValues(taints), keysAndValues(n.Spec.Taints)) {
		spec["taints"] = taints
		meta["resourceVersion"] = n.ResourceVersion // the list is written whole: it must be the one we read
	}
	fresh := t.spec(n.Name)
	if n.Spec.PodCIDR == "" && fresh.PodCIDR != "" { // cannot be changed once it is set
		spec["podCIDR"], spec["podCIDRs"] = fresh.PodCIDR, fresh.PodCIDRs
	}
	if n.Spec.ProviderID == "" && fresh.ProviderID != "" { // the same
		spec["providerID"] = fresh.ProviderID
	}
	patch := map[string]any{}
	put(patch, "metadata", meta)
	put(patch, "spec", spec)
	if len(patch) == 0 {
		return nil
	}
	meta["uid"] = n.UID
	patch["metadata"] = meta
	return patch
}

func put(m map[string]any, key string, part map[string]any) {
	if len(part) > 0 {
		m[key] = part
	}
}

// merge is what changes have into one that holds want, and nothing of before that is not wanted.
func merge(have, want map[string]string, before []string) map[string]any {
	changed := map[string]any{}
	for key, value := range want {
		if old, is := have[key]; !is || old != value {
			changed[key] = value
		}
	}
	for _, key := range before {
		_, wanted := want[key]
		if _, is := have[key]; is && !wanted {
			changed[key] = nil
		}
	}
	return changed
}

// mergeTaints does the same for taints, and leaves the order of those that stay.
func mergeTaints(have, want []v1.Taint, before []string) []v1.Taint {
	merged := []v1.Taint{}
	missing := slices.Clone(want)
	for _, t := range have {
		same := func(w v1.Taint) bool { return taintKey(w) == taintKey(t) }
		if i := slices.IndexFunc(missing, same); i >= 0 {
			t.Value = missing[i].Value
			missing = slices.Delete(missing, i, i+1)
		} else if slices.Contains(before, taintKey(t)) {
			continue
		}
		merged = append(merged, t)
	}
	return append(merged, missing...)
}

func keysAndValues(taints []v1.Taint) []string {
	all := make([]string, len(taints))
	for i, t := range taints {
		all[i] = taintKey(t) + "=" + t.Value
	}
	return all
}
