{{/* What every pod has beside its containers. */}}
{{- define "idp.pod" -}}
automountServiceAccountToken: false
# A Service named idp would otherwise set IDP_PORT=tcp://…, which is a setting.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* include "idp.spread" (list $ "web"): a release is spread by itself, whatever is left of the one before. */}}
{{- define "idp.spread" -}}
{{- $root := index . 0 }}
{{- with $root.Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | nindent 4 | trim }}
    labelSelector:
      matchLabels:
        {{- include "idp.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{- define "idp.container" -}}
image: {{ include "idp.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* include "idp.env" (list $ $secrets): what is read from files, and what you add. */}}
{{- define "idp.env" -}}
{{- $root := index . 0 }}
{{- range $setting, $ref := index . 1 }}
{{- if $ref.name }}
- name: {{ $setting }}_FILE
  value: /run/secrets/idp/{{ $setting }}
{{- end }}
{{- end }}
{{- range $root.Values.extraEnv }}
{{- if hasPrefix "IDP_" .name }}
{{- fail (printf "extraEnv: %s is a setting, which belongs into config or secrets" .name) }}
{{- end }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}

{{- define "idp.volumeMounts" -}}
- name: secrets
  mountPath: /run/secrets/idp
  readOnly: true
- name: tmp
  mountPath: /tmp
- name: shm
  mountPath: /dev/shm
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* include "idp.volumes" (list $ $secrets) */}}
{{- define "idp.volumes" -}}
{{- $root := index . 0 -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $setting, $ref := index . 1 }}
      {{- if $ref.name }}
      - secret:
          name: {{ $ref.name }}
          items:
            - key: {{ $ref.key }}
              path: {{ $setting }}
      {{- end }}
      {{- end }}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 128Mi
- name: shm
  emptyDir:
    medium: Memory
    sizeLimit: 16Mi
{{- with $root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
