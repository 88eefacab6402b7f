/** By which route a request was taken: the pattern that the program wrote, and nothing that a client put into the path. */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import test, { after } from "node:test";
import type express from "express";
import type { HoldfastClient, NewEvent } from "../../../src/sdk/client/index.ts";
import { audit } from "../../../src/sdk/express/index.ts";
import { until } from "../../until.ts";
import { type Express, VERSIONS } from "./versions.ts";

/** An application, and the action that a request to it is recorded as. */
async function startApp(express: Express, lay: (app: express.Express, middleware: express.Handler) => void) {
  const actions: string[] = [];
  const append = async ({ action }: NewEvent) => {
    actions.push(action);
    return { state: "queued" };
  };
  const client = { mode: "best-effort", append } as unknown as HoldfastClient;
  const app = express();
  lay(app, audit({ client }) as express.Handler);
  app.use((_error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    res.status(500).end();
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  after(() => new Promise((resolve) => server.close(resolve)));
  after(() => server.closeAllConnections());
  const { port } = server.address() as AddressInfo;
  return async (path: string): Promise<string> => {
    const before = actions.length;
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    await until("the event", () => actions.length > before);
    return actions.at(-1) ?? "";
  };
}

const end = (_: express.Request, res: express.Response) => void res.end();

function routerOf(express: Express, path: string, mergeParams = false): express.Router {
  const router = express.Router({ mergeParams });
  router.get(path, end);
  return router;
}

/** Mounts, a path in each, and what is recorded. */
const MOUNTED: readonly (readonly [mount: string | RegExp, path: string, expected: string])[] = [
  ["/users/:user", "/users/ada/files/x", "/users/:user/files/:name"],
  ["/users/:user", "/users/users/files/x", "/users/:user/files/:name"],
  ["/users/:user", "/users/ada%40example.com/files/x", "/users/:user/files/:name"],
  ["/users/:user", "/users/a%2Fb/files/x", "/users/:user/files/:name"],
  ["/:org/members", "/acme/members/files/x", "/:org/members/files/:name"],
  ["/:a/:b", "/x/x/files/x", "/:a/:b/files/:name"],
  ["/shop-:shop", "/shop-7/files/x", "/shop-:shop/files/:name"],
  ["/s/:a-:b", "/s/1-1/files/x", "/*/files/:name"],
  ["/api/v2.1/2024-01/web3", "/api/v2.1/2024-01/web3/files/x", "/api/v2.1/2024-01/web3/files/:name"],
  [/^\/u\/([^/]+)/, "/u/ada/files/x", "/u/*/files/:name"],
  [/^\/n\/\d+/, "/n/4711/files/x", "/n/*/files/:name"],
];

for (const [version, express] of Object.entries(VERSIONS)) {
  test(`${version}: a mount is recorded by its pattern, whatever stood in the path`, async () => {
    for (const [mount, path, expected] of MOUNTED) {
      const ask = await startApp(express, (app, middleware) => {
        app.use(middleware);
        app.use(mount, routerOf(express, "/files/:name"));
      });
      assert.equal(await ask(path), `GET ${expected}`, String(mount));
    }
    const wild = version.endsWith("4") ? "/proxy/*" : "/proxy/*rest";
    const ask = await startApp(express, (app, middleware) => {
      app.use(middleware);
      app.use(wild, routerOf(express, "/"));
    });
    assert.equal(await ask("/proxy/ada/lovelace/x"), `GET ${wild}`);
  });

  test(`${version}: mounts within mounts have the names of each, also where a router is given those around it`, async () => {
    const merged = routerOf(express, "/files/:name", true);
    const inner = express.Router({ mergeParams: true }).use("/users/:user", merged);
    const plain = express.Router().use("/users/:id", routerOf(express, "/"));
    const sub = express();
    sub.use("/teams/:team", routerOf(express, "/files/:name"));
    const ask = await startApp(express, (app, middleware) => {
      app.use(middleware);
      app.use("/t/:tenant", inner);
      app.use("/p/:id", plain);
      app.use("/sub/:app", sub);
    });
    assert.equal(await ask("/t/acme/users/ada/files/x"), "GET /t/:tenant/users/:user/files/:name");
    assert.equal(await ask("/t/ada/users/ada/files/x"), "GET /t/:tenant/users/:user/files/:name");
    assert.equal(await ask("/p/1/users/1"), "GET /p/:id/users/:id");
    assert.equal(await ask("/sub/a1/teams/red/files/x"), "GET /sub/:app/teams/:team/files/:name");
  });

  test(`${version}: a route that fails or hands on, and the one of two mounts that took the request, are named whole`, async () => {
    const failing = express.Router();
    failing.get("/broken", () => {
      throw new Error("boom");
    });
    const handing = express.Router();
    handing.get("/none", (_req, _res, next) => next());
    const ask = await startApp(express, (app, middleware) => {
      app.use(middleware);
      app.use("/users/:user", failing, handing);
      app.use("/users/me", routerOf(express, "/files/:name"));
    });
    assert.equal(await ask("/users/ada/broken"), "GET /users/:user/broken");
    assert.equal(await ask("/users/ada/none"), "GET /users/:user/none");
    assert.equal(await ask("/users/me/files/x"), "GET /users/me/files/:name");
  });

  test(`${version}: behind a mount the middleware shows of what it did not see only what is a plain word`, async () => {
    const ask = await startApp(express, (app, middleware) => {
      const router = express.Router();
      router.use(middleware);
      router.use("/users/:user", routerOf(express, "/files/:name"));
      app.use("/api/:tenant", router);
      app.get("/alone/:id", middleware, end);
    });
    assert.equal(await ask("/api/4711/users/ada/files/x"), "GET /api/*/users/:user/files/:name");
    assert.equal(await ask("/alone/7"), "GET /alone/:id");
  });
}
