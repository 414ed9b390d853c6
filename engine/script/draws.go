package script

import "math"

// Draws is where a call's chance comes from: the same key gives the same draws. It is a value; copying it is free.
type Draws struct{ key uint64 }

const golden = 0x9e3779b97f4a7c15

// NewDraws keys draws by a seed and whatever tells one question from another: texts, whole numbers, booleans. The
// order counts.
func NewDraws(seed uint64, parts ...any) Draws {
	h := mix(seed + golden)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			h = hashText(h, p)
		case int:
			h = mix(h ^ uint64(p)*golden) //nolint:gosec // any bits will do
		case int32:
			h = mix(h ^ uint64(p)*golden) //nolint:gosec // any bits will do
		case int64:
			h = mix(h ^ uint64(p)*golden) //nolint:gosec // any bits will do
		case uint64:
			h = mix(h ^ p*golden)
		case bool:
			if p {
				h = mix(h ^ 1)
			} else {
				h = mix(h ^ 2)
			}
		default:
			panic("script: draws are keyed by texts, whole numbers and booleans")
		}
	}
	return Draws{h}
}

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hashText is FNV-1a started from h, then mixed, so that neighbouring texts part.
func hashText(h uint64, s string) uint64 {
	h ^= uint64(len(s)) * golden
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}

// Share is one draw from [0, 1), the same each time.
func (d Draws) Share() float64 {
	s := d.at(0)
	return s.float()
}

// at is draw n, from 0.
func (d Draws) at(n uint64) source { return source{mix(d.key + (n+1)*golden)} }

// named does not depend on how many draws came before.
func (d Draws) named(name string) source { return source{hashText(d.key^0xa5a5a5a5a5a5a5a5, name)} }

// source yields the few random numbers that one draw needs.
type source struct{ x uint64 }

func (s *source) next() uint64 {
	s.x += golden
	return mix(s.x)
}

// float is in [0, 1).
func (s *source) float() float64 { return float64(s.next()>>11) / (1 << 53) }

func (s *source) exponential(mean float64) float64 { return -mean * math.Log1p(-s.float()) }

// normal draws by Box and Muller.
func (s *source) normal() float64 {
	r := math.Sqrt(-2 * math.Log1p(-s.float()))
	return r * math.Cos(2*math.Pi*s.float())
}
