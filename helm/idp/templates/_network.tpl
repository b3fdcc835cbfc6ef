{{/* include "idp.egress" (list $ "dns" "postgresql"): rules of networkPolicy.egress by their names. */}}
{{- define "idp.egress" -}}
{{- $rules := (index . 0).Values.networkPolicy.egress }}
{{- range $name := rest . }}
{{- with index $rules $name }}
- ports:
    {{- range .ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- if eq $name "dns" }}
    - {port: {{ . }}, protocol: UDP}
    {{- end }}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
