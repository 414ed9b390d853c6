package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

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
