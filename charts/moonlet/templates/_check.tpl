{{/* What values.schema.json cannot say, or not in words that help. */}}
{{- define "moonlet.check" -}}
{{- if eq .Values.mode "web" }}
  {{- if not (or .Values.webApiUrl .Values.webApiUrlSecret.name .Values.webApi.image) }}
    {{- fail "mode web needs a web provider: set webApiUrl (or webApiUrlSecret.name) to where it listens, or webApi.image to run it beside Moonlet" }}
  {{- end }}
  {{- if and .Values.webApiUrl .Values.webApiUrlSecret.name }}
    {{- fail "webApiUrl and webApiUrlSecret.name both give the web provider's address: set one of them" }}
  {{- end }}
  {{- if or .Values.scripts .Values.existingConfigMap }}
    {{- fail "scripts are for mode kubelet: in mode web the web provider decides what pods do; leave scripts and existingConfigMap out, or set mode to kubelet" }}
  {{- end }}
{{- else }}
  {{- if or .Values.webApiUrl .Values.webApiUrlSecret.name .Values.webApi.image }}
    {{- fail "a web provider is given, but mode is kubelet: set mode to web, or leave webApiUrl, webApiUrlSecret and webApi.image out" }}
  {{- end }}
  {{- if and .Values.scripts .Values.existingConfigMap }}
    {{- fail "scripts and existingConfigMap are both the script folder: set one of them" }}
  {{- end }}
{{- end }}
{{- include "moonlet.checkConfig" . }}
{{- end }}

{{/* Flags win over the configuration file, so a key that the chart passes as a flag would be ignored there. */}}
{{- define "moonlet.checkConfig" -}}
{{- $given := fromJson (include "moonlet.flat" .Values.config) }}
{{- range $key, $value := dict
    "node.name" "nodeName" "node.count" "nodes" "node.pattern" "nodePattern" "scripts.dir" "scripts" "web.url" "webApiUrl"
    "kubelet.provider" "mode" "kubelet.namespace" "watchNamespace" "kubelet.on_exit" "onExit" "kubelet.adopt" "adopt"
    "kubelet.taint" "taint.key" "kubelet.disable_taint" "taint.enabled" }}
  {{- if hasKey $given $key }}
    {{- fail (printf "config.%s is not read, because the chart sets it with a flag: set the value %s" $key $value) }}
  {{- end }}
{{- end }}
{{- range $key := list "listen.api" "state.file" "kubelet.metrics_addr" "kubelet.port" "kubelet.cert" "kubelet.key" "kubelet.kubeconfig" }}
  {{- if hasKey $given $key }}
    {{- fail (printf "config.%s cannot be set: ports, files and credentials inside the pod are the chart's" $key) }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The keys of a map of maps, with dots, as the keys of a JSON object. */}}
{{- define "moonlet.flat" -}}
{{- $flat := dict }}
{{- range $key, $value := . }}
  {{- $_ := set $flat $key true }}
  {{- if kindIs "map" $value }}
    {{- range $inner := keys $value }}{{ $_ := set $flat (printf "%s.%s" $key $inner) true }}{{ end }}
  {{- end }}
{{- end }}
{{- toJson $flat }}
{{- end }}
