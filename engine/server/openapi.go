package server

import (
	_ "embed"
	"net/http"
	"sync"

	"sigs.k8s.io/yaml"
)

//go:embed openapi.yaml
var openapiYAML []byte

var openapiJSON = sync.OnceValue(func() []byte {
	doc, err := yaml.YAMLToJSON(openapiYAML)
	if err != nil {
		panic("openapi.yaml: " + err.Error()) // it is part of the binary and tested
	}
	return doc
})

// OpenAPI is the description of /api/v1, as YAML.
func OpenAPI() []byte { return openapiYAML }

func (s *Server) openapi(*http.Request) reply {
	return reply{code: http.StatusOK, kind: typeJSON, body: openapiJSON()}
}
