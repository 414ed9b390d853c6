package main

import (
	"errors"
	"io"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

var _ interface {
	kubelet.Provider
	kubelet.LogReader
} = (*kitchen)(nil)

func tea(uid types.UID, image string) *v1.Pod {
	p := &v1.Pod{}
	p.Namespace, p.Name, p.UID = "default", "tea", uid
	p.Spec.Containers = []v1.Container{{Name: "pot", Image: image}}
	return p
}

func TestTeaSteepsAndIsReady(t *testing.T) {
	held := clock.Hold(time.Unix(1e9, 0))
	k, p := &kitchen{clock: held}, tea("1", "mint:5m")
	for range 2 { // a call may be repeated
		if err := k.CreatePod(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		held.Set(held.Now().Add(time.Minute))
	}
	look := func() (*v1.PodStatus, string) {
		s, err := k.PodStatus(t.Context(), kubelet.RefTo(p))
		if err != nil {
			t.Fatal(err)
		}
		log, err := k.Logs(t.Context(), kubelet.ContainerRef{PodRef: kubelet.RefTo(p), Container: "pot"}, kubelet.LogOptions{})
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(log)
		return s, string(text)
	}
	s, log := look()
	if s.Phase != v1.PodRunning || !s.ContainerStatuses[0].Ready || s.ContainerStatuses[0].State.Running == nil || log != "3m0s to go\n" {
		t.Errorf("after two minutes: %+v, %q", s, log)
	}
	held.Set(held.Now().Add(4 * time.Minute))
	if s, log = look(); s.Phase != v1.PodSucceeded || s.Message != "tea is ready" || s.Conditions[0].Status != v1.ConditionFalse || s.ContainerStatuses[0].State.Terminated.FinishedAt.Unix() != 1e9+300 || log != "0s to go\n" {
		t.Errorf("after six: %+v, %q", s, log)
	}
	if err := k.UpdatePod(t.Context(), p); err != nil {
		t.Error(err)
	}
	if all, err := k.Pods(t.Context()); err != nil || len(all) != 1 || all[0].Name != "tea" {
		t.Errorf("%v, %v", all, err)
	}
	if s, _ := look(); s.Phase != v1.PodSucceeded {
		t.Errorf("it steeps anew: %v", s.Phase)
	}
}

func TestWhoIsNotThere(t *testing.T) {
	k := &kitchen{clock: clock.Hold(time.Unix(0, 0))}
	if err := k.CreatePod(t.Context(), tea("1", "sencha:2m")); err != nil {
		t.Fatal(err)
	}
	other := tea("2", "sencha:2m")
	_, status := k.PodStatus(t.Context(), kubelet.RefTo(other))
	_, log := k.Logs(t.Context(), kubelet.ContainerRef{PodRef: kubelet.RefTo(other)}, kubelet.LogOptions{})
	for _, err := range []error{status, log, k.DeletePod(t.Context(), other)} {
		if !errors.Is(err, kubelet.ErrNotFound) {
			t.Errorf("another incarnation: %v", err)
		}
	}
	if err := k.DeletePod(t.Context(), tea("1", "sencha:2m")); err != nil {
		t.Error(err)
	}
	if all, _ := k.Pods(t.Context()); len(all) != 0 {
		t.Errorf("poured away: %v", all)
	}
}

func TestAnImageSaysHowLongItSteeps(t *testing.T) {
	k := &kitchen{clock: clock.Real()}
	for _, image := range []string{"sencha", "sencha:latest", "sencha:-2m", "sencha:0s"} {
		err := k.CreatePod(t.Context(), tea("1", image))
		if want := `image "` + image + `" does not say how long it steeps: want one like sencha:2m`; err == nil || err.Error() != want {
			t.Errorf("%s: %v", image, err)
		}
	}
}
