package api

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// NodeRow is a node in one row.
type NodeRow struct {
	Name    string            `json:"name"`
	Status  string            `json:"status"` // as kubectl prints it: "Ready", "NotReady"; with what a fault does to it: "Ready,Silent"
	Since   *time.Time        `json:"since,omitempty"`
	OS      string            `json:"os"`
	Arch    string            `json:"arch"`
	Version string            `json:"version"` // whose kubelet it looks like: "v1.33"
	IP      string            `json:"ip,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Pods    int               `json:"pods"`
	Faults  []string          `json:"faults"`        // verbs in force on it
	Due     *time.Time        `json:"due,omitempty"` // when the first of them ends by itself
}

// Node is a node that this process plays, with everything that is known of it.
type Node struct {
	Name       string             `json:"name"`
	OS         string             `json:"os"`
	Generation uint64             `json:"generation"` // of the scripts that serve
	Seed       int64              `json:"seed"`
	Pods       int                `json:"pods"`
	Capacity   v1.ResourceList    `json:"capacity"`
	Conditions []v1.NodeCondition `json:"conditions"`
	Addresses  []v1.NodeAddress   `json:"addresses"`
	Memo       map[string]any     `json:"memo,omitempty"`
}

// Check is one thing that /readyz looks at.
type Check struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Message string `json:"message,omitempty"` // why not; or, where OK, what should be known all the same
}
