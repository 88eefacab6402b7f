/** Python: the handlers of its standard library, and OpenTelemetry's exporter from PyPI, set up by the environment as its page says. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ENDED, MAY_BE_LOST, ONCE, type OutageSender, type Speaking } from "./outage.ts";
import { KEPT, missing, Program, pasted, prepared } from "./program.ts";

const VERSION = "1.45.2";
const FOLDER = join(KEPT, `opentelemetry-python-${VERSION}`);
const PACKAGES = [`opentelemetry-sdk==${VERSION}`, `opentelemetry-exporter-otlp-proto-http==${VERSION}`];

/** Logs every line of its input. */
const LOOP = `
for line in sys.stdin:
    log.info(line.rstrip("\\n"))
`;

const SYSLOG = `
import logging, logging.handlers, socket, sys
handler = logging.handlers.SysLogHandler(("127.0.0.1", int(sys.argv[1])), socktype=socket.SOCK_STREAM)
handler.ident = "payments: "
log = logging.getLogger("audit")
log.setLevel(logging.INFO)
log.addHandler(handler)
${LOOP}`;

const OTLP = `
import logging, sys
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
provider = LoggerProvider()
provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
log = logging.getLogger("audit")
log.setLevel(logging.INFO)
log.addHandler(LoggingHandler(logger_provider=provider))
${LOOP}`;

function run(script: string, env: NodeJS.ProcessEnv = {}, ...args: readonly string[]): Speaking {
  return new Program(["python3", "-u", "-c", script, ...args], env).speaking();
}

/** Variables that a snippet for a shell exports. */
function variablesOf(snippet: string): NodeJS.ProcessEnv {
  return Object.fromEntries([...snippet.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

export const PYTHON: readonly OutageSender[] = [
  {
    name: "Python HTTPHandler",
    format: "logs",
    fates: { killed: MAY_BE_LOST, hanging: ONCE, full: MAY_BE_LOST },
    start: async (place) => missing("python3", "--version") ?? run(`import sys\n${pasted("python", place)}\n${LOOP}`),
  },
  {
    name: "Python OTLP exporter",
    format: "otlp",
    // It waits for some 8 s in all, and then drops what it holds; a service that starts again may take longer.
    fates: { killed: MAY_BE_LOST, hanging: ONCE, full: ONCE },
    start: async (place) => {
      const absent = missing("python3", "--version");
      const isThere = existsSync(join(FOLDER, "opentelemetry"));
      const install = ["python3", "-m", "pip", "install", "--quiet", "--target", FOLDER, ...PACKAGES] as const;
      const failed = absent ?? (isThere ? undefined : prepared(KEPT, [...install]));
      return failed ?? run(OTLP, { ...variablesOf(pasted("opentelemetry", place)), PYTHONPATH: FOLDER });
    },
  },
  {
    name: "Python SysLogHandler over TCP",
    format: "syslog",
    fates: { killed: ENDED, hanging: ONCE, full: ONCE },
    start: async (place) => missing("python3", "--version") ?? run(SYSLOG, {}, place.syslogPort),
  },
];
