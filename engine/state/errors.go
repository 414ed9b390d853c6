package state

import "errors"

// What can be wrong with a change.
var (
	// ErrNotFound says that the pod to be changed or removed does not exist.
	ErrNotFound = errors.New("not found")
	// ErrExists says that the pod to be created exists.
	ErrExists = errors.New("already exists")
	// ErrConflict says that somebody else changed it since it was read: read again and decide again.
	ErrConflict = errors.New("changed meanwhile")
	// ErrInvalid says that what was given can never be kept.
	ErrInvalid = errors.New("invalid")
	// ErrTooOld says that events that far back are gone: list again and subscribe anew.
	ErrTooOld = errors.New("events that old are gone, list again")
)

// What can be wrong with the store and its file.
var (
	// ErrClosed says that the store takes no more changes.
	ErrClosed = errors.New("state is closed")
	// ErrUnwritten says that the file could not be written, so the change would not survive.
	ErrUnwritten = errors.New("state file cannot be written")
	// ErrLocked says that another process uses the file.
	ErrLocked = errors.New("in use by another Moonlet")
	// ErrForeign says that the file is not one of ours.
	ErrForeign = errors.New("not a Moonlet state file")
	// ErrDamaged says that the file was ours once and cannot be trusted any more.
	ErrDamaged = errors.New("damaged")
	// ErrFormat says that the file has a format this program does not know.
	ErrFormat = errors.New("unknown format")
)
