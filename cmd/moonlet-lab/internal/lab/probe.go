package lab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	probeEvery   = 30 * time.Millisecond
	probeTimeout = 2 * time.Second
	// The API server's answer may be long; the start says enough.
	probeAnswer = 300
)

// probe asks for a URL. Any answer but 200 is an error with the answer's text.
func probe(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, probeAnswer))
	if err != nil {
		return err
	}
	return fmt.Errorf("%s answers %s: %s", url, answer.Status, strings.TrimSpace(string(text)))
}

// awaitOK asks until the answer is 200. It gives the last answer when the context ends first, or ended is closed.
func awaitOK(ctx context.Context, client *http.Client, url string, ended <-chan struct{}) error {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		err := probe(ctx, client, url)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return err
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
	}
}
