package pod

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// containerID names one run of a container: the same one always has the same name.
func containerID(p *v1.Pod, container string, run int) string {
	if run == 0 {
		return ""
	}
	b := make([]byte, 0, 128)
	for _, part := range [...]string{string(p.UID), p.Namespace, p.Name, container} {
		b = append(append(b, part...), 0)
	}
	return hash("containerd://", strconv.AppendInt(b, int64(run), 10))
}

// imageID names the content of an image: its repository and a digest.
func imageID(image string) string {
	repository := image
	if strings.Contains(image, "@") {
		return image
	}
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		repository = image[:colon]
	}
	host, rest, ok := strings.Cut(repository, "/")
	switch {
	case !ok:
		repository = "docker.io/library/" + repository
	case !strings.ContainsAny(host, ".:") && host != "localhost":
		repository = "docker.io/" + host + "/" + rest
	}
	return hash(repository+"@sha256:", []byte(image))
}

// hash is a prefix and the hash of b. Every status has some: it allocates nothing but what it returns.
func hash(prefix string, b []byte) string {
	sum := sha256.Sum256(b)
	return string(hex.AppendEncode(append(make([]byte, 0, 160), prefix...), sum[:]))
}
