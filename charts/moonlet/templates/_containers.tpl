{{/* Moonlet itself. What belongs to the pod — ports, files — is a flag; how the nodes behave is in the configuration file. */}}
{{- define "moonlet.container" -}}
{{- $lua := eq .Values.mode "kubelet" -}}
name: moonlet
image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [/moonlet]
args:
  - kubelet
  - --provider={{ ternary "lua" "web" $lua }}
  - --provider-config=/etc/moonlet/config.yaml
  - --nodename={{ include "moonlet.nodeName" . }}
  - --nodes={{ .Values.nodes }}
  {{- with .Values.nodePattern }}
  - {{ printf "--node-pattern=%s" . | quote }}
  {{- end }}
  {{- if $lua }}
  - --listen=:3000
  - --scripts=/scripts
  - --state=/state/moonlet.db
  {{- end }}
  - --metrics-addr=:10255
  - --on-exit={{ .Values.onExit }}
  {{- if not .Values.taint.enabled }}
  - --disable-taint
  {{- else if .Values.taint.key }}
  - --taint={{ .Values.taint.key }}
  {{- end }}
  {{- with .Values.watchNamespace }}
  - --namespace={{ . }}
  {{- end }}
  {{- if .Values.adopt }}
  - --adopt
  {{- end }}
  {{- with .Values.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
env:
  {{- include "moonlet.kubeletEnv" . | nindent 2 }}
  {{- if .Values.kubeletTLS.existingSecret }}
  - name: APISERVER_CERT_LOCATION
    value: /etc/virtual-kubelet/tls.crt
  - name: APISERVER_KEY_LOCATION
    value: /etc/virtual-kubelet/tls.key
  {{- end }}
  {{- if not $lua }}
  - name: WEB_ENDPOINT_URL
    {{- if .Values.webApiUrlSecret.name }}
    valueFrom:
      secretKeyRef:
        name: {{ .Values.webApiUrlSecret.name }}
        key: {{ .Values.webApiUrlSecret.key }}
    {{- else }}
    value: {{ .Values.webApiUrl | default (printf "http://localhost:%v" .Values.webApi.port) | quote }}
    {{- end }}
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - name: kubelet
    containerPort: 10250
    protocol: TCP
  - name: metrics
    containerPort: 10255
    protocol: TCP
  {{- if $lua }}
  - name: api
    containerPort: 3000
    protocol: TCP
  {{- end }}
# Longer than Moonlet itself waits for an API server that does not answer (startup-timeout), so that its own words are the last.
startupProbe:
  httpGet:
    path: /livez
    port: metrics
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /livez
    port: metrics
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet:
    path: /readyz
    port: metrics
  periodSeconds: 5
  timeoutSeconds: 5
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  # Folders, not single files by subPath: those would never change again.
  - name: config
    mountPath: /etc/moonlet
    readOnly: true
  {{- if $lua }}
  - name: scripts
    mountPath: /scripts
    readOnly: true
  - name: state
    mountPath: /state
  {{- end }}
  {{- if .Values.kubeletTLS.existingSecret }}
  - name: tls
    mountPath: /etc/virtual-kubelet
    readOnly: true
  {{- end }}
{{- end }}

{{/* The web provider beside Moonlet. */}}
{{- define "moonlet.webApi" -}}
name: web-api
image: {{ .Values.webApi.image | quote }}
{{- with .Values.webApi.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- with .Values.webApi.args }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
env:
  {{- include "moonlet.kubeletEnv" . | nindent 2 }}
  {{- with .Values.webApi.env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - name: api
    containerPort: {{ .Values.webApi.port }}
    protocol: TCP
{{- with .Values.webApi.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.webApi.securityContext | nindent 2 }}
{{- end }}

{{/* Where the API server reaches the kubelet API: a web provider answers with it in its node addresses. */}}
{{- define "moonlet.kubeletEnv" -}}
- name: KUBELET_PORT
  value: "10250"
- name: VKUBELET_POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- end }}
