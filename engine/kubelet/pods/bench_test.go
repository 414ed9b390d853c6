package pods_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"github.com/moonlet-dev/moonlet/engine/kubelet/pods"
)

// BenchmarkPodStarts measures what a pod costs us from the event that tells of it to the echo of the patch that says it
// runs: one create, one patch. The API server is a table of ready answers, so that next to nothing of what is measured is
// its own, and there is no network.
func BenchmarkPodStarts(b *testing.B) {
	server := newCanned(b, b.N)
	client, err := kubernetes.NewForConfigAndClient(&rest.Config{
		Host: "http://kubernetes", QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/vnd.kubernetes.protobuf"},
	}, &http.Client{Transport: memory{server}})
	if err != nil {
		b.Fatal(err)
	}
	p := newProvider()
	p.counts = true
	r := &rig{TB: b, provider: p, broker: pods.New(pods.Options{Client: client, Provider: notifier{p}, Nodes: []string{node}})}
	r.run()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used := cpu()
	b.ResetTimer()
	for i := range b.N {
		server.frames <- server.added[i]
	}
	for server.patched.Load() < int64(b.N) {
		time.Sleep(time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(cpu()-used)/float64(b.N), "cpu-ns/pod")
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N), "B/pod")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "allocs/pod")
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/float64(b.N), "kept-B/pod")
	runtime.KeepAlive(server)
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// canned is an API server all of whose answers were made before.
type canned struct {
	tb                     testing.TB
	added, echoes, answers [][]byte
	frames                 chan []byte
	patched                atomic.Int64
}

func newCanned(b *testing.B, n int) *canned {
	b.Helper()
	codec := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	c := &canned{tb: b, frames: make(chan []byte, 2*n+1)}
	for i := range n {
		p := likeReal(i)
		c.added = append(c.added, frame(b, codec, "ADDED", p))
		p.Status, p.ResourceVersion = *runningStatus(), strconv.Itoa(10_000_000+i)
		p.ManagedFields = append(p.ManagedFields, metav1.ManagedFieldsEntry{
			Manager: "moonlet", Operation: "Update", APIVersion: "v1", FieldsType: "FieldsV1", Subresource: "status",
			FieldsV1: metav1.NewFieldsV1(`{"f:status":{"f:conditions":{` + strings.Repeat(`"k:{\"type\":\"Ready\"}":{".":{},"f:type":{}},`, 12) + `"f:x":{}}}}`),
		})
		c.echoes = append(c.echoes, frame(b, codec, "MODIFIED", p))
		brief := &metav1.PartialObjectMetadata{ObjectMeta: p.ObjectMeta}
		brief.SetGroupVersionKind(schema.GroupVersionKind{Group: "meta.k8s.io", Version: "v1", Kind: "PartialObjectMetadata"})
		answer, err := apiruntime.Encode(codec, brief)
		if err != nil {
			b.Fatal(err)
		}
		c.answers = append(c.answers, answer)
	}
	return c
}

// likeReal is a pod as the API server makes it of the smallest manifest, with a token and default tolerations.
func likeReal(i int) *v1.Pod {
	p := newPod("p-" + strconv.Itoa(i))
	p.UID = types.UID(fmt.Sprintf("0c5e4d3a-9f5b-4b83-9a2b-%012d", i))
	p.ResourceVersion = strconv.Itoa(1000 + i)
	p.Generation = 1
	p.CreationTimestamp = started
	p.Labels = map[string]string{"app": "bench"}
	p.ManagedFields = []metav1.ManagedFieldsEntry{{
		Manager: "creator", Operation: "Update", APIVersion: "v1", FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{` + strings.Repeat(`"f:terminationMessagePath":{},`, 14) + `"f:x":{}}}`),
	}}
	token := fmt.Sprintf("kube-api-access-%05d", i)
	p.Spec.Containers[0].VolumeMounts = []v1.VolumeMount{{Name: token, ReadOnly: true, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount"}}
	p.Spec.Containers[0].TerminationMessagePath = "/dev/termination-log"
	p.Spec.Containers[0].TerminationMessagePolicy = v1.TerminationMessageReadFile
	p.Spec.Containers[0].ImagePullPolicy = v1.PullIfNotPresent
	p.Spec.Volumes = []v1.Volume{{Name: token, VolumeSource: v1.VolumeSource{Projected: &v1.ProjectedVolumeSource{
		DefaultMode: new(int32(420)),
		Sources: []v1.VolumeProjection{
			{ServiceAccountToken: &v1.ServiceAccountTokenProjection{ExpirationSeconds: new(int64(3607)), Path: "token"}},
			{ConfigMap: &v1.ConfigMapProjection{LocalObjectReference: v1.LocalObjectReference{Name: "kube-root-ca.crt"}, Items: []v1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
			{DownwardAPI: &v1.DownwardAPIProjection{Items: []v1.DownwardAPIVolumeFile{{Path: "namespace", FieldRef: &v1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}}}}},
		},
	}}}}
	p.Spec.DNSPolicy, p.Spec.SchedulerName = v1.DNSClusterFirst, v1.DefaultSchedulerName
	p.Spec.ServiceAccountName, p.Spec.DeprecatedServiceAccount = "default", "default"
	p.Spec.SecurityContext, p.Spec.EnableServiceLinks, p.Spec.Priority = &v1.PodSecurityContext{}, new(true), new(int32(0))
	p.Spec.PreemptionPolicy = new(v1.PreemptLowerPriority)
	for _, key := range []string{v1.TaintNodeNotReady, v1.TaintNodeUnreachable} {
		p.Spec.Tolerations = append(p.Spec.Tolerations, v1.Toleration{Key: key, Operator: v1.TolerationOpExists, Effect: v1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))})
	}
	p.Status = v1.PodStatus{Phase: v1.PodPending, QOSClass: v1.PodQOSBestEffort}
	return p
}

func frame(tb testing.TB, codec apiruntime.Encoder, kind string, p *v1.Pod) []byte {
	tb.Helper()
	p.SetGroupVersionKind(v1.SchemeGroupVersion.WithKind("Pod"))
	object, err := apiruntime.Encode(codec, p)
	if err != nil {
		tb.Fatal(err)
	}
	event, err := (&metav1.WatchEvent{Type: kind, Object: apiruntime.RawExtension{Raw: object}}).Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(event))), event...)
}

func (c *canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPut:
		_, _ = io.Copy(io.Discard, r.Body)
		i, _ := strconv.Atoi(strings.Split(r.URL.Path, "/")[6][2:])
		_, _ = w.Write(c.answers[i])
		c.frames <- c.echoes[i]
		c.patched.Add(1)
	case r.URL.Query().Get("sendInitialEvents") != "":
		mark := &v1.Pod{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1", Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"}}}
		_, _ = w.Write(frame(c.tb, protobuf.NewSerializer(scheme.Scheme, scheme.Scheme), "BOOKMARK", mark))
		c.stream(w, r)
	default:
		c.stream(w, r)
	}
}

func (c *canned) stream(w http.ResponseWriter, r *http.Request) {
	w.(http.Flusher).Flush()
	for {
		select {
		case f := <-c.frames:
			_, _ = w.Write(f)
		case <-r.Context().Done():
			return
		}
	}
}
