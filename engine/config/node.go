package config

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

func nodeName(s string) (string, error) {
	return s, faulty(s, "a node name", validation.IsDNS1123Subdomain(s))
}

func labelValue(s string) (string, error) {
	if s == "" {
		return "", errors.New("is empty: name one")
	}
	return s, faulty(s, "a label value", validation.IsValidLabelValue(s))
}

// faulty turns what Kubernetes' validation finds wrong with s into an error: the first finding of all.
func faulty(s, what string, findings []string) error {
	if len(findings) == 0 {
		return nil
	}
	rule, _, _ := strings.Cut(findings[0], " (e.g.") // what follows is a regular expression
	return fmt.Errorf("%q is not %s: %s", s, what, rule)
}

// capacity lays the given quantities over the default ones.
func capacity(items []string) (v1.ResourceList, error) {
	all, err := quantities(defaultCapacity)
	if err != nil {
		return nil, err
	}
	given, err := quantities(items)
	maps.Copy(all, given)
	maps.DeleteFunc(all, func(_ v1.ResourceName, q resource.Quantity) bool { return q.IsZero() })
	return all, err
}

// allocatable lays the given quantities over node.capacity, which bounds them.
func allocatable(c *Config, v any) error {
	given, err := quantities(v.([]string))
	problems := []error{err}
	c.Node.Allocatable = c.Node.Capacity.DeepCopy()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		q, has := given[name], c.Node.Capacity[name]
		if q.Cmp(has) > 0 {
			problems = append(problems, fmt.Errorf("%s=%s is more than the node's capacity %s", name, q.String(), has.String()))
		}
		c.Node.Allocatable[name] = q
	}
	return errors.Join(problems...)
}

func quantities(items []string) (v1.ResourceList, error) {
	resources := make(v1.ResourceList, len(items))
	_, err := each(items, func(s string) (struct{}, error) {
		name, amount, _ := strings.Cut(s, "=")
		if err := faulty(name, "a resource name", validation.IsQualifiedName(name)); err != nil {
			return struct{}{}, err
		}
		q, err := resource.ParseQuantity(amount)
		if err != nil || q.Sign() < 0 {
			return struct{}{}, fmt.Errorf("%q is not resource=quantity: write cpu=4, cpu=500m or memory=16Gi", s)
		}
		return struct{}{}, put(resources, v1.ResourceName(name), q)
	})
	return resources, err
}

func labels(items []string) (map[string]string, error) {
	m, err := pairs(items)
	problems := []error{err}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		problems = append(problems, label(key, m[key]))
	}
	return m, errors.Join(problems...)
}

func label(key, value string) error {
	return errors.Join(
		faulty(key, "a label key", validation.IsQualifiedName(key)),
		faulty(value, "a label value", validation.IsValidLabelValue(value)),
	)
}

func zones(items []string) ([]string, error) { return each(items, labelValue) }

func taints(items []string) ([]v1.Taint, error) {
	return each(items, func(s string) (v1.Taint, error) {
		colon := strings.LastIndexByte(s, ':')
		if colon < 0 {
			return v1.Taint{}, fmt.Errorf("%q is not key=value:Effect: write dedicated=batch:NoSchedule", s)
		}
		key, value, _ := strings.Cut(s[:colon], "=")
		effect, err := oneOf(string(v1.TaintEffectNoSchedule), string(v1.TaintEffectPreferNoSchedule), string(v1.TaintEffectNoExecute))(s[colon+1:])
		if err != nil {
			err = fmt.Errorf("%q: effect %w", s, err)
		}
		return v1.Taint{Key: key, Value: value, Effect: v1.TaintEffect(effect)}, errors.Join(err, label(key, value))
	})
}

func addresses(items []string) ([]v1.NodeAddress, error) {
	kind := oneOf(string(v1.NodeInternalIP), string(v1.NodeExternalIP), string(v1.NodeHostName), string(v1.NodeInternalDNS), string(v1.NodeExternalDNS))
	return each(items, func(s string) (v1.NodeAddress, error) {
		word, address, _ := strings.Cut(s, "=")
		typ, err := kind(word)
		if err != nil {
			return v1.NodeAddress{}, fmt.Errorf("%q is not Type=address: type %w", s, err)
		}
		if strings.HasSuffix(typ, "IP") {
			if _, err := netip.ParseAddr(address); err != nil {
				return v1.NodeAddress{}, fmt.Errorf("%q: %q is not an IP address", s, address)
			}
		} else if err := faulty(address, "a host name", validation.IsDNS1123Subdomain(address)); err != nil {
			return v1.NodeAddress{}, fmt.Errorf("%q: %w", s, err)
		}
		return v1.NodeAddress{Type: v1.NodeAddressType(typ), Address: address}, nil
	})
}
