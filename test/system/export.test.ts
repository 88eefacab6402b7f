/** `holdfast export` of a real service over HTTP from LevelDB, over a kill -9 of the service. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { runCli } from "../cli/run-cli.ts";
import { makeEvent } from "../query/random-events.ts";
import { Bench, type Place } from "./faults/bench.ts";
import type { ServiceProcess } from "./service-process.ts";

const EVENTS = 1000;
const BATCH = 500;

const bench = new Bench();
let place: Place;
let service: ServiceProcess;

before(async () => {
  place = bench.emptyPlace("none");
  service = await place.world.start(place.options);
  for (let sent = 0; sent < EVENTS; sent += BATCH) await append(BATCH);
});
after(() => bench.close());

async function append(count: number): Promise<void> {
  const events = Array.from({ length: count }, makeEvent);
  await service.json(201, "POST /v1/ledgers/main/events", events);
}

/** Stands between, and holds the first export back behind so many bytes until its service is gone. */
async function holding(bytesMax: number): Promise<{ url: string; held: Promise<void>; close: () => void }> {
  let hold: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    hold = resolve;
  });
  let exports = 0;
  const pass = (req: IncomingMessage, res: ServerResponse): void => {
    const isFirst = req.url?.includes("/export") === true && ++exports === 1;
    const headers = { ...req.headers, "accept-encoding": "identity" };
    const asked = request(service.url + (req.url as string), { headers }, (answer) => {
      res.writeHead(answer.statusCode as number, answer.headers);
      let length = 0;
      answer.on("data", (chunk: Buffer) => {
        res.write(chunk);
        length += chunk.length;
        if (!isFirst || length < bytesMax) return;
        answer.pause();
        hold();
      });
      answer.on("end", () => res.end());
    });
    asked.on("error", () => res.destroy());
    asked.on("close", () => res.destroy());
    asked.end();
  };
  const server = createServer(pass);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, held, close };
}

test("holdfast export over a kill -9 of the service, in the middle, makes the same file byte for byte", async (t) => {
  const between = await holding(300_000);
  t.after(between.close);
  const file = place.world.path("over-a-kill.ndjson");
  const { key } = service;
  const made = runCli(["export", file], { env: { HOLDFAST_URL: between.url, HOLDFAST_KEY: key } });
  await between.held;
  await service.stop("SIGKILL");
  service = await place.world.start(place.options);
  await append(100);
  const { status, stdout, stderr } = await made;
  assert.deepEqual([status, stderr], [0, ""]);
  const size = Number(/Exported (\d+) events/.exec(stdout)?.[1]);
  assert.equal(readFileSync(file, "utf8"), (await service.ask(`GET /v1/ledgers/main/export?size=${size}`)).text);
});
