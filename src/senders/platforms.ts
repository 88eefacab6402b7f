/** Senders that are services of others, and post to a URL. */

import { lines, type Sender } from "./sender.ts";

const SECRET_IN_URL =
  "The key stands in the URL: whoever may see the webhook there has it. Give it an end, and change it.";

export const PLATFORMS: readonly Sender[] = [
  {
    id: "github",
    title: "GitHub webhook",
    group: "Platforms",
    format: "github",
    key: "signature",
    path: "/v1/ledgers/{{ledger}}/ingest/github",
    snippets: [
      {
        where: "Settings → Webhooks → Add webhook",
        language: "",
        text: lines(
          "Payload URL   {{url}}/v1/ledgers/{{ledger}}/ingest/github?source={{source}}",
          "Content type  application/json",
          "Secret        {{secret}}",
        ),
      },
    ],
    page: "github",
    notes: [
      "GitHub tries nothing again: what it sends while the service is away has to be redelivered by hand within 3 days.",
      "The secret is pasted whole, whsec_ included. GitHub does not need the key itself.",
    ],
  },
  {
    id: "gitlab",
    title: "GitLab webhook",
    group: "Platforms",
    format: "gitlab",
    key: "signature",
    path: "/v1/ledgers/{{ledger}}/ingest/gitlab",
    snippets: [
      {
        where: "Settings → Webhooks; the signing token, or where there is none the secret token",
        language: "",
        text: lines(
          "URL            {{url}}/v1/ledgers/{{ledger}}/ingest/gitlab?source={{source}}",
          "Signing token  {{secret}}",
        ),
      },
    ],
    page: "gitlab",
    notes: ["GitLab switches a hook off that is refused: change its secret before its key ends."],
  },
  {
    id: "standard-webhooks",
    title: "Standard Webhooks",
    group: "Platforms",
    format: "standard-webhooks",
    key: "signature",
    path: "/v1/ledgers/{{ledger}}/ingest/standard-webhooks",
    snippets: [
      {
        where: "URL of the endpoint and its secret",
        language: "",
        text: lines(
          "URL     {{url}}/v1/ledgers/{{ledger}}/ingest/standard-webhooks?source={{source}}",
          "Secret  {{secret}}",
        ),
      },
    ],
    page: "standard-webhooks",
    notes: [
      "Where the sender’s side makes the secret, make the key with holdfast keys add --webhook-secret-file instead.",
    ],
  },
  {
    id: "okta",
    title: "Okta event hook",
    group: "Platforms",
    format: "logs",
    key: "bearer",
    path: "/v1/ledgers/{{ledger}}/ingest/logs",
    snippets: [
      {
        where: "URL and authentication of the event hook",
        language: "",
        text: lines(
          "URL                    {{url}}/v1/ledgers/{{ledger}}/ingest/logs",
          "Authentication field   Authorization",
          "Authentication secret  Bearer {{key}}",
        ),
      },
    ],
    page: "auth0-okta",
    notes: [
      "Okta asks once whether the hook is wanted, which is answered. It tries a delivery once more, and then drops it.",
    ],
  },
  {
    id: "aws",
    title: "AWS EventBridge, CloudTrail",
    group: "Platforms",
    format: "aws",
    key: "bearer",
    path: "/v1/ledgers/{{ledger}}/ingest/aws",
    snippets: [
      {
        where: "Connection and API destination of a rule of EventBridge",
        language: "",
        text: lines(
          "API destination endpoint  {{url}}/v1/ledgers/{{ledger}}/ingest/aws",
          "HTTP method               POST",
          "Authorization type        API Key",
          "API key name              X-API-Key",
          "Value                     {{key}}",
        ),
      },
    ],
    page: "aws",
    notes: [
      "Needs https with a certificate that AWS trusts. EventBridge tries for 24 hours: give the rule a dead-letter queue.",
    ],
  },
  {
    id: "google-cloud",
    title: "Google Cloud audit logs",
    group: "Platforms",
    format: "google",
    key: "path",
    path: "/in/{{key}}/google",
    snippets: [
      {
        where: "In a shell: a topic for the log, and a subscription that pushes",
        language: "",
        text: lines(
          "gcloud pubsub topics create audit",
          "gcloud logging sinks create audit pubsub.googleapis.com/projects/PROJECT/topics/audit \\",
          "  --log-filter='logName:\"cloudaudit.googleapis.com\"'",
          "gcloud pubsub topics add-iam-policy-binding audit --member=SERVICE_ACCOUNT_OF_THE_SINK --role=roles/pubsub.publisher",
          "gcloud pubsub subscriptions create audit-holdfast --topic=audit \\",
          "  --push-endpoint={{url}}/in/{{key}}/google --ack-deadline=60 --message-retention-duration=7d",
        ),
      },
    ],
    page: "google-cloud",
    notes: ["Needs https with a certificate that Google trusts.", SECRET_IN_URL],
  },
  {
    id: "azure",
    title: "Azure activity and Entra logs",
    group: "Platforms",
    format: "azure",
    key: "path",
    path: "/in/{{key}}/azure",
    snippets: [
      {
        where: "Endpoint of an Event Grid subscription of type Web Hook",
        language: "",
        text: "{{url}}/in/{{key}}/azure",
      },
    ],
    page: "azure",
    notes: ["Event Grid asks once whether it may send, which is answered.", SECRET_IN_URL],
  },
];
