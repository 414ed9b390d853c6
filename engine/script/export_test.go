package script

import "context"

// NewState makes a state as a call does when none is idle, and throws it away.
func (s *Set) NewState() error {
	place, err := s.rt.gate.enter(context.Background(), "")
	if err != nil {
		return err
	}
	defer s.rt.gate.leave(place)
	if _, problems := s.newState(place); len(problems) > 0 {
		return problems[0]
	}
	return nil
}
