package server_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/server"
)

// odd are values that a client may put anywhere.
var odd = []string{
	`null`, `true`, `""`, `"x"`, `"1"`, `1`, `-1`, `1.5`, `1e2`, `1e99`, `-0`, `99999999999`, `99999999999999999999`, `[]`, `[null]`,
	`{}`, `{"a":null}`, `"2018-08-30T13:25:37Z"`, `"2018-08-30T13:25:37.123+02:00"`, `"\ud800\u0041"`, "\"\xff\"", `01`, `nul`, `"`, `[1,]`, `{"a":1,}`,
	`"100Mi"`, `[{}]`, `{"x":{}}`, "\"a\tb\"",
}

// shapes gives a JSON text for each place of a type, with @ where the value goes.
func shapes(t reflect.Type, put func(string) string, visit func(string)) {
	visit(put("@"))
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		shapes(t.Elem(), put, visit)
	case reflect.Slice:
		shapes(t.Elem(), func(s string) string { return put("[" + s + "]") }, visit)
	case reflect.Map:
		shapes(t.Elem(), func(s string) string { return put(`{"k":` + s + `}`) }, visit)
	case reflect.Struct:
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" {
				shapes(f.Type, put, visit)
				continue
			}
			shapes(f.Type, func(s string) string { return put(`{"` + name + `":` + s + `}`) }, visit)
		}
	default: // a leaf
	}
}

// Every place of a pod is given every odd value: what is taken, what it means and what is refused is as
// encoding/json has it, and a refusal names the place.
func TestEveryFieldIsDecodedAsByEncodingJSON(t *testing.T) {
	seen := map[string]bool{}
	shapes(reflect.TypeFor[v1.Pod](), func(s string) string { return s }, func(shape string) {
		if seen[shape] {
			return
		}
		seen[shape] = true
		for _, value := range odd {
			agree(t, strings.Replace(shape, "@", value, 1))
		}
	})
	if len(seen) < 500 {
		t.Errorf("only %d places were tried", len(seen))
	}
}

func agree(t *testing.T, body string) {
	t.Helper()
	got, err := server.DecodePod([]byte(body))
	want := new(v1.Pod)
	wantErr := json.Unmarshal([]byte(body), want)
	switch {
	case (err == nil) != (wantErr == nil):
		t.Errorf("%s: %v, encoding/json says %v", body, err, wantErr)
	case err == nil && !reflect.DeepEqual(want, got):
		t.Errorf("%s: decoded otherwise than by encoding/json (-want +got):\n%s", body, cmp.Diff(want, got))
	}
}

func TestFieldsGivenTwiceAreDecodedAsByEncodingJSON(t *testing.T) {
	for _, body := range []string{
		`{"metadata":{"name":"a","name":"b"}}`,
		`{"metadata":{"labels":{"a":"1"}},"metadata":{"labels":{"b":"2"}}}`,
		`{"metadata":{"labels":{"a":"1"},"labels":null}}`,
		`{"metadata":{"finalizers":["x","y"],"finalizers":["z"]}}`,
		`{"spec":{"containers":[{"name":"a","image":"i"},{"name":"c"}],"containers":[{"name":"b"}]}}`,
		`{"spec":{"containers":[{"name":"a","env":[{"name":"E","value":"v"}]}],"Containers":[{"env":[{"name":"F"}]}]}}`,
		`{"spec":{"securityContext":{"runAsUser":1},"securityContext":{"runAsGroup":2}}}`,
		`{"spec":{"volumes":[{"name":"v","secret":{}}],"volumes":[{"name":"w","emptyDir":{}}]}}`,
		`{"metadata":{"creationTimestamp":"2018-08-30T13:25:37Z","creationTimestamp":null}}`,
	} {
		agree(t, body)
	}
}
