package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	stats "k8s.io/kubelet/pkg/apis/stats/v1alpha1"
)

// TestUsage reads what kubectl top is fed with: a metrics-server reads /metrics/resource of every node.
func TestUsage(t *testing.T) {
	client := clusterClient(t, &theLab)
	ns := newNamespace(t, client, "usage")
	scripts := scriptFolder(t, map[string]string{"default.lua": `function usage() return { cpu = "250m", memory = "64Mi" } end`})
	p := startKubelet(t, &theLab, "--nodename", "meter", "--namespace", ns, "--state", "memory", "--scripts", scripts)
	if _, err := client.CoreV1().Pods(ns).Create(t.Context(), podOn("meter", ns, "web"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it runs", func() error { return atLeast(t, client, ns, 1) })

	node, err := client.CoreV1().Nodes().Get(t.Context(), "meter", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	path := node.Annotations["metrics.k8s.io/resource-metrics-path"]
	code, text := fetch(t, &theLab, p.api, path)
	want := fmt.Sprintf(`container_memory_working_set_bytes{container="app",namespace=%q,pod="web"} 6.7108864e+07`, ns)
	if code != http.StatusOK || !strings.Contains(text, want) || !strings.Contains(text, "container_cpu_usage_seconds_total{") || !strings.Contains(text, "node_cpu_usage_seconds_total") {
		t.Errorf("%s answers %d, without %s:\n%s", path, code, want, text)
	}

	code, text = fetch(t, &theLab, p.api, "/stats/summary")
	var summary stats.Summary
	if err := json.Unmarshal([]byte(text), &summary); code != http.StatusOK || err != nil {
		t.Fatalf("/stats/summary answers %d, %v", code, err)
	}
	if len(summary.Pods) != 1 || *summary.Pods[0].Containers[0].CPU.UsageNanoCores != 250_000_000 {
		t.Errorf("got %s", text)
	}
}

// TestStrangersAtTheKubeletAPI: who is not known gets 401, who may not 403.
func TestStrangersAtTheKubeletAPI(t *testing.T) {
	client := clusterClient(t, &theLab)
	ns := newNamespace(t, client, "strangers")
	p := startKubelet(t, &theLab, "--nodename", "door", "--namespace", ns, "--state", "memory", "--scripts", scriptFolder(t, nil))
	theLab.kubectl(t, "create", "serviceaccount", "-n", ns, "poor")
	token := strings.TrimSpace(theLab.kubectl(t, "create", "token", "-n", ns, "poor"))
	for auth, want := range map[string]int{"": http.StatusUnauthorized, "Bearer nonsense": http.StatusUnauthorized, "Bearer " + token: http.StatusForbidden} {
		if got := knock(t, p.api, auth); got != want {
			t.Errorf("with %.15q: got %d, want %d", auth, got, want)
		}
	}
}

func knock(t *testing.T, address, auth string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/pods", nil)
	if err != nil {
		t.Fatal(err)
	}
	if auth != "" {
		r.Header.Set("Authorization", auth)
	}
	resp, err := insecure.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
