// Package kubelet answers: what must a provider do to be Kubernetes nodes?
//
// [Provider] is the whole of what is asked of one: take pods, let go of them, say how they are. Everything else is an
// interface of its own that a provider may satisfy or leave: who reads no logs is not asked for any. [Registry] holds
// the providers that a binary offers by name.
//
// The packages below turn a Provider into nodes, each with one question:
//
//	connect     how is the cluster reached, and what is missing where it is not?
//	nodes       how does Kubernetes see our nodes? registration, leases, status, silence
//	pods        how do Kubernetes' pods reach the provider, and its statuses Kubernetes?
//	events      what do people read in kubectl describe?
//	kubeletapi  how do kubectl logs, exec and top reach the provider? the HTTPS API of a kubelet
//	env         what do env and envFrom resolve to?
//	broker      the assembly of these
//	lua         the provider that Lua scripts are
//	web         the provider behind a web-provider API, in any language
//	command     the command line of all that
//	record      which story did a cluster's pods and nodes tell? pure; record/cluster looks at one
//
// This package starts no goroutines and knows no client of Kubernetes, so that a provider needs neither.
package kubelet
