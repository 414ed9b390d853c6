package capture_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/enginetest/capture"
)

func TestRecordingsAreReadWhole(t *testing.T) {
	for _, c := range []struct {
		name string
		want map[string]int
	}{
		{capture.Client, map[string]int{
			"/capacity": 1, "/nodeConditions": 1, "/nodeAddresses": 1, "/getPods": 2, "/createPod": 1, "/getPod": 3,
			"/getPodStatus": 2, "/getContainerLogs": 3, "/updatePod": 1, "/deletePod": 1,
		}},
		{capture.OldVK, map[string]int{
			"/capacity": 9, "/nodeConditions": 8, "/nodeAddresses": 8, "/getPods": 4, "/createPod": 2, "/deletePod": 2,
			"/getPodStatus": 5, "/getContainerLogs": 5, "/updatePod": 1,
		}},
		{capture.LastVK, map[string]int{
			"/capacity": 2, "/nodeConditions": 1, "/nodeAddresses": 1, "/getPods": 3, "/getPod": 6, "/createPod": 2,
			"/getPodStatus": 3, "/updatePod": 3, "/deletePod": 2, "/getContainerLogs": 5,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			requests, err := capture.Load(c.name)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{}
			for _, r := range requests {
				path, _, _ := strings.Cut(r.Target, "?")
				got[path]++
				if len(r.Body) > 0 && !json.Valid(r.Body) {
					t.Errorf("%s %s: the body is not whole: %s", r.Method, r.Target, r.Body)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("calls recorded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARequestInPiecesIsPutTogether(t *testing.T) {
	got, err := capture.Parse(strings.NewReader("--- conn 1 +0.1s\nG\n--- conn 2 +0.2s\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n\n--- conn 1 +0.3s\nET /a HTTP/1.1\r\nHost: x\r\n\r\n\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Target != "/a" || got[1].Target != "/b" || got[0].At.String() != "100ms" {
		t.Errorf("got %+v", got)
	}
}

func TestACutRequestIsAnError(t *testing.T) {
	_, err := capture.Parse(strings.NewReader("--- conn 1 +0.1s\nPOST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc\n"))
	if err == nil || !strings.Contains(err.Error(), "conn 1, byte 0: body") {
		t.Errorf("got %v", err)
	}
}

func TestHeadsOfTheOddCases(t *testing.T) {
	got, err := capture.Heads()
	if err != nil {
		t.Fatal(err)
	}
	auth := 0
	for _, r := range got {
		if r.Header.Get("Authorization") == "Basic dXNlcjpwYUBzcw==" {
			auth++
		}
	}
	if len(got) < 20 || auth != 4 {
		t.Errorf("%d requests, %d with a password", len(got), auth)
	}
}
