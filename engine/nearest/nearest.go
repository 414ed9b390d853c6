// Package nearest answers: which of the names we know was meant?
//
// It is what "did you mean" says, everywhere: of keys, flags, verbs, hooks, fields and pods. Pure, and at home on its own
// because packages ask it that must not know each other.
package nearest

// To returns the word of a list that is closest in spelling, or "" when none is close. The word itself is not an answer.
func To(word string, of []string) string {
	best, limit := "", max(1, len(word)/3)+1
	for _, w := range of {
		if w == word || w == "" {
			continue
		}
		if d := distance(fold(word), fold(w)); d < limit {
			best, limit = w, d
		}
	}
	return best
}

// fold makes spellings of one word alike: pod_ip, podIP and PodIp.
func fold(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c != '_' && c != '-':
			out = append(out, c)
		}
	}
	return string(out)
}

// distance is the number of letters to insert, drop, change or swap with their neighbour (optimal string alignment).
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
