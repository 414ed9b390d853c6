package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// memoryOnly is what state.file says when nothing is to be kept.
const memoryOnly = "memory"

func nonEmpty(s string) (string, error) {
	if s == "" {
		return "", errors.New("is empty: name one")
	}
	return s, nil
}

func stateFile(s string) (string, error) {
	switch s {
	case memoryOnly:
		return "", nil
	case "":
		return "", errors.New("no home folder is known to keep the state in: set --state FILE, or --state memory to keep none")
	}
	return s, nil
}

func listenAddress(s string) (string, error) {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q is not host:port: write 127.0.0.1:3000, or :3000 for all addresses", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q: port %q is not a number from 0 to 65535", s, port)
	}
	return s, nil
}

// oneOf reads one of a few words, whatever its capitals.
func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, w := range words {
			if strings.EqualFold(s, w) {
				return w, nil
			}
		}
		return "", fmt.Errorf("%q is not one of %s", s, strings.Join(words, ", "))
	}
}

func logLevel(s string) (slog.Level, error) {
	word, err := oneOf("debug", "info", "warn", "error")(s)
	if err != nil {
		return slog.LevelInfo, err
	}
	var level slog.Level
	return level, level.UnmarshalText([]byte(word))
}

// kubernetesMinor reads 1.33. Older shapes than that of 1.33 are not known.
func kubernetesMinor(s string) (int, error) {
	minor, found := strings.CutPrefix(strings.TrimPrefix(s, "v"), "1.")
	n, err := strconv.Atoi(minor)
	if !found || err != nil {
		return 0, fmt.Errorf("%q is not a Kubernetes version: write 1.33", s)
	}
	if n < 33 {
		return 0, fmt.Errorf("%q is too old: status shapes are known from 1.33 on", s)
	}
	return n, nil
}

func podCIDR(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%q is not a range of addresses: write 10.128.0.0/12", s)
	case !p.Addr().Is4():
		return netip.Prefix{}, fmt.Errorf("%q is not IPv4: pod addresses are", s)
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("%q has bits beyond its mask: write %s", s, p.Masked())
	case p.Bits() > 30:
		return netip.Prefix{}, fmt.Errorf("%q holds too few addresses: /30 is the smallest range", s)
	}
	return p, nil
}

// limit reads the time a hook may take. Under a millisecond no hook ends; above a minute nothing is limited.
func limit(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration: write it with its unit, such as 50ms or 2s", s)
	}
	if d < time.Millisecond || d > time.Minute {
		return 0, fmt.Errorf("%q is out of bounds: a limit is from 1ms to 1m", s)
	}
	return d, nil
}

func between(least, most int64) func(int64) (int, error) {
	return func(n int64) (int, error) {
		if n < least || n > most {
			return 0, fmt.Errorf("%d is out of bounds: write a number from %d to %d", n, least, most)
		}
		return int(n), nil
	}
}

// blastRadius reads a number of pods, or a share of all such as 30%.
func blastRadius(s string) (BlastRadius, error) {
	if s == "" {
		return BlastRadius{}, nil
	}
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		f, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(f > 0 && f <= 100) {
			return BlastRadius{}, fmt.Errorf("%q is out of bounds: a share is above 0%% and at most 100%%", s)
		}
		return BlastRadius{Share: f / 100}, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return BlastRadius{}, fmt.Errorf("%q is no blast radius: write a number of pods such as 10, or a share such as 30%%", s)
	}
	return BlastRadius{Pods: n}, nil
}

// byteCount reads a size such as 4Mi or 65536. Bounds keep a slip of the unit from stopping or bursting the process.
func byteCount(s string) (int64, error) {
	q, err := resource.ParseQuantity(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a size: write 1Mi, 64Ki or a number of bytes", s)
	}
	n, whole := q.AsInt64()
	if !whole || n < 1<<10 || n > 1<<30 {
		return 0, fmt.Errorf("%q is out of bounds: a size is from 1Ki to 1Gi", s)
	}
	return n, nil
}

func origins(items []string) ([]string, error) {
	return each(items, func(s string) (string, error) {
		u, err := url.Parse(s)
		plain := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && s == u.Scheme+"://"+u.Host
		if s != "*" && !plain {
			return "", fmt.Errorf("%q is not an origin: write http://localhost:8080, without a path, or *", s)
		}
		return s, nil
	})
}

func params(items []string) ([]Param, error) {
	return each(items, func(s string) (Param, error) {
		path, value, ok := strings.Cut(s, "=")
		dot := strings.LastIndexByte(path, '.')
		if !ok || dot < 1 || dot == len(path)-1 {
			return Param{}, fmt.Errorf("%q is not script.name=value: write flaky.crash_rate=0.5", s)
		}
		return Param{Script: strings.TrimSuffix(path[:dot], ".lua"), Name: path[dot+1:], Value: value}, nil
	})
}

func pairs(items []string) (map[string]string, error) {
	m := make(map[string]string, len(items))
	_, err := each(items, func(s string) (struct{}, error) {
		key, value, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return struct{}{}, fmt.Errorf("%q is not key=value", s)
		}
		return struct{}{}, put(m, key, value)
	})
	return m, err
}

// each parses all items of a list and joins what is wrong with any of them.
func each[T any](items []string, parse func(string) (T, error)) ([]T, error) {
	values := make([]T, 0, len(items))
	var problems []error
	for _, item := range items {
		v, err := parse(item)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		values = append(values, v)
	}
	return values, errors.Join(problems...)
}

// put enters a key that must not be there yet.
func put[K ~string, V any](m map[K]V, key K, value V) error {
	if _, there := m[key]; there {
		return fmt.Errorf("%q is given twice", key)
	}
	m[key] = value
	return nil
}
