// Command moonlet-lab runs a real Kubernetes control plane on this machine, without containers: etcd, kube-apiserver,
// kube-scheduler, kube-controller-manager and kubectl are linked in as they are, and nothing of them is patched.
//
// It is a Go module of its own, so that nobody who builds Moonlet pays for Kubernetes. This package only links: what the
// user types is read by internal/cli, and a lab's life is internal/lab's. Neither imports Kubernetes' programs, so their
// tests build in seconds.
package main

import (
	"os"

	_ "time/tzdata" // CronJobs may name a time zone on a machine that has none

	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // for kubeconfigs of other clusters
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/component-base/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	labcli "github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/cli"
	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

// programs are what this executable is when its first argument says so. They are the stock programs, with their own
// flags and exit codes, and find their arguments in os.Args.
var programs = map[string]func() int{
	"etcd":                    runEtcd,
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
}

func main() {
	if len(os.Args) > 1 {
		if program := programs[os.Args[1]]; program != nil {
			lab.Tether()
			os.Args = os.Args[1:]
			os.Exit(program())
		}
	}
	os.Exit(labcli.Run(os.Args[1:], labcli.Linked{
		Kubernetes: version.Get().GitVersion,
		Kubectl:    runKubectl,
	}, os.Stdout, os.Stderr))
}

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}

// runKubectl is kubectl's own main. The arguments are those after the word kubectl.
func runKubectl(args []string) int {
	os.Args = append([]string{"kubectl"}, args...)
	// kubectl logs while its command is put together, before any flag is read.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // prints it and exits, with the code that kubectl gives such an error
	}
	return 0
}
