{{- define "smsgw.name" -}}
{{ printf "%s-%s" .release .role | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "smsgw.labels" -}}
app.kubernetes.io/name: smsgw
app.kubernetes.io/instance: {{ .release }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}
