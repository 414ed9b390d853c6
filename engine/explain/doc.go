// Package explain answers: how does a pod's state sound in words?
//
// [State] makes the sentence of an [api.Explanation], and [Text] prints one for a person: the state first, then what
// led to it with the newest last, then what comes next. It is pure and starts no goroutines.
package explain
