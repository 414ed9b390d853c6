package provider

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// addressBook gives each pod an address of its own out of pod_cidr. Where a pod's search starts is a hash of its name,
// so that a pod tends to keep its address over restarts and the order of creation does not matter. The zero value is
// ready.
type addressBook struct {
	mu    sync.Mutex
	taken map[netip.Addr]state.Key // guarded by mu
	of    map[state.Key]netip.Addr // guarded by mu
}

// take gives the pod its address, the same one until it is released; empty when the range is used up.
func (b *addressBook) take(key state.Key, cidr netip.Prefix) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ip, ok := b.of[key]; ok {
		return ip.String()
	}
	size := usable(cidr)
	if size == 0 {
		return ""
	}
	start := hashOf(key.String()) % size
	for i := range min(size, uint64(len(b.taken))+1) { // among one more than are taken one is free
		ip := nth(cidr, 1+(start+i)%size)
		if _, used := b.taken[ip]; !used {
			b.hold(key, ip)
			return ip.String()
		}
	}
	return ""
}

func (b *addressBook) hold(key state.Key, ip netip.Addr) {
	if b.taken == nil {
		b.taken, b.of = map[netip.Addr]state.Key{}, map[state.Key]netip.Addr{}
	}
	b.taken[ip], b.of[key] = key, ip
}

func (b *addressBook) release(key state.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ip, ok := b.of[key]; ok {
		delete(b.of, key)
		delete(b.taken, ip)
	}
}

// addressRetry is how often a pod without address looks whether one is free again.
const addressRetry = 10 * time.Second

// lacksAddress says that the pod's sandbox cannot start for want of an address.
func (d *draft) lacksAddress() bool {
	life := d.next.Life
	return life.IP() == "" && !d.next.Object.Spec.HostNetwork && !life.Terminal()
}

// address gives the pod one where it needs one and has none.
func (d *draft) address() {
	if !d.lacksAddress() {
		return
	}
	ip := d.p.ips.take(d.next.Key, d.p.node(d.nodeKeeper()).config.PodCIDR)
	if ip != "" {
		d.next.Life = d.next.Life.WithIP(ip)
		return
	}
	if d.old == nil {
		d.happened([]pod.Event{{
			At: d.at, Type: v1.EventTypeWarning, Reason: "FailedCreatePodSandBox",
			Message: "Failed to create pod sandbox: pod_cidr has no address left; trying again every " + short(addressRetry),
		}})
	}
}

// keep marks the address that a pod has already. One that another pod has too is left to that one.
func (b *addressBook) keep(key state.Key, address string) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, used := b.taken[ip]; !used {
		b.hold(key, ip)
	}
}

// keepAddresses marks the addresses of the pods that the store held at start.
func (p *Provider) keepAddresses() {
	for _, pod := range p.store.List() {
		p.ips.keep(pod.Key, pod.Life.IP())
	}
}

// usable is how many addresses of a range pods may have: all but the first and the last.
func usable(cidr netip.Prefix) uint64 {
	if !cidr.IsValid() {
		return 0
	}
	bits := min(cidr.Addr().BitLen()-cidr.Bits(), 62)
	return max(uint64(1)<<bits, 2) - 2
}

func nth(cidr netip.Prefix, n uint64) netip.Addr {
	base := cidr.Masked().Addr()
	sum := base.As16()
	low := binary.BigEndian.Uint64(sum[8:]) + n // the host bits are all there: usable counts no more than fit
	binary.BigEndian.PutUint64(sum[8:], low)
	if base.Is4() {
		return netip.AddrFrom16(sum).Unmap()
	}
	return netip.AddrFrom16(sum)
}

func hashOf(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(sum[:8])
}

// makeUID gives a pod whose client sent none a UID that is the same for the same seed, name and incarnation, in the
// form of a version 8 UUID (RFC 9562).
func (p *Provider) makeUID(key state.Key, incarnation int) types.UID {
	b := sha256.Sum256(fmt.Appendf(nil, "%d %s %d", p.opts.Seed, key, incarnation))
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return types.UID(fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]))
}
