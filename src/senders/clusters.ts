/** Senders around containers. */

import { lines, type Sender } from "./sender.ts";

export const CLUSTERS: readonly Sender[] = [
  {
    id: "docker",
    title: "Docker",
    group: "Containers and clusters",
    format: "hec",
    key: "splunk",
    path: "/services/collector/event/1.0",
    snippets: [
      {
        where: "For one container",
        language: "sh",
        text: lines(
          "docker run --log-driver=splunk \\",
          "  --log-opt splunk-url={{url}} \\",
          "  --log-opt splunk-token={{key}} \\",
          "  --log-opt splunk-format=json \\",
          "  --log-opt splunk-gzip=true \\",
          "  --log-opt tag='{{.Name}}/{{.ID}}' \\",
          "  --log-opt labels=team,env \\",
          "  your-image",
        ),
      },
      {
        where: "For all containers, in /etc/docker/daemon.json",
        language: "json",
        text: lines(
          "{",
          '  "log-driver": "splunk",',
          '  "log-opts": {',
          '    "splunk-url": "{{url}}",',
          '    "splunk-token": "{{key}}",',
          '    "splunk-format": "json",',
          '    "splunk-gzip": "true",',
          '    "tag": "{{.Name}}/{{.ID}}"',
          "  }",
          "}",
        ),
      },
    ],
    page: "docker",
    notes: [
      "A container starts only while the service answers its OPTIONS with exactly 200, unless splunk-verify-connection=false.",
      "A wrong key is not found out at the start: look here whether lines arrive.",
      "splunk-url takes scheme, host and port, and no path.",
    ],
  },
  {
    id: "kubernetes",
    title: "Kubernetes audit webhook",
    group: "Containers and clusters",
    format: "kubernetes",
    key: "bearer",
    path: "/v1/ledgers/{{ledger}}/ingest/kubernetes",
    snippets: [
      {
        where: "In /etc/kubernetes/holdfast.yaml on every control plane node",
        language: "yaml",
        text: lines(
          "apiVersion: v1",
          "kind: Config",
          "clusters:",
          "  - name: holdfast",
          "    cluster:",
          "      server: {{url}}/v1/ledgers/{{ledger}}/ingest/kubernetes",
          "      certificate-authority: /etc/kubernetes/holdfast-ca.pem   # for a certificate of your own",
          "users:",
          "  - name: holdfast",
          "    user:",
          "      token: {{key}}",
          "contexts:",
          "  - name: holdfast",
          "    context: { cluster: holdfast, user: holdfast }",
          "current-context: holdfast",
        ),
      },
      {
        where: "Flags of kube-apiserver, with a policy of yours",
        language: "",
        text: lines(
          "--audit-policy-file=/etc/kubernetes/audit-policy.yaml",
          "--audit-webhook-config-file=/etc/kubernetes/holdfast.yaml",
          "--audit-webhook-initial-backoff=1s",
        ),
      },
    ],
    page: "kubernetes",
    notes: [
      "Needs https: the API server sends its token over nothing else.",
      "Objects of secrets, configmaps and token reviews are cut out before anything is recorded.",
    ],
  },
];
