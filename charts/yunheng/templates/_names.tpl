{{/* Labels of every object of the release. */}}
{{- define "yunheng.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/name: yunheng
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: yunheng
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* What selects the pods of one component: (dict "root" $ "component" "operator"). Never changes after installation. */}}
{{- define "yunheng.selector" -}}
app.kubernetes.io/name: yunheng
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* The user name that the operator's writes carry: what the admission policies let through. */}}
{{- define "yunheng.operatorUser" -}}
{{- .Values.operator.userName | default (printf "system:serviceaccount:%s:yunheng-operator" .Release.Namespace) -}}
{{- end }}

{{/* The same, as a string literal of CEL. */}}
{{- define "yunheng.operatorLiteral" -}}
'{{ include "yunheng.operatorUser" . }}'
{{- end }}

{{/* Image of a component: (dict "root" $ "image" .Values.operator.image). A digest wins over a tag. */}}
{{- define "yunheng.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.imageRegistry }}{{ $repository = printf "%s/%s" (trimSuffix "/" .) $repository }}{{ end -}}
{{- if .image.digest -}}
{{ $repository }}@{{ .image.digest }}
{{- else -}}
{{ $repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Subjects of a city-wide role, as written in values. */}}
{{- define "yunheng.subjects" -}}
{{- range . }}
- kind: {{ .kind }}
  name: {{ .name | quote }}
  {{- if eq .kind "ServiceAccount" }}
  namespace: {{ required "a ServiceAccount in bindings needs its namespace" .namespace }}
  {{- else }}
  apiGroup: rbac.authorization.k8s.io
  {{- end }}
{{- end }}
{{- end }}

{{/* Head of an admission policy and its binding: (dict "root" $ "name" "yunheng-ledgers"). */}}
{{- define "yunheng.policyHead" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ .name }}
  labels:
    {{- include "yunheng.labels" .root | nindent 4 }}
{{- end }}

{{- define "yunheng.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ .name }}
  labels:
    {{- include "yunheng.labels" .root | nindent 4 }}
spec:
  policyName: {{ .name }}
  validationActions: [Deny]
{{- end }}

{{/* The binding of a policy that looks at every object of its paramKind; where there is none, nothing stands against the act. */}}
{{- define "yunheng.policyBindingOfEach" -}}
{{ include "yunheng.policyBinding" . }}
  paramRef:
    selector: {}
    parameterNotFoundAction: Allow
{{- end }}

{{/* What every container of ours may do: nothing but run. */}}
{{- define "yunheng.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The user and group of both images. */}}
{{- define "yunheng.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Where the pods of a component run: (dict "root" $ "component" "operator" "values" .Values.operator). Replicas keep apart if they can. */}}
{{- define "yunheng.placement" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if gt (int (.values.replicas | default 1)) 1 }}
topologySpreadConstraints:
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "yunheng.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{- /* The file that the API reads about the identity provider. */}}
{{- define "yunheng.signIn" -}}
{{- with .Values.signIn -}}
{{- $settings := dict "issuer" .issuer "clientId" .clientId "publicUrl" .publicUrl "displayName" .displayName "scopes" .scopes "usernameClaim" .usernameClaim "usernamePrefix" .usernamePrefix "groupsPrefix" .groupsPrefix "groups" .groups "audiences" .audiences "clockSkewSeconds" .clockSkewSeconds }}
{{- if .groupsClaim }}{{ $_ := set $settings "groupsClaim" .groupsClaim }}{{ end }}
{{- if .secret }}{{ $_ := set $settings "clientSecretFile" "client-secret" }}{{ end }}
{{- if .caConfigMap }}{{ $_ := set $settings "caFile" "ca.crt" }}{{ end }}
{{- toYaml $settings }}
{{- end }}
{{- end }}
