package nodes_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/nodes"
)

// hang lets requests of a kind wait until their client gives up.
func hang(verb, kind string) func(context.Context, call) *metav1.Status {
	return func(ctx context.Context, c call) *metav1.Status {
		if c.verb == verb && c.kind == kind {
			<-ctx.Done()
		}
		return nil
	}
}

// restless describes a node otherwise each time.
func restless() func(string) (kubelet.NodeState, error) {
	n := 0
	return func(string) (kubelet.NodeState, error) {
		n++
		return kubelet.NodeState{Capacity: list(fmt.Sprintf("cpu=%d", n))}, nil
	}
}

func TestLeasesAreRenewedOnTimeWhateverElseHangs(t *testing.T) {
	tests := map[string]struct {
		nodes    int
		period   time.Duration
		duration time.Duration
	}{
		"a few nodes":    {3, 10 * time.Second, 0},
		"1,000 nodes":    {1000, 10 * time.Second, 0},
		"1,001 and more": {1001, 20 * time.Second, 0},
		"shorter leases": {2, 2 * time.Second, 8 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *trial) {
				t.run(func(o *nodes.Options) { o.LeaseDuration = test.duration }, many(test.nodes)...)
				t.describedAs(restless())
				t.api.breakWith(hang("patch", "nodes/status"))
				t.pass(2*test.period + time.Second) // until every node has its turn
				t.api.said()
				began := time.Now()
				t.pass(3 * test.period)
				renewals := t.api.said("update leases", "create leases", "get leases")
				if got, want := len(renewals), 3*test.nodes; got < want-1 || got > want+1 {
					t.Errorf("%d requests about leases, want %d", got, want)
				}
				checkGaps(t, renewals, test.period)
				checkSpread(t, renewals, began, test.period, test.nodes)
				if late := t.count("moonlet_kubelet_lease_late_total"); late > 0 {
					t.Errorf("%v late", late)
				}
			})
		})
	}
}

// checkGaps wants the renewals of each node one period apart.
func checkGaps(t *trial, renewals []call, period time.Duration) {
	t.Helper()
	last := map[string]time.Time{}
	for _, r := range renewals {
		if before, is := last[r.name]; is && r.at.Sub(before) != period {
			t.Fatalf("lease of %s renewed after %v, want %v", r.name, r.at.Sub(before), period)
		}
		last[r.name] = r.at
	}
}

// checkSpread wants about as many renewals in each tenth of a period.
func checkSpread(t *trial, renewals []call, began time.Time, period time.Duration, nodes int) {
	t.Helper()
	counts := map[int]int{}
	for _, r := range renewals {
		counts[int(r.at.Sub(began)/(period/10))]++
	}
	for tenth, count := range counts {
		if count > nodes/10+2 {
			t.Errorf("%d renewals in tenth %d of a period, of %d nodes", count, tenth, nodes)
		}
	}
}

func TestHeartThatHangsHoldsUpNobodyElse(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(func(o *nodes.Options) {
			o.Beats = func(ctx context.Context, node string) bool {
				if node == "a" && time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) > time.Second {
					<-ctx.Done() // later a hook is interrupted, and the node lives
				}
				return true
			}
		}, "a", "b")
		t.pass(15 * time.Second)
		t.api.said()
		t.pass(time.Minute)
		if n := len(t.api.said("update leases b")); n != 6 {
			t.Errorf("lease renewed %d times in a minute, want 6", n)
		}
	})
}

func TestLeaseThatSomebodyChangedIsRenewedAtOnce(t *testing.T) {
	tests := map[string]struct {
		change func(t *trial)
		want   []string
	}{
		"touched": {
			func(t *trial) { t.api.storeLease("a", "us", time.Now().Add(-20*time.Second)) },
			[]string{"update leases a", "get leases a", "update leases a"},
		},
		"deleted": {
			func(t *trial) { t.api.delete("leases", v1.NamespaceNodeLease, "a") },
			[]string{"update leases a", "create leases"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *trial) {
				t.run(nil, "a")
				t.pass(5 * time.Second)
				test.change(t)
				t.api.said()
				t.pass(5 * time.Second)
				if diff := cmp.Diff(test.want, texts(t.api.said("update", "get", "create"))); diff != "" {
					t.Error(diff)
				}
				if !t.api.lease("a").Spec.RenewTime.Equal(new(metav1.NowMicro())) {
					t.Error("lease was not renewed")
				}
				if late := t.count("moonlet_kubelet_lease_late_total"); late > 0 {
					t.Errorf("%v late", late)
				}
			})
		})
	}
}

func TestSecondProcessWithOurIdentityIsComplainedAbout(t *testing.T) {
	inBubble(t, func(t *trial) {
		var log bytes.Buffer
		t.run(func(o *nodes.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) }, "a")
		t.pass(5 * time.Second)
		t.api.storeLease("a", "us", time.Now())
		t.pass(30 * time.Second)
		t.stop()
		if n := strings.Count(log.String(), "is Moonlet running twice?"); n != 1 {
			t.Errorf("%d complaints in %s", n, log.String())
		}
	})
}

func TestLeaseIsTriedAgainUntilItsNamespaceIsThere(t *testing.T) {
	inBubble(t, func(t *trial) {
		there := time.Now().Add(8 * time.Second)
		t.api.breakWith(func(_ context.Context, c call) *metav1.Status {
			if c.verb == "create" && c.kind == "leases" && time.Now().Before(there) {
				return refusal(http.StatusNotFound, metav1.StatusReasonNotFound, `namespaces "kube-node-lease" not found`)
			}
			return nil
		})
		t.run(nil, "a")
		if t.api.lease("a") == nil {
			t.Error("there is no lease")
		}
	})
}

func TestOutageIsCountedAndSurvived(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b")
		t.pass(5 * time.Second)
		t.api.breakWith(func(context.Context, call) *metav1.Status {
			return refusal(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "starting")
		})
		t.pass(time.Minute)
		for _, name := range []string{"a", "b"} {
			t.api.edit(name, lost)
		}
		t.news()
		t.api.breakWith(nil)
		t.pass(10 * time.Second)
		for _, name := range []string{"a", "b"} {
			t.checkReady(name, v1.ConditionTrue)
			if age := time.Since(t.api.lease(name).Spec.RenewTime.Time); age > 10*time.Second {
				t.Errorf("lease of %s is %v old", name, age)
			}
		}
		heard := t.news()
		for _, want := range []string{"a returned", "b returned"} {
			if !slices.Contains(heard, want) {
				t.Errorf("not heard: %s in %q", want, heard)
			}
		}
		if late := t.count("moonlet_kubelet_lease_late_total"); late < 10 || late > 14 {
			t.Errorf("%v late, want one for each renewal that was missed in a minute", late)
		}
	})
}

func TestNodeThatSomebodyTookIsLeftToThem(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pass(5 * time.Second)
		t.api.edit("a", func(n *v1.Node) { n.Annotations["moonlet.dev/kubelet"] = "them" })
		stop := time.Now().Add(60 * time.Second)
		for at := time.Now(); at.Before(stop); at = at.Add(10 * time.Second) {
			time.AfterFunc(time.Until(at), func() { t.api.storeLease("a", "them", time.Now()) })
		}
		t.pass(5 * time.Second)
		if !t.keeper.Silent("a") {
			t.Error("node is ours still")
		}
		t.writes()
		t.news()
		t.pass(85 * time.Second) // the last renewal is 40 s old
		if writes := t.writes(); len(writes) > 0 {
			t.Errorf("wrote %q", writes)
		}
		t.pass(20 * time.Second)
		if h := *t.api.lease("a").Spec.HolderIdentity; h != "us" || t.keeper.Silent("a") {
			t.Errorf("lease is held by %s, silent %v", h, t.keeper.Silent("a"))
		}
		if owner := t.api.node("a").Annotations["moonlet.dev/kubelet"]; owner != "us" {
			t.Errorf("node is kept by %s", owner)
		}
		if heard := t.news(); !slices.Contains(heard, "a returned") {
			t.Errorf("pods were not asserted again: %q", heard)
		}
	})
}

func TestLeaseOfAnotherHolderIsNotFoughtFor(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pass(5 * time.Second)
		t.api.storeLease("a", "a", time.Now()) // a real kubelet that lives
		t.pass(10 * time.Second)
		if h := *t.api.lease("a").Spec.HolderIdentity; h != "a" || !t.keeper.Silent("a") {
			t.Errorf("lease is held by %s, silent %v", h, t.keeper.Silent("a"))
		}
	})
}

func TestMetricsAreNamedAsPrometheusWants(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pass(6 * time.Minute)
		families, err := t.metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		var names []string
		for _, f := range families {
			names = append(names, strings.TrimPrefix(f.GetName(), "moonlet_kubelet_"))
		}
		if diff := cmp.Diff([]string{"lease_lag_seconds", "lease_late_total", "node_status_writes_total", "silent_nodes"}, names); diff != "" {
			t.Error(diff)
		}
	})
}
