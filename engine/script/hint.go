package script

import "github.com/moonlet-dev/moonlet/engine/nearest"

// didYouMean ends an error text with the nearest word, if there is one.
func didYouMean(word string, of []string) string {
	if near := nearest.To(word, of); near != "" {
		return ", did you mean '" + near + "'?"
	}
	return ""
}
