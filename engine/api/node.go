package api

import (
	v1 "k8s.io/api/core/v1"
)

// Node is the node that this process plays.
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
