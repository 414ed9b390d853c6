{{/* The chart's name, as the label app.kubernetes.io/name has it. */}}
{{- define "moonlet.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The name of what lies in the release's namespace. 52 characters, because a StatefulSet's pods carry it and a revision hash in a label. */}}
{{- define "moonlet.fullname" -}}
{{- $name := include "moonlet.name" . }}
{{- $whole := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- .Values.fullnameOverride | default $whole | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* The name of what lies in no namespace, or in another one: two releases of one name must not meet there. */}}
{{- define "moonlet.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "moonlet.fullname" .) }}
{{- end }}

{{- define "moonlet.selectorLabels" -}}
app.kubernetes.io/name: {{ include "moonlet.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "moonlet.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "moonlet.selectorLabels" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/component: {{ .Values.mode }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "moonlet.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "moonlet.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- define "moonlet.nodeName" -}}
{{- .Values.nodeName | default (ternary "virtual-kubelet-web" "virtual-kubelet" (eq .Values.mode "web")) }}
{{- end }}

{{- define "moonlet.scriptsConfigMap" -}}
{{- .Values.existingConfigMap | default (printf "%s-scripts" (include "moonlet.fullname" .)) }}
{{- end }}

{{/* What a pod needs to be let onto the nodes, whatever the taint's effect. */}}
{{- define "moonlet.toleration" -}}
- key: {{ .Values.taint.key | default "virtual-kubelet.io/provider" }}
  {{- if or .Values.taint.key (dig "kubelet" "taint_value" "" .Values.config) }}
  operator: Exists
  {{- else }}
  operator: Equal
  value: {{ ternary "web" "lua" (eq .Values.mode "web") }}
  {{- end }}
{{- end }}
