{{/*
The operator's flags. What the values leave empty is left to the operator.
*/}}
{{- define "ordercloud-operator.args" -}}
{{- $args := list "--leader-elect" }}
{{- with .Values.metrics }}
{{- if .enabled }}
{{- $args = append $args (printf "--metrics-bind-address=:%d" (int .port)) }}
{{- if not .secure }}
{{- $args = append $args "--metrics-secure=false" }}
{{- end }}
{{- if .certificate.secretName }}
{{- $args = append $args "--metrics-cert-path=/etc/ordercloud-operator/metrics-certificate" }}
{{- end }}
{{- end }}
{{- end }}
{{- $args = append $args "--health-probe-bind-address=:8081" }}
{{- with .Values.watchNamespaces }}
{{- $args = append $args (printf "--watch-namespaces=%s" (join "," .)) }}
{{- end }}
{{- if not .Values.watchSecrets }}
{{- $args = append $args "--watch-secrets=false" }}
{{- end }}
{{- if not .Values.crossNamespaceRefs }}
{{- $args = append $args "--no-cross-namespace-refs" }}
{{- end }}
{{- with .Values.allowedEndpoints }}
{{- $args = append $args (printf "--allowed-endpoints=%s" (join "," .)) }}
{{- end }}
{{- with .Values.maxConcurrentReconciles }}
{{- $args = append $args (printf "--max-concurrent-reconciles=%d" (int .)) }}
{{- end }}
{{- with .Values.orphanAfter }}
{{- $args = append $args (printf "--orphan-after=%s" .) }}
{{- end }}
{{- with .Values.logging }}
{{- with .encoder }}{{ $args = append $args (printf "--zap-encoder=%s" .) }}{{ end }}
{{- with .level }}{{ $args = append $args (printf "--zap-log-level=%s" (toString .)) }}{{ end }}
{{- with .timeEncoding }}{{ $args = append $args (printf "--zap-time-encoding=%s" .) }}{{ end }}
{{- with .stacktraceLevel }}{{ $args = append $args (printf "--zap-stacktrace-level=%s" .) }}{{ end }}
{{- end }}
{{- toYaml (concat $args .Values.extraArgs) }}
{{- end }}

{{/*
How several replicas are spread.
*/}}
{{- define "ordercloud-operator.spread" -}}
{{- if and (gt (int .Values.replicas) 1) .Values.topologySpreadConstraints -}}
topologySpreadConstraints:
{{- $selector := dict "matchLabels" (include "ordercloud-operator.selectorLabels" . | fromYaml) }}
{{- range .Values.topologySpreadConstraints }}
{{ list (hasKey . "labelSelector" | ternary . (set (deepCopy .) "labelSelector" $selector)) | toYaml }}
{{- end }}
{{- end }}
{{- end }}
