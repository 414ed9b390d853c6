package kubeletapi

// LogOptions is what the fuzz target drives.
var LogOptions = logOptions
