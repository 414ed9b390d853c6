package lab

import (
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func testPlan() plan {
	return plan{
		Options: Options{Dir: "/lab", NodeGrace: 40 * time.Second},
		ports:   Ports{APIServer: 1, Etcd: 2, EtcdPeer: 3, ControllerManager: 4, Scheduler: 5},
	}
}

func (p plan) find(t *testing.T, name string) program {
	t.Helper()
	for _, made := range slices.Concat(p.stages()...) {
		if made.Name == name {
			return made
		}
	}
	t.Fatalf("no program %s", name)
	return program{}
}

func TestOptionsReachThePrograms(t *testing.T) {
	for name, tc := range map[string]struct {
		option       func(*Options)
		program, arg string
		without      bool // the argument is there unless the option is set
	}{
		"load: no request limits": {option: func(o *Options) { o.Load = true }, program: apiServer, arg: "--enable-priority-and-fairness=false"},
		"load: more requests":     {option: func(o *Options) { o.Load = true }, program: apiServer, arg: "--max-mutating-requests-inflight=10000"},
		"etcd waits for the disk": {option: func(o *Options) { o.EtcdFsync = true }, program: etcd, arg: "--unsafe-no-fsync", without: true},
		"node grace":              {option: func(o *Options) { o.NodeGrace = 7 * time.Second }, program: controllerManager, arg: "--node-monitor-grace-period=7s"},
		"a short grace is looked at often": {
			option: func(o *Options) { o.NodeGrace = 8 * time.Second }, program: controllerManager, arg: "--node-monitor-period=1s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			plain, asked := testPlan(), testPlan()
			tc.option(&asked.Options)
			if has := slices.Contains(plain.find(t, tc.program).args, tc.arg); has != tc.without {
				t.Errorf("without the option, %s is there: %v", tc.arg, has)
			}
			if has := slices.Contains(asked.find(t, tc.program).args, tc.arg); has == tc.without {
				t.Errorf("with the option, %s is there: %v", tc.arg, has)
			}
		})
	}
}

func TestLoadMakesGarbageCollectionRare(t *testing.T) {
	p := testPlan()
	for _, load := range []bool{false, true} {
		p.Load = load
		for _, made := range slices.Concat(p.stages()...) {
			if has := slices.Contains(made.env, "GOGC=400"); has != load {
				t.Errorf("load %v: %s has GOGC: %v", load, made.Name, has)
			}
		}
	}
}

func TestTheAPIServerAloneHasAllProcessorsAndGoesFirst(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(5))
	for _, made := range slices.Concat(testPlan().stages()...) {
		if limited := slices.Contains(made.env, "GOMAXPROCS=3"); limited == (made.Name == apiServer) {
			t.Errorf("%s on 3 of 5 processors: %v", made.Name, limited)
		}
		if made.aside == (made.Name == apiServer) {
			t.Errorf("%s is a batch job: %v", made.Name, made.aside)
		}
	}
}

func TestEverythingListensOnLoopbackOnly(t *testing.T) {
	for _, made := range slices.Concat(testPlan().stages()...) {
		listens := false
		for _, arg := range made.args {
			flag, value, _ := strings.Cut(arg, "=")
			switch {
			case flag == "--bind-address":
				listens = value == "127.0.0.1"
			case strings.HasPrefix(flag, "--listen-"):
				address, err := url.Parse(value)
				listens = err == nil && address.Hostname() == "127.0.0.1"
			default:
				continue
			}
			if !listens {
				t.Errorf("%s: %s", made.Name, arg)
			}
		}
		if !listens {
			t.Errorf("%s is not told where to listen", made.Name)
		}
	}
}
