package config_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/config"
)

func samePrefix(a, b netip.Prefix) bool { return a == b }

func quantities(l v1.ResourceList) map[string]string {
	m := map[string]string{}
	for name, q := range l {
		m[string(name)] = q.String()
	}
	return m
}

func TestBadFlagValues(t *testing.T) {
	for name, tc := range map[string]struct{ flag, want string }{
		"address without port":    {"--listen=localhost", `flag --listen: listen.api: "localhost" is not host:port: write 127.0.0.1:3000, or :3000 for all addresses`},
		"port too high":           {"--listen=:70000", `flag --listen: listen.api: ":70000": port "70000" is not a number from 0 to 65535`},
		"no scripts folder":       {"--scripts=", `flag --scripts: scripts.dir: is empty: name one`},
		"seed not a number":       {"--seed=lucky", `flag --seed: seed: "lucky" is not a whole number`},
		"node name with capitals": {"--nodename=Node", `flag --nodename: node.name: "Node" is not a node name: a lowercase RFC 1123 subdomain`},
		"unknown system":          {"--os=plan9", `flag --os: node.os: "plan9" is not one of Linux, Windows`},
		"arch not a label value":  {"--node-arch=a/b", `flag --node-arch: node.arch: "a/b" is not a label value: `},
		"log format":              {"--log-format=xml", `flag --log-format: log.format: "xml" is not one of text, json`},
		"log level":               {"--log-level=loud", `flag --log-level: log.level: "loud" is not one of debug, info, warn, error`},
		"quantity":                {"--node-capacity=cpu=lots", `flag --node-capacity: node.capacity: "cpu=lots" is not resource=quantity: write cpu=4, cpu=500m or memory=16Gi`},
		"negative quantity":       {"--node-capacity=cpu=-1", `flag --node-capacity: node.capacity: "cpu=-1" is not resource=quantity`},
		"resource name":           {"--node-capacity=c p u=1", `flag --node-capacity: node.capacity: "c p u" is not a resource name: `},
		"resource twice":          {"--node-capacity=cpu=1,cpu=2", `flag --node-capacity: node.capacity: "cpu" is given twice`},
		"more than there is":      {"--node-allocatable=cpu=21", `flag --node-allocatable: node.allocatable: cpu=21 is more than the node's capacity 20`},
		"label without value":     {"--node-labels=zone", `flag --node-labels: node.labels: "zone" is not key=value`},
		"label key":               {"--node-labels=a b=c", `flag --node-labels: node.labels: "a b" is not a label key: `},
		"label value":             {"--node-labels=a=b c", `flag --node-labels: node.labels: "b c" is not a label value: `},
		"taint without effect":    {"--node-taints=a=b", `flag --node-taints: node.taints: "a=b" is not key=value:Effect: write dedicated=batch:NoSchedule`},
		"taint effect":            {"--node-taints=a=b:Never", `flag --node-taints: node.taints: "a=b:Never": effect "Never" is not one of NoSchedule, PreferNoSchedule, NoExecute`},
		"address type":            {"--node-addresses=IP=1.2.3.4", `flag --node-addresses: node.addresses: "IP=1.2.3.4" is not Type=address: type "IP" is not one of InternalIP`},
		"not an IP":               {"--node-addresses=InternalIP=host", `flag --node-addresses: node.addresses: "InternalIP=host": "host" is not an IP address`},
		"not a host name":         {"--node-addresses=Hostname=a_b", `flag --node-addresses: node.addresses: "Hostname=a_b": "a_b" is not a host name: `},
		"version":                 {"--node-kubernetes=2", `flag --node-kubernetes: node.kubernetes: "2" is not a Kubernetes version: write 1.33`},
		"version too old":         {"--node-kubernetes=1.20", `flag --node-kubernetes: node.kubernetes: "1.20" is too old: status shapes are known from 1.33 on`},
		"range":                   {"--pod-cidr=10.0.0.0", `flag --pod-cidr: pod_cidr: "10.0.0.0" is not a range of addresses: write 10.128.0.0/12`},
		"range with host bits":    {"--pod-cidr=10.129.0.0/12", `flag --pod-cidr: pod_cidr: "10.129.0.0/12" has bits beyond its mask: write 10.128.0.0/12`},
		"range of IPv6":           {"--pod-cidr=fd00::/64", `flag --pod-cidr: pod_cidr: "fd00::/64" is not IPv4: pod addresses are`},
		"range too small":         {"--pod-cidr=10.0.0.0/31", `flag --pod-cidr: pod_cidr: "10.0.0.0/31" holds too few addresses: /30 is the smallest range`},
		"neither true nor false":  {"--admission=maybe", `flag --admission: admission: "maybe" is neither true nor false`},
		"param":                   {"--params=rate=1", `flag --params: params: "rate=1" is not script.name=value: write flaky.crash_rate=0.5`},
		"param without value":     {"--params=flaky.rate", `flag --params: params: "flaky.rate" is not script.name=value`},
		"script config":           {"--script-config==x", `flag --script-config: script_config: "=x" is not key=value`},
		"duration without unit":   {"--limits-status=50", `flag --limits-status: limits.status: "50" is not a duration: write it with its unit, such as 50ms or 2s`},
		"duration too short":      {"--limits-match=1us", `flag --limits-match: limits.match: "1us" is out of bounds: a limit is from 1ms to 1m`},
		"duration too long":       {"--limits-logs=1h", `flag --limits-logs: limits.logs: "1h" is out of bounds: a limit is from 1ms to 1m`},
		"zone":                    {"--node-zones=a b", `flag --node-zones: node.zones: "a b" is not a label value: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`},
		"no blast radius":         {"--limits-blast-radius=some", `flag --limits-blast-radius: limits.blast_radius: "some" is no blast radius: write a number of pods such as 10, or a share such as 30%`},
		"too large a share":       {"--limits-blast-radius=130%", `flag --limits-blast-radius: limits.blast_radius: "130%" is out of bounds: a share is above 0% and at most 100%`},
		"no slots":                {"--limits-slots=0", `flag --limits-slots: limits.slots: 0 is out of bounds: write a number from 1 to 64`},
		"size":                    {"--limits-body=big", `flag --limits-body: limits.body: "big" is not a size: write 1Mi, 64Ki or a number of bytes`},
		"size too small":          {"--limits-log-bytes=1", `flag --limits-log-bytes: limits.log_bytes: "1" is out of bounds: a size is from 1Ki to 1Gi`},
		"origin with a path":      {"--cors-origins=http://a/b", `flag --cors-origins: cors.origins: "http://a/b" is not an origin: write http://localhost:8080, without a path, or *`},
		"list with an odd quote":  {`--params="a`, `flag --params: params: "\"a" is not a list: separate items by commas`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(start{args: []string{tc.flag}}.options(t))
			problems, ok := config.AsProblems(err)
			if !ok || len(problems) != 1 {
				t.Fatalf("want one problem, got %v", err)
			}
			if !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got  %s\nwant %s", err, tc.want)
			}
		})
	}
}

func TestBadFiles(t *testing.T) {
	for name, tc := range map[string]struct {
		start
		want []string
	}{
		"unknown key with its line and the nearest": {
			start{file: "limits:\n  statsu: 10ms\n"},
			[]string{"moonlet.yaml:2: limits.statsu: unknown key: did you mean limits.status?"},
		},
		"unknown key like no other": {
			start{file: "colour: blue"},
			[]string{"moonlet.yaml:1: colour: unknown key: moonlet config view lists them all"},
		},
		"unknown key in TOML": {
			start{name: "m.toml", file: "seed = 1\n[node]\ntitle = 'x'"},
			[]string{"m.toml:3: node.title: unknown key: moonlet config view lists them all"},
		},
		"dotted key as one word": {
			start{file: "listen.api: ':1'"},
			[]string{"moonlet.yaml:1: listen.api: is written as one word: nest it, a section for each dot"},
		},
		"section as a value": {
			start{file: "node: one"},
			[]string{"moonlet.yaml:1: node: is a section, not a value: set keys in it, such as node.name"},
		},
		"map where a list belongs": {
			start{file: "node:\n  labels:\n    example.com/Zone: a\n    b: c\n"},
			[]string{"moonlet.yaml:2: node.labels: is a map: write a list of texts, each key=value, because the keys of a map lose their capitals"},
		},
		"map where a list belongs, beside a variable": {
			start{file: "node: {capacity: {cpu: 4}}", env: []string{"MOONLET_NODE_CAPACITY=cpu=3"}},
			[]string{"moonlet.yaml:1: node.capacity: is a map: write a list of texts, each resource=quantity, because the keys of a map lose their capitals"},
		},
		"everything at once": {
			start{file: "limits: {status: 5}\nnode:\n  capacity: [cpu=x, memory=y, 7]\nadmission: 3\nsedd: 1", env: []string{"MOONLET_OS=beos"}},
			[]string{
				"moonlet.yaml:5: sedd: unknown key: did you mean seed?",
				`variable MOONLET_OS: node.os: "beos" is not one of Linux, Windows`,
				"moonlet.yaml:3: node.capacity: item 3, 7, is not a text: put it in quotes",
				"moonlet.yaml:4: admission: 3 is neither true nor false",
				"moonlet.yaml:1: limits.status: 5 is not a text: put it in quotes",
			},
		},
		"two bad items of a list": {
			start{file: "node:\n  capacity: [cpu=x, memory=y]"},
			[]string{
				`moonlet.yaml:2: node.capacity: "cpu=x" is not resource=quantity: write cpu=4, cpu=500m or memory=16Gi`,
				`moonlet.yaml:2: node.capacity: "memory=y" is not resource=quantity: write cpu=4, cpu=500m or memory=16Gi`,
			},
		},
		"version as a number": {
			start{file: "node: {kubernetes: 1.40}"}, // YAML reads 1.4
			[]string{"moonlet.yaml:1: node.kubernetes: 1.4 is not a text: put it in quotes"},
		},
		"seed beyond JSON's numbers": {
			start{name: "m.json", file: `{"seed": 9007199254740993}`},
			[]string{"m.json:1: seed: 9.007199254740992e+15 is not a whole number"},
		},
		"broken YAML": {
			start{file: "a: [1\nb: 2"},
			[]string{"moonlet.yaml: not valid YAML: "},
		},
		"broken TOML": {
			start{name: "m.toml", file: "a = = 1"},
			[]string{"m.toml: not valid TOML: "},
		},
		"broken JSON": {
			start{name: "m.json", file: "{"},
			[]string{"m.json: not valid JSON: "},
		},
		"not a map at all": {
			start{file: "just a text"},
			[]string{"moonlet.yaml: not valid YAML: "},
		},
		"unknown format": {
			start{name: "m.ini", file: "a=1"},
			[]string{"m.ini: cannot tell the format from the name: call it .yaml, .toml or .json"},
		},
		"missing file": {
			start{args: []string{"--config", "/nowhere/m.yaml"}},
			[]string{"/nowhere/m.yaml: no such file or directory: name an existing file with --config or MOONLET_CONFIG"},
		},
		"no home folder": {
			start{env: []string{"HOME="}},
			[]string{"state.file: no home folder is known to keep the state in: set --state FILE, or --state memory to keep none"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(tc.options(t))
			problems, ok := config.AsProblems(err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			var got []string
			for i, p := range problems {
				line := p.Error()
				if i < len(tc.want) && strings.HasSuffix(tc.want[i], ": ") && strings.HasPrefix(line, tc.want[i]) {
					line = tc.want[i] // the rest is the parser's text
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEmptyFilesAndSections(t *testing.T) {
	for name, file := range map[string]string{"m.yaml": " \n", "m.toml": "\n", "m.json": "\n", "n.yaml": "node:\nseed:\nlimits: {}\n"} {
		t.Run(name, func(t *testing.T) {
			if got := (start{name: name, file: file}).open(t).Current().Node.Name; got != "virtual-kubelet" {
				t.Errorf("node %q", got)
			}
		})
	}
}
