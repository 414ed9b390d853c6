package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrongValuesAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ set, want string }{
		"a mode that is none":           {"mode=vk", "at '/mode': value must be one of 'kubelet', 'web'"},
		"no nodes":                      {"nodes=0", "at '/nodes': minimum: got 0, want 1"},
		"more nodes than one can be":    {"nodes=5001", "at '/nodes': maximum: got 5,001, want 5,000"},
		"nodes as a word":               {"nodes=three", "at '/nodes': got string, want integer"},
		"a node name in capitals":       {"nodeName=Node", "at '/nodeName': 'Node' does not match pattern"},
		"a value that is misspelt":      {"nodename=x", "additional properties 'nodename' not allowed"},
		"the values of 2018":            {"virtualKubelet.nodeName=x", "additional properties 'virtualKubelet' not allowed"},
		"a value misspelt further down": {"webApi.img=x", "at '/webApi': additional properties 'img' not allowed"},
		"a script that is no .lua":      {`scripts.hello\.txt=x`, "at '/scripts': additional properties 'hello.txt' not allowed"},
		"a script in a folder":          {`scripts.a/b\.lua=x`, "at '/scripts': additional properties 'a/b.lua' not allowed"},
		"a seed that is no number":      {"config.seed=lucky", "at '/config/seed': got string, want integer"},
		"capacity as a map":             {"config.node.capacity.cpu=4", "at '/config/node/capacity': got object, want array"},
		"a quantity without a resource": {"config.node.capacity={4Gi}", "at '/config/node/capacity/0': '4Gi' does not match pattern"},
		"a level that is none":          {"config.log.level=loud", "at '/config/log/level': value must be one of 'debug', 'info', 'warn', 'error'"},
		"an address without a scheme":   {"mode=web,webApiUrl=provider:5000", "at '/webApiUrl': 'provider:5000' does not match pattern"},
		"a port beyond all ports":       {"webApi.port=70000", "at '/webApi/port': maximum: got 70,000, want 65,535"},
		"an end that is none":           {"onExit=stay", "at '/onExit': value must be one of 'keep', 'drain', 'delete'"},

		"web without a provider":        {"mode=web", "mode web needs a web provider: set webApiUrl"},
		"web with two addresses":        {"mode=web,webApiUrl=http://a,webApiUrlSecret.name=b", "webApiUrl and webApiUrlSecret.name both give"},
		"web with scripts":              {`mode=web,webApiUrl=http://a,scripts.a\.lua=x`, "scripts are for mode kubelet"},
		"a provider without mode web":   {"webApiUrl=http://a", "a web provider is given, but mode is kubelet: set mode to web"},
		"two script folders":            {`existingConfigMap=a,scripts.a\.lua=x`, "scripts and existingConfigMap are both the script folder"},
		"a key that is a value's":       {"config.node.name=x", "config.node.name is not read, because the chart sets it with a flag: set the value nodeName"},
		"a key that is the chart's own": {"config.kubelet.port=1", "config.kubelet.port cannot be set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, refusal := helm(t, "template", "demo", chart, "--set", tc.set)
			if !strings.Contains(refusal, tc.want) {
				t.Errorf("refused with %q, want %q in it", refusal, tc.want)
			}
		})
	}
}

// The schema knows each value, and none that is not there.
func TestSchemaDescribesTheValues(t *testing.T) {
	var schema map[string]any
	data, err := os.ReadFile(filepath.Join(chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	var described []string
	properties(schema, "", &described)
	var documented []string
	for _, v := range documentedValues(t) {
		documented = append(documented, v.name)
	}
	slices.Sort(described)
	slices.Sort(documented)
	if diff := cmp.Diff(documented, described); diff != "" {
		t.Errorf("values (-values.yaml +schema):\n%s", diff)
	}
}

// properties lists what a closed object may hold, closed objects in it by what those hold.
func properties(schema map[string]any, prefix string, names *[]string) {
	all, _ := schema["properties"].(map[string]any)
	for name, value := range all {
		property, _ := value.(map[string]any)
		switch {
		case prefix+name == "global":
		case property["additionalProperties"] == false && property["properties"] != nil:
			properties(property, prefix+name+".", names)
		default:
			*names = append(*names, prefix+name)
		}
	}
}
