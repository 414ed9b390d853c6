// Package lab answers what a lab is and how it lives: a folder, and a supervisor that keeps the four programs of a
// Kubernetes control plane running in it. The main type is Supervisor; a Dir is the folder, and all that other processes
// need to find, ask and end the supervisor.
//
// The package links none of the four programs. They are this same executable, started again with the program's name as
// its first argument, so each has its own flags, metrics and feature gates to itself; main knows how to run them.
//
//	supervisor ──┬── etcd                        stage 1
//	             ├── kube-apiserver              stage 2, when etcd is healthy
//	             ├── kube-controller-manager  ┐  stage 3, when the API server is ready
//	             └── kube-scheduler           ┘
//
// Stages end in reverse order. Goroutines: one for each program, which starts it again when it ends, and one more that
// waits for its process; Supervisor.Run returns when all have ended. A program that has lost its supervisor ends itself
// (Tether).
package lab
