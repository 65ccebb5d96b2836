{{/*
What the names of all objects begin with. At most 45 characters, because a Service
has at most 63.
*/}}
{{- define "ordercloud-operator.prefix" -}}
{{- .Values.fullnameOverride | default .Release.Name | trimSuffix "-operator" | trunc 45 | trimSuffix "-" -}}
{{- end }}

{{- define "ordercloud-operator.name" -}}
{{- printf "%s-operator" (include "ordercloud-operator.prefix" .) -}}
{{- end }}

{{- define "ordercloud-operator.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "ordercloud-operator.name" .) -}}
{{- end }}

{{- define "ordercloud-operator.selectorLabels" -}}
app.kubernetes.io/name: ordercloud-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
control-plane: ordercloud-operator
{{- end }}

{{/*
Labels of every object.
*/}}
{{- define "ordercloud-operator.labels" -}}
{{- $labels := include "ordercloud-operator.selectorLabels" . | fromYaml }}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") }}
{{- $_ := set $labels "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_" | trunc 63 | trimSuffix "-") }}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .Release.Service }}
{{- toYaml (merge $labels .Values.commonLabels) }}
{{- end }}

{{- define "ordercloud-operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- .repository }}{{ with .tag }}:{{ . }}{{ end }}@{{ .digest }}
{{- else -}}
{{- .repository }}:{{ .tag | default (printf "v%s" $.Chart.AppVersion | replace "+" "_") }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The operator's ServiceAccount as the subject of a binding.
*/}}
{{- define "ordercloud-operator.subject" -}}
kind: ServiceAccount
name: {{ include "ordercloud-operator.serviceAccountName" . }}
namespace: {{ .Release.Namespace }}
{{- end }}

{{/*
What the operator may do: the rules that are generated from its code. With
watchSecrets false it may only get Secrets. Of namespaces, a Role can only let
somebody get the one that it is in, which is enough for its labels.
*/}}
{{- define "ordercloud-operator.rules" -}}
{{- $unwatched := list }}
{{- if not .Values.watchSecrets }}{{ $unwatched = append $unwatched "secrets" }}{{ end }}
{{- if .Values.watchNamespaces }}{{ $unwatched = append $unwatched "namespaces" }}{{ end }}
{{- range $rule := (.Files.Get "files/role.yaml" | fromYaml).rules }}
{{- if has "" $rule.apiGroups }}
{{- range $resource := $rule.resources }}
- apiGroups: {{ toJson $rule.apiGroups }}
  resources: [{{ $resource }}]
  verbs: {{ has $resource $unwatched | ternary (without $rule.verbs "list" "watch") $rule.verbs | toJson }}
{{- end }}
{{- else }}
{{ toYaml (list $rule) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
What the schema cannot say: values that contradict each other.
*/}}
{{- define "ordercloud-operator.validate" -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) }}
{{- fail "serviceAccount.name: with serviceAccount.create=false, name the ServiceAccount that is there" }}
{{- end }}
{{- if .Values.watchNamespaces }}
{{- range .Values.impersonationTokens.namespaces }}
{{- if not (has . $.Values.watchNamespaces) }}
{{- fail (printf "impersonationTokens.namespaces: %q is not watched: add it to watchNamespaces, or take it out" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.apiServer.cidrs) }}
{{- fail "networkPolicy.apiServer.cidrs: a chart cannot know where the API server is: list the addresses that kubectl get endpointslices --selector kubernetes.io/service-name=kubernetes shows, or 0.0.0.0/0 for any" }}
{{- end }}
{{- if not .Values.metrics.enabled }}
{{- range $name := list "serviceMonitor" "prometheusRule" }}
{{- if (index $.Values.metrics $name).enabled }}
{{- fail (printf "metrics.%s.enabled: there is nothing to read: set metrics.enabled=true" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if not .Values.metrics.secure }}
{{- if .Values.metrics.certificate.secretName }}
{{- fail "metrics.certificate.secretName: metrics.secure=false serves metrics without a certificate: set only one of them" }}
{{- end }}
{{- if .Values.metrics.readers }}
{{- fail "metrics.readers: with metrics.secure=false everybody may read the metrics: set only one of them" }}
{{- end }}
{{- end }}
{{- end }}
