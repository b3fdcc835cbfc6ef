{{- define "idp.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "idp.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "idp.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "idp.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* include "idp.nameOf" (list $ "worker"): the full name with an ending that no cut takes away. */}}
{{- define "idp.nameOf" -}}
{{- $root := index . 0 }}
{{- $ending := index . 1 }}
{{- printf "%s-%s" (include "idp.fullname" $root | trunc (int (sub 62 (len $ending))) | trimSuffix "-") $ending }}
{{- end }}

{{- define "idp.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- include "idp.fullname" . }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* include "idp.selector" (list $ "web"): immutable in a Deployment, so nothing is ever added here. */}}
{{- define "idp.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "idp.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* include "idp.labels" (list $ "web") */}}
{{- define "idp.labels" -}}
{{- $root := index . 0 -}}
{{ include "idp.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "idp.image" -}}
{{- with .Values.image }}
{{- if and (eq .tag "latest") (not .digest) }}
{{- fail "image.tag: latest is no version, and a rollback could not find back" }}
{{- end -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "idp.host" -}}
{{- (urlParse .Values.config.IDP_BASE_URL).hostname }}
{{- end }}

{{/* The migration runs before the release has a ServiceAccount, so it has one of its own. */}}
{{- define "idp.migrationServiceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- include "idp.nameOf" (list . "migration") }}
{{- else }}
{{- include "idp.serviceAccountName" . }}
{{- end }}
{{- end }}
