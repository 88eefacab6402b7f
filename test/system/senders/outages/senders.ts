/** All senders that are taken through outages. */

import { JAVA } from "./java.ts";
import type { OutageSender } from "./outage.ts";
import { PIPES } from "./pipes.ts";
import { PYTHON } from "./python.ts";
import { SYSLOG_NG } from "./syslog-ng.ts";

export const OUTAGE_SENDERS: readonly OutageSender[] = [...SYSLOG_NG, ...JAVA, ...PYTHON, ...PIPES];
