{{/* The settings that are said, as strings.  Numbers come as floats, which would be written like 1e+06. */}}
{{- define "idp.config" -}}
{{- range $setting, $value := .Values.config }}
{{- if kindIs "float64" $value }}
{{ $setting }}: {{ int64 $value | quote }}
{{- else if ne (toString $value) "" }}
{{ $setting }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}
