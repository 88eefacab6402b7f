/** Alerts by e-mail, to servers for mail over real connections: encrypted, signed in, refusing, hanging. */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import test, { after, before, type TestContext } from "node:test";
import { SMTPServer } from "smtp-server";
import type { AlertChange } from "../../src/alerts/alert.ts";
import { Email } from "../../src/alerts/delivery/channels/email.ts";
import type { MailServer } from "../../src/alerts/delivery/channels/smtp-session.ts";
import { readAlerts, alerts as settings } from "../../src/service/settings/alert-settings.ts";
import { openChannels } from "../../src/service/watching/open-channels.ts";
import { type Issued, issue } from "../net/tls/certificates.ts";

const AT = Date.UTC(2026, 0, 4);
const { signal } = new AbortController();
const LOGIN = { user: "holdfast", pass: "s3cret-pass" };

type Got = { readonly from: string; readonly to: readonly string[]; readonly text: string; readonly isSecure: boolean };

const got: Got[] = [];
/** What the servers do not take now. */
const refusing = { recipients: new Set<string>(), isOfMail: false, saying: "no such mailbox" };
const servers: SMTPServer[] = [];
let authority: Issued;
let starttls: number;
let secure: number;
let hanging: Server;

function changeOf(id: string, more: Partial<AlertChange["alert"]> = {}): AlertChange {
  const alert = {
    id: "00112233aabbccdd",
    rule: "source_silent",
    subject: "main/billing",
    title: "a source is silent",
    severity: "warning",
    detail: "nothing has come from billing, ä",
    firedAt: AT,
    seenAt: AT,
    changes: 1,
    ...more,
  } as const;
  return { id, kind: "fired", at: AT, alert };
}

async function listen(isSecure: boolean, certificate: Issued): Promise<number> {
  const server = new SMTPServer({
    secure: isSecure,
    key: certificate.key,
    cert: certificate.cert,
    authMethods: ["PLAIN", "LOGIN"],
    onAuth: ({ username, password }, _session, callback) => {
      const isRight = username === LOGIN.user && password === LOGIN.pass;
      // A server may say whatever it likes to a password, even the password.
      if (isRight) callback(null, { user: username });
      else callback(new Error(`Authentication failed for ${username} with ${password}`));
    },
    onRcptTo: ({ address }, _session, callback) =>
      callback(refusing.recipients.has(address) ? new Error(refusing.saying) : null),
    onData: (stream, session, callback) => {
      let text = "";
      stream.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      stream.on("end", () => {
        if (refusing.isOfMail) {
          callback(Object.assign(new Error("try again later"), { responseCode: 451 }));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        const to = rcptTo.map(({ address }) => address);
        got.push({ from: (mailFrom || { address: "" }).address, to, text, isSecure: session.secure });
        callback(null);
      });
    },
  });
  server.on("error", () => undefined);
  servers.push(server);
  const listening = server.listen(0, "127.0.0.1");
  await new Promise((resolve) => listening.once("listening", resolve));
  return (listening.address() as AddressInfo).port;
}

before(async () => {
  authority = issue({ name: "authority", isAuthority: true });
  const certificate = issue({ name: "mail", issuer: authority });
  starttls = await listen(false, certificate);
  secure = await listen(true, certificate);
  hanging = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
});

after(async () => {
  hanging.close();
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
});

function email(more: Partial<MailServer> = {}, recipients: readonly string[] = ["soc@example.org"]): Email {
  const server = {
    host: "127.0.0.1",
    port: starttls,
    security: "starttls",
    login: LOGIN,
    authorities: authority.cert,
    timeoutMs: 10_000,
    ...more,
  } as const;
  return new Email({ name: "mail", server, sender: "holdfast@example.org", recipients, from: "notice" });
}

function headersOf(text: string): Map<string, string> {
  const head = text.slice(0, text.indexOf("\r\n\r\n")).replace(/\r\n[ \t]/g, " ");
  return new Map(
    head
      .split("\r\n")
      .map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
  );
}

test("a message is encrypted by STARTTLS or from the first byte, signed in, and is the same one when it is sent again", async () => {
  got.length = 0;
  assert.deepEqual(await email().send(changeOf("00112233aabbccdd-1"), signal), { isTaken: true });
  const over = { ...changeOf("00112233aabbccdd-2", { resolvedAt: AT + 1000 }), kind: "resolved" } as const;
  assert.deepEqual(await email({ port: secure, security: "tls" }).send(over, signal), { isTaken: true });
  assert.deepEqual(
    got.map(({ from, to, isSecure }) => [from, to, isSecure]),
    Array(2).fill(["holdfast@example.org", ["soc@example.org"], true]),
  );
  const [first, second] = got.map(({ text }) => headersOf(text));
  assert.equal(first?.get("message-id"), "<00112233aabbccdd-1@example.org>");
  assert.equal(first?.get("subject"), "[warning] Holdfast: a source is silent (main/billing)");
  assert.equal(second?.get("subject"), "[resolved] Holdfast: a source is silent (main/billing)");
  assert.equal(first?.get("references"), second?.get("references"));
  assert.equal(first?.get("auto-submitted"), "auto-generated");
  const body = got[0]?.text.replace(/=\r\n/g, "") ?? "";
  assert.match(body, /billing, =C3=A4[\s\S]*docs\/alerts\.md#source_silent/);
});

test("no text of an event begins a header, another recipient or the end of a message", async () => {
  got.length = 0;
  const hostile = "x\r\nBcc: thief@example.org\r\n\r\n<b>\u2028\u0085\u0000.\r\n.\r\nQUIT\r\n";
  const change = changeOf("00112233aabbccdd-3", {
    subject: hostile,
    title: hostile,
    detail: `${hostile}\n.\n${hostile}`,
  });
  assert.deepEqual(await email().send(change, signal), { isTaken: true });
  assert.equal(got.length, 1);
  const [{ to, text } = { to: [], text: "" }] = got;
  assert.deepEqual(to, ["soc@example.org"]);
  const allowed =
    /^(from|to|subject|date|message-id|references|auto-submitted|x-holdfast-\w+|mime-version|content-[\w-]+)$/;
  const names = [...headersOf(text).keys()];
  assert.ok(
    names.every((name) => allowed.test(name)),
    names.join(" "),
  );
  assert.doesNotMatch(text, /^Bcc:/m);
  assert.match(text.replace(/=\r\n/g, ""), /\\u000aBcc: thief/);
});

test("who is refused is named, and only they are told again", async () => {
  got.length = 0;
  const channel = email({}, ["soc@example.org", "gone@example.org"]);
  refusing.recipients.add("gone@example.org");
  const change = changeOf("00112233aabbccdd-4");
  const refused = await channel.send(change, signal);
  assert.ok(!refused.isTaken && /gone@example\.org.*no such mailbox/.test(refused.reason), JSON.stringify(refused));
  refusing.recipients.clear();
  assert.deepEqual(await channel.send(change, signal), { isTaken: true });
  assert.deepEqual(
    got.map(({ to }) => to),
    [["soc@example.org"], ["gone@example.org"]],
  );
  refusing.recipients.add("soc@example.org");
  const all = await email().send(change, signal);
  refusing.recipients.clear();
  assert.ok(!all.isTaken && all.isFinal !== true && /no such mailbox/.test(all.reason));
  refusing.isOfMail = true;
  const later = await email().send(change, signal);
  refusing.isOfMail = false;
  assert.ok(!later.isTaken && /try again later/.test(later.reason));
});

test("a server that says the password to something else, as it is or as it was said, is not repeated either", async () => {
  const { user, pass } = LOGIN;
  const plain = Buffer.from(`\0${user}\0${pass}`).toString("base64");
  refusing.saying = `not for ${pass}, ${Buffer.from(pass).toString("base64")} or ${plain}`;
  refusing.recipients.add("gone@example.org");
  for (const to of [["gone@example.org"], ["soc@example.org", "gone@example.org"]]) {
    const refused = await email({}, to).send(changeOf("00112233aabbccdd-6"), signal);
    assert.ok(!refused.isTaken);
    assert.match(refused.reason, /not for …, … or …/);
  }
  refusing.recipients.clear();
  refusing.saying = "no such mailbox";
});

test("a password that is wrong is in no reason, though the server says it; nothing is said to one that is not encrypted or not known", async () => {
  got.length = 0;
  const wrong = await email({ login: { user: "holdfast", pass: "wr0ng" } }).send(changeOf("a-1"), signal);
  assert.ok(
    !wrong.isTaken && /user and password/.test(wrong.reason) && !wrong.reason.includes("wr0ng"),
    JSON.stringify(wrong),
  );
  const stranger = new Email({
    name: "mail",
    server: { host: "127.0.0.1", port: secure, security: "tls", login: LOGIN, timeoutMs: 5000 },
    sender: "a@b.example",
    recipients: ["c@d.example"],
    from: "notice",
  });
  assert.equal((await stranger.send(changeOf("a-1"), signal)).isTaken, false);
  assert.deepEqual(got, []);
});

/** A server, or somebody in front of it, that answers as the test says; it keeps what is said to it. */
async function lying(t: TestContext, answers: Readonly<Record<string, string>>) {
  const said: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").write("220 mail\r\n");
    socket.on("data", (text: string) => {
      said.push(text);
      const [verb = ""] = text.split(/[ \r\n]/);
      socket.write(answers[verb] ?? "250 as you like\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return { said, port: (server.address() as AddressInfo).port };
}

const STRIPPED: readonly (readonly [title: string, answers: Readonly<Record<string, string>>])[] = [
  ["does not offer STARTTLS", { EHLO: "250-mail\r\n250 AUTH PLAIN LOGIN\r\n", STARTTLS: "502 what?\r\n" }],
  [
    "offers STARTTLS and refuses it",
    { EHLO: "250-mail\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", STARTTLS: "454 not now\r\n" },
  ],
  [
    "offers STARTTLS and goes on in clear",
    { EHLO: "250-mail\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", STARTTLS: "220 go on\r\n250 go on\r\n" },
  ],
  ["knows an older protocol only", { EHLO: "502 what?\r\n" }],
];
for (const [title, answers] of STRIPPED) {
  test(`a server that ${title} gets neither password nor message`, async (t) => {
    const { said, port } = await lying(t, answers);
    const reception = await email({ port, timeoutMs: 5000 }).send(changeOf("a-5"), signal);
    assert.ok(!reception.isTaken);
    assert.match(said[0] ?? "", /^EHLO/, "it was spoken to");
    assert.doesNotMatch(said.join(""), /^(AUTH|MAIL|RCPT|DATA)|billing/m);
  });
}

test("a server that hangs holds nothing up for longer than is set, nor the end of the service", async () => {
  const port = (hanging.address() as AddressInfo).port;
  const late = await email({ port, timeoutMs: 200 }).send(changeOf("a-2"), signal);
  assert.ok(!late.isTaken, "no greeting came");
  const stopping = new AbortController();
  const sending = email({ port, timeoutMs: 60_000 }).send(changeOf("a-2"), stopping.signal);
  setTimeout(() => stopping.abort(), 50);
  assert.equal((await sending).isTaken, false);
});

test("settings of e-mail: the password from a variable or file, none without encryption, and addresses that are ones", () => {
  const read = (mail: object) =>
    readAlerts(
      settings.parse({
        channels: [
          { name: "mail", email: { host: "mail.example", from: "a@b.example", to: ["c@d.example"], ...mail } },
        ],
      }),
    );
  const [channel] = openChannels(read({ user: "u", passwordEnv: "P" })?.channels ?? [], { P: "word" }, Date.now);
  assert.equal(channel?.kind, "email");
  assert.throws(() => openChannels(read({ user: "u", passwordEnv: "P" })?.channels ?? [], {}, Date.now), /mail.*P/);
  assert.throws(() => read({ user: "u" }), /passwordFile/);
  assert.throws(() => read({ passwordEnv: "P" }), /user/);
  assert.throws(() => read({ user: "u", passwordEnv: "P", security: "none" }), /starttls/);
  for (const to of ["soc", "a@b\r\nBcc: x@y", "Soc <a@b.example>", "a@b.example,c@d.example"])
    assert.throws(() => read({ to: [to] }), /address/, to);
  assert.throws(() => read({ to: [] }));
});
