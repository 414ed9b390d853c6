package e2e

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/kubernetes"
)

// traffic is how many requests the API server has answered, by verb and resource, whoever asked.
type traffic map[string]int

// requests is all so far, as the API server counts them itself.
func requests(tb testing.TB, client kubernetes.Interface) traffic {
	tb.Helper()
	text, err := client.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	t := traffic{}
	for _, m := range families["apiserver_request_total"].GetMetric() {
		labels := map[string]string{}
		for _, l := range m.GetLabel() {
			labels[l.GetName()] = l.GetValue()
		}
		what := labels["resource"]
		if sub := labels["subresource"]; sub != "" {
			what += "/" + sub
		}
		if code := labels["code"]; code >= "300" {
			what += " " + code
		}
		t[labels["verb"]+" "+what] += int(m.GetCounter().GetValue())
	}
	return t
}

func (t traffic) since(before traffic) traffic { return since(t, before) }

// since is by how much each count has grown.
func since[M ~map[string]N, N int | float64](now, before M) M {
	grown := M{}
	for what, n := range now {
		grown[what] = n - before[what]
	}
	return grown
}

// String tells of what there were many.
func (t traffic) String() string {
	const few = 20
	var parts []string
	for _, what := range slices.SortedFunc(maps.Keys(t), func(a, b string) int { return cmp.Compare(t[b], t[a]) }) {
		if t[what] >= few {
			parts = append(parts, fmt.Sprintf("%d %s", t[what], what))
		}
	}
	return strings.Join(parts, ", ")
}
