/** Archiving before pruning: nothing goes that is not kept elsewhere, whatever fails, ends or comes in between. */

import assert from "node:assert/strict";
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test from "node:test";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { openArchive } from "../../../src/archive/age.ts";
import type { DraftFile, KeepingTerm } from "../../../src/archive/places/archive-place.ts";
import { FolderPlace } from "../../../src/archive/places/folder-place.ts";
import { readArchive } from "../../../src/archive/read-archive.ts";
import { restoreArchives } from "../../../src/archive/restore.ts";
import { auditLedger } from "../../../src/audit/audit.ts";
import type { Entry } from "../../../src/entry/entry.ts";
import { withholdWhere } from "../../../src/entry/redact.ts";
import { toHex } from "../../../src/merkle/bytes.ts";
import { PRUNE_STEPS } from "../../../src/retention/pruning/prune-run.ts";
import { ArchiveEraser } from "../../../src/service/archiving/archive-eraser.ts";
import { openPlace } from "../../../src/service/archiving/open-place.ts";
import { ARCHIVING_STEPS } from "../../../src/service/archiving/service-archiver.ts";
import { Turn } from "../../../src/store/mutex.ts";
import { AUTHOR, DAY, hash, RECORD, recordActions } from "../../retention/pruned-bench.ts";
import { MemoryStore } from "../../store/memory-store.ts";
import {
  ACTIONS,
  codesOf,
  DUE,
  dueWorld,
  endWorld,
  filesOf,
  LOGINS,
  makeWorld,
  type Opened,
  openWorld,
  prunedOf,
  type World,
} from "./archiving-bench.ts";

const NO_KEYS = { identities: [], passphrases: [] };

/** Indexes of the entries that an archive has with their bodies. */
async function bodiesIn(path: string, identities: readonly string[] = []): Promise<number[]> {
  const found: number[] = [];
  for await (const part of readArchive(openArchive(createReadStream(path), { identities, passphrases: [] }))) {
    if (part.kind !== "entries") continue;
    for (const [i, { pruned }] of part.entries.entries()) if (pruned === undefined) found.push(part.first + i);
  }
  return found;
}

/** Which archive each pruned entry says that it is in. */
async function archivesNamed({ ledger }: Opened): Promise<ReadonlySet<string | undefined>> {
  const names = new Set<string | undefined>();
  for await (const { pruned } of ledger.entries(0, ledger.size)) if (pruned !== undefined) names.add(pruned.archive);
  return names;
}

function archivesIn(world: World): string[] {
  return filesOf(world).filter((name) => name.includes(".hfa"));
}

test("what is due is in an archive before it goes, with the entries that are due and no others, and each names it", async (t) => {
  const world = makeWorld(t);
  const bench = await dueWorld(world);
  let before: number[] | undefined;
  world.onStep = async (step) => {
    if (step !== "pruning") return;
    const [name = ""] = filesOf(world);
    before = await bodiesIn(join(world.folder, name));
    assert.deepEqual(await prunedOf(bench), []);
  };
  await bench.prune();
  assert.deepEqual(before, DUE);
  assert.deepEqual(await prunedOf(bench), DUE);
  assert.deepEqual([...(await archivesNamed(bench))], filesOf(world));
  assert.deepEqual(codesOf(bench), []);
  await bench.prune();
  assert.equal(filesOf(world).length, 1, "and there is one");
  await endWorld(bench);
});

test("an archive that is not read back from its place as it was written prunes nothing, and a condition says so until it is mended", async (t) => {
  const spoil: readonly ((path: string) => void)[] = [
    (path) => {
      const bytes = readFileSync(path);
      bytes[700] = (bytes[700] as number) ^ 1;
      writeFileSync(path, bytes);
    },
    (path) => writeFileSync(path, readFileSync(path).subarray(0, -1)),
    (path) => renameSync(path, `${path}.away`),
  ];
  for (const damage of spoil) {
    const world = makeWorld(t);
    const bench = await dueWorld(world);
    let whole: Buffer | undefined;
    let path = "";
    world.onStep = (step) => {
      if (step !== "reading") return;
      path = join(world.folder, archivesIn(world)[0] ?? "");
      whole ??= readFileSync(path);
      damage(path);
    };
    await assert.rejects(bench.prune(), { name: "ArchiveRefusal" });
    world.onStep = () => undefined;
    const isGone = !existsSync(path);
    if (!isGone) await assert.rejects(bench.prune(), { code: "archive_not_kept" });
    assert.deepEqual(await prunedOf(bench), []);
    assert.deepEqual(codesOf(bench), [isGone ? "archive_unavailable" : "archive_not_kept"]);
    assert.match(
      bench.retention.pruner.progress(RECORD.id).failure ?? "",
      isGone ? /expected an archive main\..*, got none/ : /as it was written, with the SHA-256 .* bring it back/,
    );
    writeFileSync(path, whole ?? "");
    await bench.prune();
    assert.deepEqual(await prunedOf(bench), DUE);
    assert.deepEqual(codesOf(bench), []);
    await endWorld(bench);
  }
});

test("a process that ends before any step goes on with the next start: one archive, though it is encrypted to others, and nothing else is left", async (t) => {
  const identity = await generateX25519Identity();
  const recipients = [await identityToRecipient(identity)];
  for (const kill of [...ARCHIVING_STEPS, ...PRUNE_STEPS]) {
    const world = makeWorld(t);
    world.lock = { recipients };
    const bench = await dueWorld(world);
    world.onStep = (step) => {
      if (step === kill) throw new Error("killed");
    };
    await assert.rejects(bench.prune(), /killed/);
    const was = existsSync(world.folder) ? archivesIn(world) : [];
    await endWorld(bench);
    world.onStep = () => undefined;
    // Another commit and a newer checkpoint: an archive that is made now is another one.
    const again = await openWorld(world);
    await recordActions(again, ["book.entry"]);
    await again.prune();
    assert.deepEqual(await prunedOf(again), DUE, kill);
    const now = archivesIn(world);
    assert.equal(now.length, 1, kill);
    if (was.length > 0) assert.deepEqual(now, was, kill);
    if (kill !== "noting") assert.deepEqual(filesOf(world), now, `${kill}: no draft`);
    assert.deepEqual([...(await archivesNamed(again))], now, kill);
    assert.deepEqual(await bodiesIn(join(world.folder, now[0] ?? ""), [identity]), DUE, kill);
    await endWorld(again);
  }
});

test("an archive that is lost between two starts is missed before more goes", async (t) => {
  const world = makeWorld(t);
  const bench = await dueWorld(world);
  world.onStep = (step) => {
    if (step === "pruning") throw new Error("killed");
  };
  await assert.rejects(bench.prune(), /killed/);
  await endWorld(bench);
  world.onStep = () => undefined;
  const [name = ""] = filesOf(world);
  const path = join(world.folder, name);
  renameSync(path, `${path}.away`);
  const again = await openWorld(world);
  await assert.rejects(again.prune(), {
    code: "archive_not_kept",
    message: /where it was read back before, got nothing/,
  });
  assert.deepEqual(await prunedOf(again), []);
  renameSync(`${path}.away`, path);
  await again.prune();
  assert.deepEqual(await prunedOf(again), DUE);
  await endWorld(again);
});

test("an archive that an erasure wrote again is gone on with, and what was put in no place yet is made anew without what went", async (t) => {
  for (const stop of ["pruning", "putting"]) {
    const world = makeWorld(t);
    const bench = await dueWorld(world);
    world.onStep = (step) => {
      if (step === stop) throw new Error("killed");
    };
    await assert.rejects(bench.prune(), /killed/);
    await endWorld(bench);
    world.onStep = () => undefined;
    const before = filesOf(world);
    const place = new FolderPlace(world.folder);
    const open = () => ({ place, lock: undefined, opener: NO_KEYS });
    const eraser = new ArchiveEraser({ store: world.store, hash, open, turn: new Turn(), now: Date.now });
    const lessen = async (_: number, entry: Entry) => withholdWhere(hash, entry, (text) => text.startsWith('"action"'));
    const asked = {
      ledgerId: RECORD.id,
      ranges: [[0, ACTIONS.length]] as const,
      named: new Map(),
      onMissing: () => assert.fail("expected every archive to be there"),
      lessen,
      holds: bench.retention.holds,
    };
    const archives = await eraser.lessen(asked, new AbortController().signal);
    assert.equal(archives.length, stop === "pruning" ? 1 : 0);
    assert.deepEqual(
      filesOf(world),
      archives.map(({ now }) => now),
      `${before} became it, or went`,
    );
    const again = await openWorld(world);
    await again.prune();
    assert.deepEqual(await prunedOf(again), DUE, stop);
    assert.equal(archivesIn(world).length, 1, stop);
    await endWorld(again);
  }
});

test("what is archived first waits for its place, and what another rule lets go without does not", async (t) => {
  const world = makeWorld(t);
  const logins = { name: "logins", action: "user.*", keepAtMost: "P30D", after: "prune" } as const;
  // The first that is due is one that is archived.
  const bench = await dueWorld(world, [{ ...LOGINS, name: "books", action: "book.*" }, logins]);
  writeFileSync(world.folder, "a file where the folder should be");
  for (let round = 0; round < 2; round++) {
    await assert.rejects(bench.prune(), { code: "archive_unavailable" });
    assert.deepEqual(await prunedOf(bench), DUE);
  }
  assert.deepEqual(codesOf(bench), ["archive_unavailable"]);
  rmSync(world.folder);
  await bench.prune();
  assert.equal((await prunedOf(bench)).length, ACTIONS.length);
  assert.deepEqual(await archivesNamed(bench), new Set([undefined, ...filesOf(world)]));
  assert.deepEqual(codesOf(bench), []);
  await endWorld(bench);
});

test("what falls due soon after an archive waits for the next one, and what another rule lets go does not", async (t) => {
  const world = makeWorld(t);
  const books = { name: "books", action: "book.*", keepAtMost: "P30D", after: "prune" } as const;
  const bench = await dueWorld(world, [LOGINS, books], 3 * DAY);
  const gone = async () => (await prunedOf(bench)).length;
  await bench.prune();
  assert.equal(await gone(), ACTIONS.length);
  const { size } = bench.ledger;
  await recordActions(bench, ACTIONS);
  world.clock.now += 30 * DAY + 1;
  await bench.prune();
  assert.equal(archivesIn(world).length, 2, "the first was long ago");
  await recordActions(bench, ["user.login"]);
  world.clock.now += 2 * DAY;
  const early = { ...LOGINS, keepAtMost: "P1D" };
  await bench.retention.policies.put(bench.ledger, { rules: [early, books], mayShorten: true }, AUTHOR);
  const before = await gone();
  await bench.prune();
  assert.deepEqual([await gone(), archivesIn(world).length], [before, 2]);
  world.clock.now += DAY;
  await bench.prune();
  assert.deepEqual([await gone(), archivesIn(world).length], [before + 1, 3]);
  assert.ok(size < before);
  await endWorld(bench);
});

test("a disk that takes no archive prunes nothing, and one draft is kept to go on with", async (t) => {
  const world = makeWorld(t);
  class FullPlace extends FolderPlace {
    override async put(): Promise<void> {
      throw Object.assign(new Error("could not name the file: no space is left on the disk"), { code: "ENOSPC" });
    }
  }
  world.place = () => new FullPlace(world.folder);
  const bench = await dueWorld(world);
  await assert.rejects(bench.prune(), { code: "archive_unavailable", message: /no space/ });
  await assert.rejects(bench.prune(), { code: "archive_unavailable", message: /no space/ });
  assert.deepEqual(await prunedOf(bench), []);
  assert.equal(filesOf(world).length, 1, "the draft that goes on, and not one for each attempt");
  await endWorld(bench);
  world.place = () => new FolderPlace(world.folder);
  const again = await openWorld(world);
  await again.prune();
  assert.deepEqual(filesOf(world), archivesIn(world));
  assert.deepEqual(await prunedOf(again), DUE);
  await endWorld(again);
});

test("what a hold finds between archive and pruning stays, and goes into no second archive when the hold is lifted", async (t) => {
  const world = makeWorld(t);
  const bench = await dueWorld(world);
  const { ledger, retention } = bench;
  let hold = "";
  world.onStep = async (step) => {
    if (step !== "pruning" || hold !== "") return;
    hold = (await retention.holds.place(ledger, { filter: "actor=user:u1", reason: "case 7" }, AUTHOR)).id;
  };
  await bench.prune();
  const free = DUE.filter((i) => i % 3 !== 1);
  assert.deepEqual(await prunedOf(bench), free);
  await retention.holds.lift(ledger, hold, "closed", AUTHOR);
  await bench.prune();
  assert.deepEqual(await prunedOf(bench), DUE);
  assert.equal(filesOf(world).length, 1);
  await endWorld(bench);
});

test("a place that locks is told until when the policy asks for the archive, and whether something of its range is held", async (t) => {
  const world = makeWorld(t);
  const terms: (KeepingTerm | undefined)[] = [];
  class TellingPlace extends FolderPlace {
    override put(name: string, draft: DraftFile, term?: KeepingTerm): Promise<void> {
      terms.push(term);
      return super.put(name, draft);
    }
    override confirm(name: string, term?: KeepingTerm) {
      terms.push(term);
      return super.confirm(name);
    }
  }
  world.place = () => new TellingPlace(world.folder);
  const bench = await dueWorld(world);
  const { id } = await bench.retention.holds.place(bench.ledger, { filter: "from=5&to=6", reason: "case 8" }, AUTHOR);
  await bench.prune();
  const until = Date.parse("2032-01-01T00:00:00Z");
  assert.deepEqual(terms, [
    { until, isHeld: true },
    { until, isHeld: true },
  ]);
  await bench.retention.holds.lift(bench.ledger, id, "closed", AUTHOR);
  await bench.prune();
  assert.deepEqual(terms.at(-1), { until, isHeld: false });
  await endWorld(bench);
});

test("what was archived before an erasure and is in no place yet is made anew", async (t) => {
  const world = makeWorld(t);
  // Each that is made has another name.
  world.lock = { recipients: [await identityToRecipient(await generateX25519Identity())] };
  const bench = await dueWorld(world);
  world.onStep = (step) => {
    if (step === "putting") throw new Error("killed");
  };
  await assert.rejects(bench.prune(), /killed/);
  const noted = await world.store.record("archiving", RECORD.id);
  world.erasures++;
  world.onStep = () => undefined;
  await bench.prune();
  const [name = "", ...more] = filesOf(world);
  assert.ok(name.endsWith(".hfa.age") && noted?.includes(".hfa.age") && !noted.includes(name), `${noted} and ${name}`);
  assert.deepEqual(more, []);
  await endWorld(bench);
});

test("a policy that keeps more, put while a run waits, holds at once", async (t) => {
  const world = makeWorld(t);
  const bench = await dueWorld(world);
  const { ledger, retention } = bench;
  world.onStep = async (step) => {
    if (step !== "pruning") return;
    const rules = [{ ...LOGINS, keepAtLeast: "P7Y" }];
    await retention.policies.put(ledger, { rules, mayShorten: true }, AUTHOR);
  };
  await bench.prune();
  assert.deepEqual(await prunedOf(bench), []);
  await endWorld(bench);
});

test("a bucket that lets pass what a lock has to refuse is told, and not used", async (t) => {
  const world = makeWorld(t);
  const asked: string[] = [];
  const server = createServer((req, res) => {
    asked.push(`${req.method} ${req.url}`);
    res.end("<x/>");
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const bucket = `http://127.0.0.1:${(server.address() as AddressInfo).port}/archives`;
  mkdirSync(world.folder);
  world.place = () => {
    const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    return openPlace({ bucket, retention: "compliance", retainDays: 1 }, { data: world.folder, env });
  };
  const bench = await dueWorld(world);
  await assert.rejects(bench.prune(), { code: "archive_not_write_once", message: /does not pass: has versions/ });
  const { length } = asked;
  await assert.rejects(bench.prune(), { code: "archive_not_write_once" });
  assert.equal(asked.length, length, "it is tried once in a start");
  assert.ok(
    asked.every((each) => each.startsWith("GET")),
    asked.join(),
  );
  assert.deepEqual(codesOf(bench), ["archive_not_write_once"]);
  assert.deepEqual(await prunedOf(bench), []);
  await endWorld(bench);
});

test("the archives of all runs together are restored to the roots that there were, with every body that they have", async (t) => {
  const world = makeWorld(t);
  const bench = await dueWorld(world);
  const rules = [LOGINS, { ...LOGINS, name: "books", action: "book.*", keepAtMost: "P90D" }];
  await bench.prune();
  await recordActions(bench, ACTIONS);
  await bench.retention.policies.put(bench.ledger, { rules, mayShorten: true }, AUTHOR);
  world.clock.now += 31 * DAY;
  await bench.prune();
  const restore = async () => {
    const archives = archivesIn(world).map((name) => ({
      name,
      read: () => openArchive(createReadStream(join(world.folder, name)), NO_KEYS),
    }));
    const store = new MemoryStore();
    const restored = await restoreArchives(store, archives, { hash });
    assert.ok(restored.size >= 240, String(restored.size));
    assert.equal(restored.root, toHex(await bench.ledger.root(restored.size)));
    return { store, restored };
  };
  assert.equal(archivesIn(world).length, 2);
  await restore();
  world.clock.now += 60 * DAY;
  await bench.prune();
  assert.ok(archivesIn(world).length >= 3);
  const { store, restored } = await restore();
  const { findings } = await auditLedger({ store, record: restored.record, hash });
  assert.deepEqual(findings, [], "an audit of it misses nothing, claims of what is sent again neither");
  let index = 0;
  for await (const before of bench.ledger.entries(0, restored.size)) {
    const after = await store.entry(RECORD.id, index++);
    assert.equal(after?.pruned === undefined, before.pruned !== undefined, `entry ${index - 1}`);
  }
  await endWorld(bench);
});
