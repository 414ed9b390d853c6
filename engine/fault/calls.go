package fault

// Calls lists the provider calls, by the names that selectors and scripts give them.
func Calls() []string {
	return []string{
		"createPod", "updatePod", "deletePod", "getPod", "getContainerLogs", "getPodStatus", "getPods",
		"capacity", "nodeConditions", "nodeAddresses",
	}
}
