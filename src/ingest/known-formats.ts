/** The formats that events come in, by the names that `_source` gives them. */

import type { Format } from "./format.ts";
import { aws } from "./formats/cloud/aws.ts";
import { azure } from "./formats/cloud/azure.ts";
import { google } from "./formats/cloud/google.ts";
import { cloudevents } from "./formats/cloudevents/cloudevents.ts";
import { github } from "./formats/github.ts";
import { gitlab } from "./formats/gitlab.ts";
import { hec } from "./formats/hec/hec.ts";
import { journal } from "./formats/journal.ts";
import { kubernetes } from "./formats/kubernetes/kubernetes.ts";
import { logs } from "./formats/logs/logs.ts";
import { otlp } from "./formats/otlp/otlp.ts";
import { standardWebhooks } from "./formats/standard-webhooks.ts";
import { syslog } from "./formats/syslog/syslog.ts";

/** Events as clients of our own send them. */
export const NATIVE = "native";

export const FORMATS: Readonly<Record<string, Format>> = {
  aws,
  azure,
  cloudevents,
  github,
  gitlab,
  google,
  hec,
  journal,
  kubernetes,
  logs,
  otlp,
  "standard-webhooks": standardWebhooks,
  syslog,
};
