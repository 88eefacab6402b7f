/** Files and folders beside the store: durable, and refusals that say what to do. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { makeFolder, replaceFile, replaceFileWith, withWayOut } from "../../src/store/durable-file.ts";

async function temporary(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "holdfast-files-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("a folder is made with those it lies in, for its user alone, and may be there already", async (t) => {
  const dir = await temporary(t);
  const path = join(dir, "a", "b", "c");
  await makeFolder(path);
  await makeFolder(path);
  for (const each of ["a", "a/b", "a/b/c"]) assert.equal((await stat(join(dir, each))).mode & 0o777, 0o700);
  await symlink(path, join(dir, "link"));
  await makeFolder(join(dir, "link"));
});

test("where nothing can be made, that is said at once", { skip: !existsSync("/proc/self") }, async () => {
  for (const path of ["/proc/x", "/proc/x/y/z"]) {
    await assert.rejects(makeFolder(path), {
      code: "file_refused",
      message: new RegExp(`^expected to make the folder ${path}, got ENOENT: .*name another place`),
    });
  }
});

test("a file in a folder's place is named, with the way out", async (t) => {
  const dir = await temporary(t);
  await writeFile(join(dir, "file"), "");
  await assert.rejects(makeFolder(join(dir, "file")), {
    code: "file_refused",
    message: /file, got EEXIST: .*move it away/,
  });
  await assert.rejects(makeFolder(join(dir, "file", "x")), { code: "file_refused", message: /got ENOTDIR: / });
});

test("a file that cannot be written whole stays as it was, and leaves nothing beside it", async (t) => {
  const dir = await temporary(t);
  const path = join(dir, "file");
  await replaceFile(path, "old");
  await assert.rejects(
    replaceFileWith(path, async (file) => {
      await file.writeFile("new");
      throw new Error("no room");
    }),
    /no room/,
  );
  assert.equal(await readFile(path, "utf8"), "old");
  assert.deepEqual(await readdir(dir), ["file"]);
  await mkdir(`${path}.new`);
  const write = () => withWayOut("write", path, () => replaceFile(path, "new"));
  await assert.rejects(write(), {
    code: "file_refused",
    message: /expected to write .*file, got EISDIR: a folder is in/,
  });
  assert.equal(await readFile(path, "utf8"), "old");
});
