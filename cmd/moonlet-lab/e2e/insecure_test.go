package e2e

import (
	"crypto/tls"
	"net/http"
)

// insecure knows no certificate, as a stranger would not.
var insecure = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
