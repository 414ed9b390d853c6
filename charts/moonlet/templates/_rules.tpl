{{/* Rules about the nodes, and about what belongs to the whole cluster. */}}
{{- define "moonlet.nodeRules" -}}
# The nodes are registered, watched for what others write to them, and their labels, taints and addresses kept up to date.
- apiGroups: [""]
  resources: [nodes]
  verbs: [get, list, watch, create, patch]
{{- if eq .Values.onExit "delete" }}
# onExit: delete — the nodes go when Moonlet goes.
- apiGroups: [""]
  resources: [nodes]
  verbs: [delete]
{{- end }}
# Capacity, conditions and node information are the node's status.
- apiGroups: [""]
  resources: [nodes/status]
  verbs: [patch]
# What happens to pods and nodes is told in events, and repeated ones are counted up. Events of nodes lie in default.
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
# Whoever calls the kubelet API with a token is asked for: is the token good …
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
# … and may its owner read logs, exec and so on?
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- if eq .Values.mode "web" }}
# Every pod's environment has the API server's address, that of the Service kubernetes in default.
- apiGroups: [""]
  resources: [services]
  resourceNames: [kubernetes]
  verbs: [get]
{{- end }}
{{- end }}

{{/* Rules about the pods: for all namespaces, or for one. */}}
{{- define "moonlet.podRules" -}}
# Pods bound to the nodes are watched, and read again where that is in doubt; one that has ended is deleted for good, as a
# kubelet does.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, delete]
# What becomes of a pod is written to its status. That of a new pod is replaced as a whole, which is less work for the API
# server; without the right to update it is patched.
- apiGroups: [""]
  resources: [pods/status]
  verbs: [patch, update]
{{- if eq .Values.mode "kubelet" }}
# Scenarios look at deployments …
- apiGroups: [apps]
  resources: [deployments]
  verbs: [list]
# … and at what Services lead to.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list]
{{- end }}
{{- if eq .Values.mode "web" }}
# A web provider gets pods with env and envFrom resolved: from ConfigMaps and Secrets that pods name …
- apiGroups: [""]
  resources: [configmaps, secrets]
  verbs: [get]
# … and from the Services of the pod's namespace, whose addresses are environment too.
- apiGroups: [""]
  resources: [services]
  verbs: [list]
{{- end }}
{{- end }}
