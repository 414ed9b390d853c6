package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

func ExampleClient() {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("name") != "web" {
			http.NotFound(w, r)
			return
		}
		_, _ = fmt.Fprint(w, `{"phase":"Running"}`)
	}))
	defer provider.Close()

	c, err := client.New(provider.URL, client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	status, err := c.GetPodStatus(context.Background(), "default", "web")
	fmt.Println(status.Phase, err)
	_, err = c.GetPodStatus(context.Background(), "default", "gone")
	fmt.Println(client.NotFound(err))
	// Output:
	// Running <nil>
	// true
}

func ExampleClient_Act() {
	moonlet := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"id":"f1","hits":["default/web-0"],"matched":3}`)
	}))
	defer moonlet.Close()

	c, err := client.New(moonlet.URL, client.Options{Token: "of auth.token_file, where one is set"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	done, err := c.Act(context.Background(), api.Action{
		Verb: "unready", On: api.OnPod, Select: api.Selector{Labels: "app=web", Count: 1}, Lasts: "5m", By: "ann", Why: "a drill",
	})
	fmt.Println(done.ID, done.Hits, "of", done.Matched, err)
	// Output:
	// f1 [default/web-0] of 3 <nil>
}
