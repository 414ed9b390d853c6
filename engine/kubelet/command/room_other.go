//go:build !linux

package command

// asBatch does nothing: other systems have no such thing.
func asBatch() error { return nil }
