/** What somebody does first with what was installed: serve in an empty folder, append, prove, verify. */

import assert from "node:assert/strict";
import { join, relative } from "node:path";
import type { World } from "../system/service-process.ts";
import type { InstalledProject } from "./installed-project.ts";
import { watchTwice } from "./watcher.ts";

/** Of what there is to say about an installation, what is looked at. */
type About = { readonly node: string; readonly packages: number; readonly bytes: number };

const EVENT = '{"action":"user.login","time":"2026-11-23T18:55:30Z","actor":{"type":"user","id":"ada"}}\n';

/** @returns lines about what was measured */
export async function firstRun(project: InstalledProject, world: World): Promise<string[]> {
  const began = performance.now();
  const service = await world.start({
    data: relative(world.folder, join(project.folder, "data")),
    program: project.program,
  });
  const readyS = (performance.now() - began) / 1000;
  const { signer } = service.facts;
  const to = ["--url", service.url, "--key-file", "data/admin.key"];
  project.write("event.ndjson", EVENT);
  project.npx("append", "event.ndjson", ...to);
  project.npx("prove", "0", "--wait", "final", "--out", "bundle.json", ...to);
  const judged = project.npx("verify", "bundle.json", "--rpc", service.node, "--development");
  assert.match(judged, /^Verified on a development chain\n/);
  const { ledger } = JSON.parse(project.read("bundle.json")) as { ledger: { id: string } };
  watchTwice(project.program, service, ledger.id);
  for (const page of ["/", "/ledger.js", "/verify.html"]) {
    const { status } = await service.ask(`GET ${page}`);
    assert.equal(status, 200, page);
  }
  const ended = await service.stop();
  assert.equal(ended.status, 0, ended.stderr);
  // The service is gone; a proof needs none.
  assert.match(project.npx("verify", "bundle.json", "--offline", "--signer", signer), /^Signed, no chain asked\n/);
  const about = JSON.parse(project.npx("about", "--json")) as About;
  const size = `${about.packages} packages, ${(about.bytes / 1e6).toFixed(1)} MB`;
  return [`${about.node}: ready after ${readyS.toFixed(1)} s; ${size} without the embedded chain's program`];
}
