//go:build !race

package engine_test

const memoryFactor = 1
