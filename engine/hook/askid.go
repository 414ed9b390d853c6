package hook

import (
	"strconv"
	"strings"
)

// AskID names one question about a pod, so that asking it again finds what it wrote: "on_start/app/3". The container
// is empty for questions about the pod as a whole.
func AskID(hook, container string, number int) string {
	return hook + "/" + container + "/" + strconv.Itoa(number)
}

// ParseAskID undoes [AskID].
func ParseAskID(id string) (hook, container string, number int) {
	hook, rest, _ := strings.Cut(id, "/")
	container, n, _ := strings.Cut(rest, "/")
	number, _ = strconv.Atoi(n)
	return hook, container, number
}
