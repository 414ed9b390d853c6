package server

import (
	"fmt"
	"net/http"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// welcome is what a person finds at /, and what old charts probe.
func (s *Server) welcome(*http.Request) reply {
	return reply{code: http.StatusOK, kind: typeText, body: []byte(welcome)}
}

const welcome = `Moonlet: a virtual kubelet's web provider whose pods live as Lua scripts say.

The web-provider API:
  POST /createPod     PUT /updatePod     DELETE /deletePod         a pod as JSON
  GET  /getPods       /getPod?namespace=default&name=web           /getPodStatus?namespace=default&name=web
  GET  /getContainerLogs?namespace=default&podName=web&containerName=nginx&tail=10
  GET  /capacity      /nodeConditions    /nodeAddresses
  GET  /nodeDaemonEndpoints              /operatingSystem

Ours:
  GET  /api/v1/pods   /api/v1/nodes      /api/v1/scripts           /api/v1/params
  GET  /api/v1/verbs  /api/v1/faults     /api/v1/events            /api/v1/openapi.json
  POST /api/v1/actions                   a verb as JSON, as moonlet pod, node, call and write send it
  GET  /readyz?verbose                   /metrics

Try:
  curl -X POST --data-binary @pod.json HOST/createPod
  curl HOST/getPods
`

// daemonEndpoints answers what the Rust sample had a path for and no client asks.
func (s *Server) daemonEndpoints(*http.Request) reply {
	return jsonReply(http.StatusOK, v1.NodeDaemonEndpoints{KubeletEndpoint: v1.DaemonEndpoint{Port: s.opts.KubeletPort}})
}

func (s *Server) operatingSystem(*http.Request) reply {
	return reply{code: http.StatusOK, kind: typeText, body: []byte(s.opts.OS)}
}

// livez says that the process answers at all.
func (s *Server) livez(*http.Request) reply { return text(http.StatusOK, "ok") }

// readyz prints the checks as the API server does: only when asked, or when one fails.
func (s *Server) readyz(r *http.Request) reply {
	checks, lines := s.provider.Ready(), strings.Builder{}
	ready := true
	for _, c := range checks {
		ready = ready && c.OK
		switch {
		case !c.OK:
			fmt.Fprintf(&lines, "[-]%s failed: %s\n", c.Name, c.Message)
		case c.Message != "":
			fmt.Fprintf(&lines, "[+]%s ok: %s\n", c.Name, c.Message)
		default:
			fmt.Fprintf(&lines, "[+]%s ok\n", c.Name)
		}
	}
	_, verbose := r.URL.Query()["verbose"]
	switch {
	case !ready:
		return text(http.StatusInternalServerError, lines.String()+"readyz check failed")
	case verbose:
		return text(http.StatusOK, lines.String()+"readyz check passed")
	}
	return text(http.StatusOK, "ok")
}
