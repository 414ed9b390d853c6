package fault_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

func TestSelectorMatches(t *testing.T) {
	web := fault.Subject{
		Namespace: "shop", Name: "web-1", Node: "moonlet-3", Script: "flaky",
		Labels: map[string]string{"app": "web", "tier": "front"}, Owners: []string{"ReplicaSet/web-5d9c", "Deployment/web"},
	}
	tests := []struct {
		selector fault.Selector
		want     bool
	}{
		{fault.Selector{}, true},
		{fault.Selector{Namespace: "shop", Name: "web-*", Node: "moonlet-?", Script: "flaky"}, true},
		{fault.Selector{Namespace: "sho"}, false},
		{fault.Selector{Name: "web"}, false},
		{fault.Selector{Node: "moonlet"}, false},
		{fault.Selector{Script: "default"}, false},
		{fault.Selector{Labels: "app=web,tier in (front, back),!canary"}, true},
		{fault.Selector{Labels: "app=web,canary"}, false},
		{fault.Selector{Owner: "web"}, true},
		{fault.Selector{Owner: "deployment/web"}, true},
		{fault.Selector{Owner: "StatefulSet/web"}, false},
		{fault.Selector{Names: []string{"shop/web-1"}}, true},
		{fault.Selector{Names: []string{"web-1"}}, false},
		{fault.Selector{Names: []string{}}, false},
	}
	for _, tt := range tests {
		m, err := tt.selector.Compile()
		if err != nil {
			t.Errorf("%+v: %v", tt.selector, err)
			continue
		}
		if got := m.Match(web); got != tt.want {
			t.Errorf("%+v matches: %v, want %v", tt.selector, got, tt.want)
		}
	}
}

func TestSampleOfACountAndOfAShare(t *testing.T) {
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf("default/web-%d", i))
	}
	if got := sample(t, fault.Selector{Count: 7}, 1, all); len(got) != 7 {
		t.Errorf("count 7 picked %d", len(got))
	}
	if got := sample(t, fault.Selector{Share: 0.3}, 1, all); len(got) < 250 || len(got) > 350 {
		t.Errorf("share 0.3 of 1000 picked %d", len(got))
	}
	if got := sample(t, fault.Selector{Share: 0.001}, 1, all[:2]); len(got) != 1 {
		t.Errorf("a share of two picked %v, want one at least", got)
	}
	if slices.Equal(sample(t, fault.Selector{Count: 7}, 1, all), sample(t, fault.Selector{Count: 7}, 2, all)) {
		t.Error("another seed picks the same")
	}
	if slices.Equal(sample(t, fault.Selector{Count: 7}, 1, all), sample(t, fault.Selector{Count: 7, Draw: 1}, 1, all)) {
		t.Error("another draw picks the same")
	}
}

// TestShareDoesNotMove adds and removes others: who was picked and stays is picked, who was not is not.
func TestShareDoesNotMove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`default/[a-z]{1,6}`), 2, 40, rapid.ID[string]).Draw(t, "names")
		share := rapid.Float64Range(0.05, 1).Draw(t, "share")
		m, err := fault.Selector{Share: share}.Compile()
		if err != nil {
			t.Fatal(err)
		}
		some := names[:len(names)/2+1]
		before, after := m.Sample(1, some), m.Sample(1, names)
		for _, name := range some {
			stays := slices.Contains(before, name) == slices.Contains(after, name)
			if lonely := len(before) == 1; !stays && !lonely {
				t.Fatalf("%s moved as others came: %v, then %v", name, before, after)
			}
		}
	})
}

func sample(t *testing.T, s fault.Selector, seed uint64, keys []string) []string {
	t.Helper()
	m, err := s.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return m.Sample(seed, keys)
}

func TestHintNamesWhatFitsNobody(t *testing.T) {
	all := []fault.Subject{
		{Namespace: "shop", Name: "web-0", Node: "moon-1", Script: "flaky", Owners: []string{"Deployment/web"}, Labels: map[string]string{"app": "web"}},
		{Namespace: "shop", Name: "db-0", Node: "moon-2", Labels: map[string]string{"app": "db"}},
	}
	for want, s := range map[string]fault.Selector{
		`: no pod has the namespace "shopp", did you mean "shop"?`: {Namespace: "shopp", Name: "none"},
		`: no pod has the name "web-1", did you mean "web-0"?`:     {Namespace: "shop", Name: "web-1"},
		`: no pod has the node "moon-3", did you mean "moon-1"?`:   {Node: "moon-3"},
		`: no pod has the owner "Deployment/wep", did you mean`:    {Owner: "Deployment/wep"},
		`: no pod has the script "falky", did you mean "flaky"?`:   {Script: "falky"},
		`: no pod has a label "ap", did you mean "app"?`:           {Labels: "ap=web"},
		`: no pod has app=wbe, did you mean "web"?`:                {Labels: "app=wbe"},
		`: no pod fits all of the selector`:                        {Name: "web-*", Labels: "app=db"},
		`: no pod has the name "quite-something-else"`:             {Name: "quite-something-else"},
	} {
		if got := s.Hint("pod", all); !strings.HasPrefix(got, want) {
			t.Errorf("%+v: got %q, want %q", s, got, want)
		}
	}
}
