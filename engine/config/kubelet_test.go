package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/config"
)

func TestEverySettingOfAKubeletReachesItsField(t *testing.T) {
	c := start{args: []string{
		"--nodes", "3", "--nodename", "moon", "--node-pattern", "{name}.{number}", "--provider", "web", "--kubeconfig", "k", "--namespace", "team",
		"--taint", "key", "--kubelet-taint-value", "v", "--kubelet-taint-effect", "NoExecute", "--kubelet-port", "1", "--kubelet-cert", "c",
		"--kubelet-key", "x", "--kubelet-client-ca", "ca", "--metrics-addr", "off", "--startup-timeout", "2s", "--on-exit", "drain", "--adopt",
		"--events-per-node", "4", "--events-per-process", "5", "--web-url", "http://u", "--web-ca", "w", "--web-timeout", "6s", "--web-poll", "7s",
	}}.open(t).Current()
	if diff := cmp.Diff([]string{"moon.0", "moon.1", "moon.2"}, c.Node.Names()); diff != "" {
		t.Error(diff)
	}
	want := config.Kubelet{
		Kubeconfig: "k", Provider: "web", Namespace: "team", Taint: &v1.Taint{Key: "key", Value: "v", Effect: v1.TaintEffectNoExecute},
		Port: 1, Cert: "c", Key: "x", ClientCA: "ca", StartupTimeout: 2 * time.Second, OnExit: "drain", Adopt: true,
	}
	if diff := cmp.Diff(want, c.Kubelet); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(config.Events{PerNode: 4, PerProcess: 5}, c.Events); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(config.Web{URL: "http://u", CA: "w", Timeout: 6 * time.Second, Poll: 7 * time.Second}, c.Web); diff != "" {
		t.Error(diff)
	}
}

// TestVariablesOfVirtualKubelet are read under the names that people know.
func TestVariablesOfVirtualKubelet(t *testing.T) {
	c := start{env: []string{
		"DEFAULT_NODE_NAME=vk", "KUBELET_PORT=1", "APISERVER_CERT_LOCATION=c", "APISERVER_KEY_LOCATION=k", "APISERVER_CA_CERT_LOCATION=ca",
		"VKUBELET_TAINT_KEY=key", "VKUBELET_TAINT_VALUE=v", "VKUBELET_TAINT_EFFECT=PreferNoSchedule", "WEB_ENDPOINT_URL=http://u",
	}}.open(t).Current()
	taint := &v1.Taint{Key: "key", Value: "v", Effect: v1.TaintEffectPreferNoSchedule}
	if diff := cmp.Diff(taint, c.Kubelet.Taint); diff != "" {
		t.Error(diff)
	}
	k := c.Kubelet
	got := []string{c.Node.Name, k.Cert, k.Key, k.ClientCA, c.Web.URL}
	if diff := cmp.Diff([]string{"vk", "c", "k", "ca", "http://u"}, got); diff != "" || k.Port != 1 {
		t.Errorf("port %d: %s", k.Port, diff)
	}
}

func TestTaints(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want *v1.Taint
	}{
		"the default names the provider":  {nil, &v1.Taint{Key: "virtual-kubelet.io/provider", Value: "lua", Effect: v1.TaintEffectNoSchedule}},
		"another provider":                {[]string{"--provider", "web"}, &v1.Taint{Key: "virtual-kubelet.io/provider", Value: "web", Effect: v1.TaintEffectNoSchedule}},
		"a key of one's own has no value": {[]string{"--taint", "moon"}, &v1.Taint{Key: "moon", Effect: v1.TaintEffectNoSchedule}},
		"none at all":                     {[]string{"--taint", "moon", "--disable-taint"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, start{args: tc.args}.open(t).Current().Kubelet.Taint); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOneNodeHasItsNameAlone(t *testing.T) {
	c := start{args: []string{"--nodename", "moon"}}.open(t).Current()
	if diff := cmp.Diff([]string{"moon"}, c.Node.Names()); diff != "" {
		t.Error(diff)
	}
}

func TestBadSettingsOfAKubelet(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"all nodes of one name":     {[]string{"--nodes", "2", "--node-pattern", "moon"}, "{number}"},
		"a pattern of no names":     {[]string{"--nodes", "2", "--node-pattern", "Moon{number}"}, `"Moon1" is not a node name`},
		"more nodes than we keep":   {[]string{"--nodes", "5001"}, "from 1 to 5000"},
		"a certificate and no key":  {[]string{"--kubelet-cert", "c"}, "come together"},
		"a key and no certificate":  {[]string{"--kubelet-key", "k"}, "come together"},
		"a host for a URL":          {[]string{"--web-url", "127.0.0.1:5000"}, "write http://127.0.0.1:5000"},
		"a scheme that is a host":   {[]string{"--web-url", "localhost:5000"}, "write http://127.0.0.1:5000"},
		"an end nobody knows":       {[]string{"--on-exit", "explode"}, "keep, drain, delete"},
		"no namespace":              {[]string{"--namespace", "a/b"}, "is not a namespace"},
		"a time without a unit":     {[]string{"--startup-timeout", "5"}, "with its unit"},
		"a time out of bounds":      {[]string{"--web-poll", "1ms"}, "out of bounds"},
		"an effect nobody knows":    {[]string{"--kubelet-taint-effect", "Explode"}, "NoSchedule"},
		"a value that is no label":  {[]string{"--kubelet-taint-value", "a b"}, "is not a label value"},
		"fewer events than none":    {[]string{"--events-per-node", "-1"}, "out of bounds"},
		"an address without a port": {[]string{"--metrics-addr", "localhost"}, "is not host:port"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(start{args: tc.args}.options(t))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestNodesAreInZonesInTurn(t *testing.T) {
	c, err := config.Load(start{args: []string{"--nodes", "3", "--nodename", "moon", "--node-zones", "a,b"}}.options(t))
	if err != nil {
		t.Fatal(err)
	}
	zoneOf := c.Node.ZoneOf()
	var got []string
	for _, name := range append(c.Node.Names(), "somebody") {
		got = append(got, zoneOf(name))
	}
	if diff := cmp.Diff([]string{"a", "b", "a", ""}, got); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
}

func TestServeHeedsNothingOfAKubelet(t *testing.T) {
	for _, key := range config.ServeKeys() {
		if strings.HasPrefix(key, "kubelet.") || strings.HasPrefix(key, "web.") || strings.HasPrefix(key, "events.") || key == "node.count" {
			t.Errorf("serve has a flag for %s", key)
		}
	}
}
