package lab

import (
	"fmt"
	"runtime"
	"strconv"
	"time"
)

// The names of the programs, as the first argument that starts them.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
)

const (
	serviceRange   = "10.96.0.0/16"
	firstServiceIP = "10.96.0.1" // the API server's own
	issuer         = "https://kubernetes.default.svc.cluster.local"

	etcdQuota      = 8 << 30 // bytes of data; the most that etcd recommends
	etcdRequest    = 4 << 20 // bytes of one request; the API server lets 3 MiB through
	etcdCompaction = 5 * time.Minute
	clientQPS      = 1000
	clientBurst    = 2000
	// With --load, the garbage collector waits until the heap is five times what lives: a sixth less CPU measured, for
	// twice the memory. Nothing else the API server offers came near that.
	loadGOGC = "GOGC=400"
)

// A program is a component as it is to be started.
type program struct {
	Component
	args  []string
	env   []string
	aside bool // the API server goes before it
}

// plan is all that the command lines follow from.
type plan struct {
	Options
	ports Ports
}

func (p plan) server() string { return "https://" + loopback(p.ports.APIServer) }

// stages are the programs in the order of their start: those of a stage need those before it, and not each other.
func (p plan) stages() [][]program {
	return [][]program{
		{p.program(etcd, "http://"+loopback(p.ports.Etcd), "/health", p.etcdArgs())},
		{p.program(apiServer, p.server(), "/readyz", p.apiServerArgs())},
		{
			p.program(controllerManager, "https://"+loopback(p.ports.ControllerManager), "/healthz", p.controllerManagerArgs()),
			p.program(scheduler, "https://"+loopback(p.ports.Scheduler), "/readyz", p.schedulerArgs()),
		},
	}
}

func (p plan) program(name, url, health string, args []string) program {
	made := program{
		Component: Component{Name: name, URL: url, HealthURL: url + health, Log: p.Dir.Log(name)},
		args:      args,
		aside:     name != apiServer,
	}
	if made.aside {
		made.env = append(made.env, "GOMAXPROCS="+strconv.Itoa(othersProcessors()))
	}
	if p.Load {
		made.env = append(made.env, loadGOGC)
	}
	return made
}

// othersProcessors are how many processors the parts beside the API server use: half of ours. They have little to do at a time,
// and on all processors their threads look for more in time that is the API server's: a twentieth of what everything takes. For
// the same reason they are batch jobs: a tenth of what they take.
func othersProcessors() int { return (runtime.GOMAXPROCS(0) + 1) / 2 }

func (p plan) etcdArgs() []string {
	client, peer := "http://"+loopback(p.ports.Etcd), "http://"+loopback(p.ports.EtcdPeer)
	args := []string{
		"--name=lab",
		"--data-dir=" + p.Dir.etcdData(),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=lab=" + peer,
		"--auto-compaction-mode=periodic",
		"--auto-compaction-retention=" + etcdCompaction.String(),
		fmt.Sprintf("--quota-backend-bytes=%d", int64(etcdQuota)),
		fmt.Sprintf("--max-request-bytes=%d", etcdRequest),
		"--log-level=warn",
		"--log-format=console",
	}
	if !p.EtcdFsync {
		args = append(args, "--unsafe-no-fsync")
	}
	return args
}

func (p plan) apiServerArgs() []string {
	args := []string{
		"--etcd-servers=http://" + loopback(p.ports.Etcd),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(p.ports.APIServer),
		"--endpoint-reconciler-type=none", // 127.0.0.1 is no legal address of an Endpoints object
		"--service-cluster-ip-range=" + serviceRange,
		"--enable-aggregator-routing=true", // there is no kube-proxy that would make cluster IPs lead anywhere
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC",
		"--client-ca-file=" + p.Dir.CA().Cert,
		"--token-auth-file=" + p.Dir.tokens(),
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + p.Dir.pki("sa.pub"),
		"--service-account-signing-key-file=" + p.Dir.pki("sa.key"),
		"--kubelet-certificate-authority=" + p.Dir.CA().Cert,
		"--kubelet-client-certificate=" + p.Dir.pair("kubelet-client").Cert,
		"--kubelet-client-key=" + p.Dir.pair("kubelet-client").Key,
		"--kubelet-preferred-address-types=InternalIP,Hostname,ExternalIP", // the name of a virtual node does not resolve
		"--requestheader-client-ca-file=" + p.Dir.pair("front-proxy-ca").Cert,
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + p.Dir.pair("front-proxy-client").Cert,
		"--proxy-client-key-file=" + p.Dir.pair("front-proxy-client").Key,
		// Clients hold watches open. By default the server waits a minute for them to go by themselves.
		"--shutdown-delay-duration=0s",
		"--shutdown-watch-termination-grace-period=1s",
		"--shutdown-send-retry-after=true", // with it, connections still open two seconds later are closed
	}
	if p.Load {
		args = append(args,
			"--enable-priority-and-fairness=false",
			"--max-requests-inflight=10000",
			"--max-mutating-requests-inflight=10000",
			"--event-ttl=10m",
			"--delete-collection-workers=16")
	}
	return append(args, p.serving()...)
}

func (p plan) controllerManagerArgs() []string {
	args := []string{
		"--secure-port=" + strconv.Itoa(p.ports.ControllerManager),
		"--use-service-account-credentials=true", // controllers have no other rights than in any cluster
		"--root-ca-file=" + p.Dir.CA().Cert,
		"--service-account-private-key-file=" + p.Dir.pki("sa.key"),
		"--cluster-signing-cert-file=" + p.Dir.CA().Cert,
		"--cluster-signing-key-file=" + p.Dir.CA().Key,
		"--node-monitor-grace-period=" + p.NodeGrace.String(),
		"--node-monitor-period=" + p.nodeMonitorPeriod().String(),
	}
	return append(args, p.clientArgs(controllerManager)...)
}

// nodeMonitorPeriod is how often nodes are looked at: with a short grace the usual five seconds would be most of it.
func (p plan) nodeMonitorPeriod() time.Duration {
	return max(min(p.NodeGrace/8, 5*time.Second), 100*time.Millisecond)
}

func (p plan) schedulerArgs() []string {
	args := []string{"--secure-port=" + strconv.Itoa(p.ports.Scheduler)}
	return append(args, p.clientArgs(scheduler)...)
}

// clientArgs are the flags of the two programs that are clients of the API server.
func (p plan) clientArgs(name string) []string {
	kubeconfig := p.Dir.pki(name + ".kubeconfig")
	return append([]string{
		"--bind-address=127.0.0.1",
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--leader-elect=false", // there is no second one, and renewing a lease is all the load of an idle lab
		"--kube-api-content-type=application/vnd.kubernetes.protobuf",
		fmt.Sprintf("--kube-api-qps=%d", clientQPS),
		fmt.Sprintf("--kube-api-burst=%d", clientBurst),
	}, p.serving()...)
}

func (p plan) serving() []string {
	files := p.Dir.pair("serving")
	return []string{"--tls-cert-file=" + files.Cert, "--tls-private-key-file=" + files.Key}
}
