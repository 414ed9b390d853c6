//go:build !linux

package lab

import "os/exec"

// StartAsBatch starts a command: other systems have no batch jobs.
func StartAsBatch(cmd *exec.Cmd) error { return cmd.Start() }
