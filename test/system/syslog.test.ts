/** Real senders of syslog, unchanged, against the real service: logger, rsyslog over TCP and TLS, Python's handler. */

import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import test, { type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { authority, issue } from "../net/tls/certificates.ts";
import { type ServiceProcess, World, waitFor } from "./service-process.ts";

const run = promisify(execFile);

type Found = { readonly event: Readonly<Record<string, unknown>> & { readonly _source: Record<string, unknown> } };

function missing(...command: readonly [string, ...string[]]): string | false {
  const [program, ...args] = command;
  return spawnSync(program, args).status === 0 ? false : `NOT TRIED: ${command.join(" ")} does not run here`;
}

/** Where a service listens for a transport. */
function portOf(service: ServiceProcess, transport: string): string {
  const { syslog } = service.facts as unknown as { readonly syslog: readonly string[] };
  const found = syslog.find((each) => each.startsWith(`${transport} `));
  return found?.split(":").at(-1) ?? assert.fail(`expected a listener for ${transport}, got ${syslog.join()}`);
}

async function messages(service: ServiceProcess, count: number): Promise<Found["event"][]> {
  const page = "GET /v1/ledgers/main/events?format=syslog&limit=1000";
  return await waitFor(`${count} messages`, async () => {
    const { events } = await service.json<{ readonly events: readonly Found[] }>(200, page);
    return events.length >= count && events.map(({ event }) => event);
  });
}

/** Starts rsyslogd with a configuration of the test's own; it reads what `logger` puts into its socket. */
function rsyslog(t: TestContext, world: World, action: string): (text: string) => Promise<unknown> {
  const socket = world.path("log");
  writeFileSync(
    world.path("rsyslog.conf"),
    `global(workDirectory="${world.folder}")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="${socket}" CreatePath="on")
${action}\n`,
  );
  const args = ["-n", "-f", world.path("rsyslog.conf"), "-i", world.path("rsyslog.pid")];
  const child = spawn("rsyslogd", args, { stdio: "ignore" });
  t.after(() => child.kill("SIGKILL"));
  return (text) =>
    waitFor("rsyslogd", () =>
      run("logger", ["--socket-errors=on", "-u", socket, "-t", "payments", text]).catch(() => false),
    );
}

test("logger over TCP and UDP, in all its forms", { skip: missing("logger", "--version") }, async (t) => {
  const env = {
    HOLDFAST_SYSLOG_TCP: "127.0.0.1:0",
    HOLDFAST_SYSLOG_UDP: "127.0.0.1:0",
    HOLDFAST_SYSLOG_SOURCE: "edge",
  };
  const service = await new World(t).start({ env });
  const forms = [
    ["tcp", "--rfc5424", "--octet-count"],
    ["tcp", "--rfc5424"],
    ["tcp", "--rfc3164"],
    ["udp", "--rfc5424"],
    ["udp", "--rfc3164"],
  ];
  for (const [transport = "", ...form] of forms) {
    const to = ["-n", "127.0.0.1", "-P", portOf(service, transport), `--${transport}`];
    await run("logger", [...to, ...form, "-t", "payments", "-p", "authpriv.info", `${transport} ${form.join(" ")}`]);
  }
  const all = await messages(service, forms.length);
  assert.equal(all.length, forms.length);
  for (const { action, message, _source } of all) {
    const transport = String(message).split(" ")[0];
    assert.deepEqual(
      [action, _source.transport, _source.source, _source.quarantined],
      ["syslog.payments", transport, "edge", undefined],
    );
  }
});

const noPython = missing("python3", "--version");
test("Python's handler over TCP and UDP, which says neither time nor host", { skip: noPython }, async (t) => {
  const env = { HOLDFAST_SYSLOG_TCP: "127.0.0.1:0", HOLDFAST_SYSLOG_UDP: "127.0.0.1:0" };
  const service = await new World(t).start({ env });
  const script = `
import logging, logging.handlers, socket, sys
for port, kind in ((int(sys.argv[1]), socket.SOCK_STREAM), (int(sys.argv[2]), socket.SOCK_DGRAM)):
    handler = logging.handlers.SysLogHandler(("127.0.0.1", port), socktype=kind)
    handler.ident = "payments: "
    log = logging.getLogger(str(kind)); log.addHandler(handler)
    log.warning("user login ok alice ünï"); handler.close()
`;
  await run("python3", ["-c", script, portOf(service, "tcp"), portOf(service, "udp")]);
  for (const { action, message, _source } of await messages(service, 2)) {
    assert.deepEqual([action, message], ["syslog.payments", "user login ok alice ünï"]);
    assert.deepEqual(_source.notes, ["time_of_receipt"]);
  }
});

const noRsyslog = missing("rsyslogd", "-v") || missing("logger", "--version");
test("rsyslog over TCP loses nothing while the service is stopped and started again", {
  skip: noRsyslog,
}, async (t) => {
  const world = new World(t);
  const first = await world.start({ env: { HOLDFAST_SYSLOG_TCP: "127.0.0.1:0" } });
  const port = portOf(first, "tcp");
  const send = rsyslog(
    t,
    world,
    `action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" TCP_Framing="octet-counted"
      template="RSYSLOG_SyslogProtocol23Format" action.resumeInterval="1" action.resumeRetryCount="-1")`,
  );
  for (let i = 0; i < 5; i++) await send(`before ${i}`);
  await messages(first, 5);
  await first.stop("SIGTERM");
  // What goes into a socket that is closed already is lost, and no sender of syslog can know: by this one it notices.
  await send("into a closed socket");
  await sleep(1500);
  for (let i = 0; i < 5; i++) await send(`meanwhile ${i}`);
  const second = await world.start({ env: { HOLDFAST_SYSLOG_TCP: `127.0.0.1:${port}` } });
  for (let i = 0; i < 5; i++) await send(`after ${i}`);
  const expected = ["before", "meanwhile", "after"].flatMap((when) => [0, 1, 2, 3, 4].map((i) => `${when} ${i}`));
  const texts = await waitFor("all of them", async () => {
    const got = new Set((await messages(second, 10)).map(({ message }) => message));
    return expected.every((text) => got.has(text)) && got;
  });
  texts.delete("into a closed socket");
  assert.equal(texts.size, expected.length);
});

test("rsyslog over TLS with the certificate of the service", { skip: noRsyslog }, async (t) => {
  const world = new World(t);
  const ca = authority();
  const own = issue({ name: "localhost", issuer: ca });
  for (const [name, text] of [
    ["ca.pem", ca.cert],
    ["cert.pem", own.cert],
    ["key.pem", own.key],
  ] as const)
    writeFileSync(world.path(name), text, { mode: 0o600 });
  const service = await world.start({
    env: {
      HOLDFAST_TLS_CERT: world.path("cert.pem"),
      HOLDFAST_TLS_KEY: world.path("key.pem"),
      HOLDFAST_SYSLOG_TLS: "127.0.0.1:0",
    },
  });
  const send = rsyslog(
    t,
    world,
    `global(DefaultNetstreamDriverCAFile="${world.path("ca.pem")}")
    action(type="omfwd" target="127.0.0.1" port="${portOf(service, "tls")}" protocol="tcp" TCP_Framing="octet-counted"
      template="RSYSLOG_SyslogProtocol23Format" StreamDriver="gtls" StreamDriverMode="1"
      StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost" action.resumeInterval="1")`,
  );
  await send("over TLS");
  const [only] = await messages(service, 1);
  assert.deepEqual([only?.message, only?._source.transport], ["over TLS", "tls"]);
});
