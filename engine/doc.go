// Package engine assembles a Moonlet from its parts.
package engine
