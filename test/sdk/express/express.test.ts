/** The middleware in a real application: what is recorded of its requests, and that they are answered as without it. */

import assert from "node:assert/strict";
import { type AddressInfo, connect } from "node:net";
import test, { after } from "node:test";
import type express from "express";
import { audit, type RequestAuditOptions } from "../../../src/sdk/express/index.ts";
import { SECRET_NAMES } from "../../../src/sdk/express/recorded-parts.ts";
import { until } from "../../until.ts";
import { startScene } from "../clients.ts";
import { type Express, VERSIONS } from "./versions.ts";

const scene = await startScene({ after });
const { meddler } = scene;

type Recorded = {
  readonly action: string;
  readonly actor: { readonly type: string; readonly id: string; readonly name?: string };
  readonly outcome?: string;
  readonly context: Record<string, string>;
  readonly metadata: Record<string, unknown> & { readonly request?: Record<string, Record<string, unknown>> };
  readonly intent?: string;
  readonly result_of?: string;
  readonly targets?: readonly object[];
};

type StartApp = (options?: Partial<RequestAuditOptions>) => ReturnType<typeof startAppOf>;

function onEach(title: string, body: (startApp: StartApp) => Promise<void>): void {
  for (const [version, made] of Object.entries(VERSIONS)) {
    test(`${version}: ${title}`, () => body((options) => startAppOf(made, options)));
  }
}

async function startAppOf(express: Express, options: Partial<RequestAuditOptions> = {}) {
  const client = options.client ?? scene.client();
  const app = express();
  app.set("trust proxy", 1);
  app.use(express.json());
  app.use((req, _, next) => {
    const user = req.get("x-user");
    if (user !== undefined) Object.assign(req, { user: { id: user, name: "Ada", password: "hunter2" } });
    next();
  });
  app.use(audit({ client, ...options }));
  const done: string[] = [];
  app.get("/ok", (_, res) => void res.json({ fine: true }));
  app.post("/orders/:id", (req, res) => {
    done.push(String(req.params.id));
    res.status(201).end();
  });
  app.get("/denied", (_, res) => void res.status(403).end());
  app.get("/broken", () => {
    throw new Error("boom");
  });
  app.get("/slow", () => void done.push("slow"));
  const router = express.Router();
  router.get("/files/:name", (_, res) => void res.end("file"));
  app.use("/users/:user", router);
  app.use((_error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    res.status(500).end();
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  after(() => new Promise((resolve) => server.close(resolve)));
  after(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, done, client };
}

/** The newest events, when so many more have come. */
async function newest(from: number, count: number): Promise<Recorded[]> {
  await until(`${count} events`, () => (scene.service.ledgers.get("main")?.size ?? 0) >= from + count);
  const found: Recorded[] = [];
  for await (const { event } of scene.client().read.events({ from })) found.push(event as Recorded);
  return found;
}
const size = () => scene.service.ledgers.get("main")?.size ?? 0;

onEach(
  "who, what, how it ended and from where are recorded of each request, and of its URL only the pattern",
  async (startApp) => {
    const { url } = await startApp();
    const from = size();
    const headers = {
      "X-User": "u7",
      "X-Forwarded-For": "203.0.113.9",
      "User-Agent": "test/1",
      traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
    };
    assert.equal((await fetch(`${url}/orders/secret-token?key=hunter2`, { method: "POST", headers })).status, 201);
    assert.deepEqual(await (await fetch(`${url}/ok`)).json(), { fine: true });
    for (const path of ["/denied", "/broken", "/nothing/here/hunter2", "/users/ada.lovelace@example.com/files/x"])
      await fetch(url + path);
    const [order, ...rest] = await newest(from, 6);
    assert.equal(order?.action, "POST /orders/:id");
    assert.deepEqual(order?.actor, { type: "user", id: "u7", name: "Ada" });
    assert.deepEqual(order?.context, { ip: "203.0.113.9", user_agent: "test/1", trace_id: "a".repeat(32) });
    assert.deepEqual([order?.outcome, order?.metadata.status], ["success", 201]);
    assert.equal(typeof order?.metadata.duration_ms, "number");
    assert.deepEqual(
      rest.map(({ action, outcome, actor }) => [action, outcome, actor.type]),
      [
        ["GET /ok", "success", "anonymous"],
        ["GET /denied", "denied", "anonymous"],
        ["GET /broken", "failure", "anonymous"],
        ["GET (no route)", "failure", "anonymous"],
        ["GET /users/:user/files/:name", "success", "anonymous"],
      ],
    );
    const all = JSON.stringify([order, ...rest]);
    for (const secret of ["secret-token", "hunter2", "lovelace"]) assert.ok(!all.includes(secret), secret);
  },
);

onEach("a client that goes away is recorded as one of which nobody knows how it ended", async (startApp) => {
  const { port, done } = await startApp();
  const from = size();
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  await until("the request to be there", () => done.includes("slow"));
  socket.destroy();
  const [gone] = await newest(from, 1);
  assert.deepEqual(
    [gone?.action, gone?.outcome, gone?.metadata.ended, gone?.metadata.status],
    ["GET /slow", "unknown", "aborted", undefined],
  );
});

test("names of secrets are known in the spellings that programs have", () => {
  const secrets =
    "password Password passwords password_confirmation passwordConfirm newPassword2 user[password] passwd_hash pwd1 pinCode signing-key masterKey encryption_key creditCard card_num recovery_codes mnemonic seedPhrase";
  for (const name of secrets.split(" ")) assert.match(name, SECRET_NAMES);
  for (const name of ["passport", "passenger", "compassion", "number", "keyboard", "spinner"]) {
    assert.doesNotMatch(name, SECRET_NAMES);
  }
});

onEach(
  "members that are named are recorded, and what is called as secrets are called is withheld even then",
  async (startApp) => {
    const record = {
      body: ["amount", "card.number", "customer", "password", "missing", "list"],
      query: ["page"],
      headers: ["x-tenant", "authorization"],
      params: ["id"],
    };
    const { url } = await startApp({ record, targets: () => [{ type: "order", id: "o-1" }] });
    const from = size();
    const customer = { name: "Ada", apiKey: "k-1", deep: { access_token: "t", fine: "yes" }, long: "x".repeat(5_000) };
    const body = JSON.stringify({
      amount: 12,
      customer,
      password: "p",
      other: "o",
      card: { number: "4111" },
      list: [1, { pin: "1234" }],
    });
    const headers = { "Content-Type": "application/json", "X-Tenant": "acme", Authorization: "Bearer x" };
    await fetch(`${url}/orders/7?page=2&token=t`, { method: "POST", headers, body });
    const [{ metadata, targets } = { metadata: {} as Recorded["metadata"], targets: [] }] = await newest(from, 1);
    const { request = {} } = metadata;
    assert.deepEqual(request.query, { page: "2" });
    assert.deepEqual(request.params, { id: "7" });
    assert.deepEqual(request.headers, { "x-tenant": "acme", authorization: "[withheld]" });
    assert.deepEqual(
      [request.body?.amount, request.body?.password, request.body?.list],
      [12, "[withheld]", [1, { pin: "[withheld]" }]],
    );
    const { name, apiKey, deep, long } = (request.body?.customer ?? {}) as typeof customer;
    assert.deepEqual([name, apiKey, deep], ["Ada", "[withheld]", { access_token: "[withheld]", fine: "yes" }]);
    assert.match(long, /^x{2048}… \(5000 characters\)$/);
    assert.ok(!JSON.stringify(request).includes('"other"'));
    assert.deepEqual(targets, [{ type: "order", id: "o-1" }]);
  },
);

onEach("a service that hangs, refuses or is away changes no answer, and what is lost is told", async (startApp) => {
  for (const meddling of ["hang", "reset", { status: 401, code: "key_invalid" }] as const) {
    const lost: string[] = [];
    const client = scene.client({ deadlineMs: 150 });
    const { url } = await startApp({ client, onLost: ({ code }, { action }) => void lost.push(`${code} ${action}`) });
    meddler.otherwise = meddling;
    assert.deepEqual(await (await fetch(`${url}/ok`)).json(), { fine: true });
    await until("what is lost to be told", () => lost.length > 0);
    assert.deepEqual(lost, [`${typeof meddling === "object" ? "key_invalid" : "deadline_passed"} GET /ok`]);
    meddler.otherwise = "pass";
  }
  const fail = () => {
    throw new Error("of the program");
  };
  const lost: string[] = [];
  const { url } = await startApp({ who: fail, onLost: ({ message }) => void lost.push(message) });
  assert.equal((await fetch(`${url}/ok`)).status, 200);
  await until("it to be told", () => lost.length > 0);
  assert.match(lost[0] ?? "", /of the program/);
});

onEach("before: an intent is recorded before anything is done, and its result after it", async (startApp) => {
  const { url, done } = await startApp({ before: (req) => req.method === "POST" });
  const from = size();
  assert.equal((await fetch(`${url}/orders/9`, { method: "POST" })).status, 201);
  await fetch(`${url}/ok`);
  const [intent, result, plain] = await newest(from, 3);
  assert.ok(intent?.intent !== undefined);
  assert.equal(intent.outcome, undefined);
  assert.equal(result?.result_of, intent.intent);
  assert.deepEqual([result?.action, result?.outcome], ["POST /orders/:id", "success"]);
  assert.deepEqual([plain?.action, plain?.result_of], ["GET /ok", undefined], "what is not asked for is recorded once");
  assert.deepEqual(done, ["9"]);
});

onEach("before: what cannot be recorded is not done, and the client is told to come back", async (startApp) => {
  const lost: string[] = [];
  const { url, done } = await startApp({ before: true, beforeMs: 60, onLost: ({ code }) => void lost.push(code) });
  meddler.otherwise = { status: 503, code: "queue_full" };
  const answer = await fetch(`${url}/orders/10`, { method: "POST" });
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "5"]);
  assert.match(await answer.text(), /cannot be recorded at the moment/);
  assert.deepEqual([done, lost], [[], ["deadline_passed"]]);
  meddler.otherwise = "pass";
  assert.throws(() => audit({ client: scene.client({ mode: "best-effort" }), before: true }), {
    code: "options_invalid",
  });
});
