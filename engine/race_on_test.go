//go:build race

package engine_test

// raceDetector says that the process is watched for races, and several times slower for it.
const raceDetector = true

// memoryFactor is how much more memory a process may take that is watched for races: the detector keeps notes beside it.
const memoryFactor = 2
