package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// defaultTaint is the key of the taint that Virtual Kubelet gives its nodes.
const defaultTaint = "virtual-kubelet.io/provider"

var (
	taintEffects = []string{string(v1.TaintEffectNoSchedule), string(v1.TaintEffectPreferNoSchedule), string(v1.TaintEffectNoExecute)}
	exits        = []string{"keep", "drain", "delete"}
)

// numbered is the name of the ith node.
func (n Node) numbered(i int) string {
	return strings.NewReplacer("{name}", n.Name, "{number}", strconv.Itoa(i)).Replace(n.Pattern)
}

// takePattern judges the pattern by the longest name it makes.
func takePattern(c *Config, v any) error {
	c.Node.Pattern = v.(string)
	if !strings.Contains(c.Node.Pattern, "{number}") {
		return fmt.Errorf("%q gives all nodes the same name: write {number} where their numbers go", c.Node.Pattern)
	}
	if c.Node.Count <= 1 {
		return nil
	}
	name := c.Node.numbered(c.Node.Count - 1)
	return faulty(name, "a node name", validation.IsDNS1123Subdomain(name))
}

func namespace(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	return s, faulty(s, "a namespace", validation.IsDNS1123Label(s))
}

// takeTaintKey begins the nodes' taint. Its value is the provider's name only beside the default key, as in Virtual
// Kubelet.
func takeTaintKey(c *Config, v any) error {
	t := &v1.Taint{Key: cmp.Or(v.(string), defaultTaint), Effect: v1.TaintEffectNoSchedule}
	if t.Key == defaultTaint {
		t.Value = c.Kubelet.Provider
	}
	c.Kubelet.Taint = t
	return label(t.Key, t.Value)
}

func takeTaintValue(c *Config, v any) error {
	if v.(string) == "" {
		return nil
	}
	c.Kubelet.Taint.Value = v.(string)
	return faulty(v.(string), "a label value", validation.IsValidLabelValue(v.(string)))
}

func takeTaintEffect(c *Config, v any) error {
	effect, err := oneOf(taintEffects...)(v.(string))
	c.Kubelet.Taint.Effect = v1.TaintEffect(effect)
	return err
}

func takeTaintOff(c *Config, v any) error {
	if v.(bool) {
		c.Kubelet.Taint = nil
	}
	return nil
}

func takeKey(c *Config, v any) error {
	c.Kubelet.Key = v.(string)
	if (c.Kubelet.Key == "") != (c.Kubelet.Cert == "") {
		return errors.New("a certificate and its key come together: set both kubelet.cert and kubelet.key, or none")
	}
	return nil
}

func metricsAddress(s string) (string, error) {
	if s == "off" {
		return "", nil
	}
	return listenAddress(s)
}

// span reads a duration within bounds.
func span(least, most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration: write it with its unit, such as 500ms or 30s", s)
		}
		if d < least || d > most {
			return 0, fmt.Errorf("%q is out of bounds: write one from %s to %s", s, least, most)
		}
		return d, nil
	}
}

func rate(n int64) (float64, error) {
	if n < 0 || n > 1_000_000 {
		return 0, fmt.Errorf("%d is out of bounds: write a number from 0 to 1000000", n)
	}
	return float64(n), nil
}

// webURL refuses what the old client misread: a host without a scheme is a path, and localhost:5000 a scheme.
func webURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is not the address of a web provider: write http://127.0.0.1:5000", s)
	}
	return s, nil
}
