package fault_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

func TestEveryVerbStands(t *testing.T) {
	for _, v := range fault.Verbs() {
		if v.Doc == "" || v.Example == "" || !strings.Contains(v.Example, ":"+v.Name+"(") {
			t.Errorf("%s %s: the reference needs a sentence and an example that uses it", v.On, v.Name)
		}
		if found, err := fault.Find(v.On, v.Name); err != nil || found.Name != v.Name {
			t.Errorf("Find(%s, %s) = %v, %v", v.On, v.Name, found.Name, err)
		}
		args := map[string]any{}
		for _, a := range v.Args {
			if a.Required {
				args[a.Name] = map[fault.Kind]any{fault.Number: 1, fault.Duration: "1s", fault.Resources: "cpu=1"}[a.Kind]
			}
		}
		if _, err := (fault.Order{Verb: v.Name, On: v.On, Args: args}).Checked(); err != nil {
			t.Errorf("%s %s with its defaults: %v", v.On, v.Name, err)
		}
	}
}

func TestOrderIsBroughtIntoOneForm(t *testing.T) {
	tests := []struct {
		name  string
		order fault.Order
		want  map[string]any
	}{
		{"defaults", fault.Order{On: fault.Pod, Verb: "crash"}, map[string]any{"code": 137}},
		{"as a command line says it", fault.Order{On: fault.Pod, Verb: "exit", Args: map[string]any{"code": "3"}}, map[string]any{"code": 3}},
		{"as JSON says it", fault.Order{On: fault.Pod, Verb: "exit", Args: map[string]any{"code": 3.0}}, map[string]any{"code": 3}},
		{"seconds", fault.Order{On: fault.Call, Verb: "latency", Args: map[string]any{"time": 1.5}}, map[string]any{"time": "1.5s"}},
		{
			"a table of resources",
			fault.Order{On: fault.Node, Verb: "capacity", Args: map[string]any{"resources": map[string]any{"memory": "4Gi", "cpu": 2.0}}},
			map[string]any{"resources": []string{"cpu=2", "memory=4Gi"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.order.Checked()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.Args); diff != "" {
				t.Errorf("args (-want +got):\n%s", diff)
			}
			kept, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			var back fault.Order
			if err := json.Unmarshal(kept, &back); err != nil {
				t.Fatal(err)
			}
			if back, err = back.Checked(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, back); diff != "" {
				t.Errorf("kept and read again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBadOrderNamesTheNearest(t *testing.T) {
	tests := []struct {
		name  string
		order fault.Order
		says  string
	}{
		{"verb", fault.Order{On: fault.Pod, Verb: "crahs"}, `did you mean "crash"?`},
		{"verb in another spelling", fault.Order{On: fault.Pod, Verb: "hangDelete"}, `did you mean "hang_delete"?`},
		{"verb like no other", fault.Order{On: fault.Write, Verb: "explode"}, "there are late, lost, duplicated, reordered"},
		{"target", fault.Order{On: "pods", Verb: "crash"}, `did you mean "pod"?`},
		{"argument", fault.Order{On: fault.Pod, Verb: "crash", Args: map[string]any{"cod": 1}}, `did you mean "code"?`},
		{"argument of a verb without any", fault.Order{On: fault.Pod, Verb: "freeze", Args: map[string]any{"code": 1}}, "takes no arguments"},
		{"choice", fault.Order{On: fault.Node, Verb: "pressure", Args: map[string]any{"kind": "disc"}}, `did you mean "disk"?`},
		{"missing argument", fault.Order{On: fault.Pod, Verb: "exit"}, "exit needs code"},
		{"range", fault.Order{On: fault.Pod, Verb: "crash", Args: map[string]any{"code": 0}}, "not from 1 to 255"},
		{"duration", fault.Order{On: fault.Call, Verb: "latency", Args: map[string]any{"time": "5min"}}, `did you mean "5m"?`},
		{"lasting crash", fault.Order{On: fault.Pod, Verb: "crash", Lasts: time.Minute}, "happens once"},
		{"labels", fault.Order{On: fault.Pod, Verb: "crash", Select: fault.Selector{Labels: "app in web"}}, "kubectl"},
		{"glob", fault.Order{On: fault.Pod, Verb: "crash", Select: fault.Selector{Name: "[a"}}, "not a pattern"},
		{"share", fault.Order{On: fault.Pod, Verb: "crash", Select: fault.Selector{Share: 30}}, "not from 0 to 1"},
		{"nodes by script", fault.Order{On: fault.Node, Verb: "silence", Select: fault.Selector{Script: "x"}}, "nodes have no script"},
		{"call", fault.Order{On: fault.Call, Verb: "drop", Select: fault.Selector{Calls: []string{"createpods"}}}, `did you mean "createPod"?`},
		{"pods by calls", fault.Order{On: fault.Pod, Verb: "crash", Select: fault.Selector{Calls: []string{"createPod"}}}, "not selected by calls"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.order.Checked()
			var bad *fault.BadOrder
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v (%T), want a BadOrder with %q", err, err, tt.says)
			}
		})
	}
}

func TestDurationsThatPeopleWrite(t *testing.T) {
	for text, near := range map[string]string{
		"5min": "5m", "30": "30s", "2 hours": "2h", "1d": "24h", "90sec": "90s", "soon": "", "-5s": "",
	} {
		_, err := fault.ParseDuration(text)
		if err == nil {
			t.Errorf("%q was taken", text)
			continue
		}
		if says := strings.Contains(err.Error(), "did you mean"); says != (near != "") || !strings.Contains(err.Error(), near) {
			t.Errorf("%q: %v; want it to propose %q", text, err, near)
		}
	}
	if d, err := fault.ParseDuration("1m30s"); err != nil || d != 90*time.Second {
		t.Errorf("1m30s = %v, %v", d, err)
	}
}

func TestVerbsHaveDefaultsThatCanBeRead(t *testing.T) {
	for _, v := range fault.Verbs() {
		if v.Default == "" {
			continue
		}
		if d, err := fault.ParseDuration(v.Default); err != nil || d <= 0 || !v.Lasts {
			t.Errorf("%s %s lasts %q by default: %v, %v", v.On, v.Name, v.Default, d, err)
		}
	}
}
