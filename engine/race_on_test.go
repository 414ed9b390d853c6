//go:build race

package engine_test

// memoryFactor is how much more memory a process may take that is watched for races: the detector keeps notes beside it.
const memoryFactor = 2
