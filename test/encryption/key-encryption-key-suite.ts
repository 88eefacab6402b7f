/**
 * What every key-encryption key promises, wherever it is: the port of src/encryption/key-encryption-key.ts as tests. A
 * provider that is elsewhere also fails in every way that one is known to fail in.
 */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import {
  KekRefusedError,
  KekUnavailableError,
  type KeyEncryptionKey,
} from "../../src/encryption/key-encryption-key.ts";

/** How a provider fails, until it is told to be well. */
export type Failing = "hangs" | "breaks" | "says nonsense" | "gives another key";

/** A provider with a key, as a test has it in hand. */
export type ProviderUnderTest = {
  /** Opens the key, again and again. */
  readonly open: () => Promise<KeyEncryptionKey>;
  /** Another key of the same kind under the same names: that of another installation. */
  readonly openOther: () => Promise<KeyEncryptionKey>;
  /** Makes a newer version where the provider makes them. */
  readonly renew: () => Promise<void>;
  /** Whether a key that is open can go on with a newer version; if not, one that is opened anew has it. */
  readonly rotatesWhileOpen: boolean;
  /** Takes a version out of use. */
  readonly disable?: (version: string) => Promise<void>;
  /** Each question costs a process: fewer of them are asked. */
  readonly isSlow?: true;
  readonly elsewhere?: {
    readonly fail: (how: Failing) => void;
    /** Fails as many requests as said, then is well. */
    readonly failTimes: (times: number) => void;
    readonly heal: () => void;
    /** Most requests that it ever worked on at once, and how many may be. */
    readonly atOnce: () => { readonly most: number; readonly max: number };
  };
  /** What no message may hold. */
  readonly secrets: () => readonly string[];
  readonly close: () => Promise<void>;
};

const CONTEXT = "subject 0x5bc4/7f3a";
/** Above every deadline that a test sets, on a machine with much else to do. */
const PATIENCE_MS = 20_000;

/** Registers the tests. @param start makes a provider, with a key in it */
export function keyEncryptionKeySuite(name: string, start: () => Promise<ProviderUnderTest>): void {
  let provider: ProviderUnderTest;
  let kek: KeyEncryptionKey;
  const messages: string[] = [];
  const refused = (work: Promise<unknown>) => fails(work, KekRefusedError, messages);
  const unavailable = (work: Promise<unknown>) => fails(work, KekUnavailableError, messages);
  const wrap = async (key: Uint8Array, context = CONTEXT) => {
    const { version } = kek;
    return { wrapped: await kek.wrap(key, context), about: { version, context } };
  };

  test(name, async (t) => {
    provider = await start();
    try {
      kek = await provider.open();
      await t.test("unwraps what it wrapped, and wraps the same differently each time", async () => {
        const key = keyOf(1);
        const first = await wrap(key);
        const second = await wrap(key);
        assert.notDeepEqual(first.wrapped, second.wrapped);
        assert.equal(Buffer.from(first.wrapped).includes(Buffer.from(key)), false, "the key in clear");
        assert.deepEqual([...(await kek.unwrap(first.wrapped, first.about))], [...key]);
        assert.deepEqual([...(await kek.unwrap(second.wrapped, second.about))], [...key]);
      });

      await t.test("names itself in plain characters, the same when it is opened again", async () => {
        const again = await provider.open();
        assert.match(kek.id, /^[a-zA-Z0-9]+:[\x21-\x7e]+$/);
        assert.match(kek.version, /^[\x21-\x7e]+$/);
        assert.deepEqual([again.id, again.version], [kek.id, kek.version]);
        const { wrapped, about } = await wrap(keyOf(2));
        assert.deepEqual([...(await again.unwrap(wrapped, about))], [...keyOf(2)]);
        await again.close();
      });

      await t.test("opens a key for what it was wrapped for and nothing else", async () => {
        const { wrapped, about } = await wrap(keyOf(3));
        for (const context of ["", "subject 0x5bc4/7f3b", `${CONTEXT} `, CONTEXT.slice(1)])
          await refused(kek.unwrap(wrapped, { ...about, context }));
        const longest = await wrap(keyOf(3), "c".repeat(256));
        assert.deepEqual([...(await kek.unwrap(longest.wrapped, longest.about))], [...keyOf(3)]);
        const empty = await wrap(keyOf(3), "");
        assert.deepEqual([...(await kek.unwrap(empty.wrapped, empty.about))], [...keyOf(3)]);
      });

      await t.test("opens nothing that was changed, cut, lengthened or made up", async () => {
        const { wrapped, about } = await wrap(keyOf(4));
        const tries = provider.isSlow ? 3 : 12;
        const step = provider.elsewhere === undefined ? 1 : Math.ceil(wrapped.length / tries);
        for (let at = 0; at < wrapped.length; at += step) {
          const changed = Uint8Array.from(wrapped);
          changed[at] = (changed[at] as number) ^ 1;
          await refused(kek.unwrap(changed, about));
        }
        const last = Uint8Array.from(wrapped);
        last[wrapped.length - 1] = (wrapped.at(-1) as number) ^ 0x80;
        await refused(kek.unwrap(last, about));
        await refused(kek.unwrap(wrapped.subarray(0, -1), about));
        await refused(kek.unwrap(Buffer.concat([wrapped, Uint8Array.of(0)]), about));
        await refused(kek.unwrap(new Uint8Array(0), about));
        await refused(kek.unwrap(randomBytes(200), about));
      });

      await t.test("takes a key of 32 bytes and a context of ASCII, and says so", async () => {
        await fails(kek.wrap(keyOf(5).subarray(1), CONTEXT), RangeError, messages);
        await fails(kek.wrap(keyOf(5), "c".repeat(257)), RangeError, messages);
        await fails(kek.wrap(keyOf(5), "café"), RangeError, messages);
        await fails(kek.wrap(keyOf(5), "line\nline"), RangeError, messages);
      });

      await t.test("is asked by many at once", async () => {
        const all = await Promise.all(
          Array.from({ length: provider.isSlow ? 6 : 40 }, (_, i) => wrap(keyOf(i), `context ${i}`)),
        );
        const keys = await Promise.all(all.map(({ wrapped, about }) => kek.unwrap(wrapped, about)));
        for (const [i, key] of keys.entries()) assert.deepEqual([...key], [...keyOf(i)]);
        if (provider.elsewhere === undefined) return;
        const { most, max } = provider.elsewhere.atOnce();
        assert.ok(most <= max && most > 0, `expected at most ${max} at once, got ${most}`);
      });

      await t.test("opens nothing of another key of its kind", async () => {
        const other = await provider.openOther();
        const { wrapped, about } = await wrap(keyOf(6));
        await refused(other.unwrap(wrapped, about));
        await refused(other.unwrap(wrapped, { ...about, version: other.version }));
        await other.close();
      });

      await t.test("opens nothing under a version that it does not have", async () => {
        const { wrapped, about } = await wrap(keyOf(7));
        await refused(kek.unwrap(wrapped, { ...about, version: "999" }));
      });

      if (provider.elsewhere !== undefined) await failures(t, provider.elsewhere, { refused, unavailable, wrap, kek });

      await t.test("goes on with a newer version, and opens what the former wrapped", async () => {
        const old = await wrap(keyOf(8));
        if (provider.rotatesWhileOpen) {
          await provider.renew();
          assert.equal(kek.version, old.about.version, "it goes on only when it is told to");
          await kek.rotate();
        } else {
          await refused(kek.rotate());
          await provider.renew();
          await kek.close();
          kek = await provider.open();
        }
        assert.notEqual(kek.version, old.about.version);
        const recent = await wrap(keyOf(9));
        assert.deepEqual([...(await kek.unwrap(old.wrapped, old.about))], [...keyOf(8)]);
        assert.deepEqual([...(await kek.unwrap(recent.wrapped, recent.about))], [...keyOf(9)]);
        await refused(kek.unwrap(old.wrapped, { ...old.about, version: kek.version }));
        const again = await provider.open();
        assert.equal(again.version, kek.version);
        assert.deepEqual([...(await again.unwrap(old.wrapped, old.about))], [...keyOf(8)]);
        await again.close();
        if (provider.disable === undefined) return;
        await provider.disable(old.about.version);
        const after = provider.rotatesWhileOpen && provider.elsewhere !== undefined ? kek : await provider.open();
        await refused(after.unwrap(old.wrapped, old.about));
        assert.deepEqual([...(await after.unwrap(recent.wrapped, recent.about))], [...keyOf(9)]);
        if (after !== kek) await after.close();
      });

      await t.test("no message held a secret", () => {
        assert.ok(messages.length > 10, `expected messages to look at, got ${messages.length}`);
        const secrets = [...provider.secrets(), ...Array.from({ length: 40 }, (_, i) => keyOf(i)).flatMap(spellings)];
        for (const message of messages)
          for (const secret of secrets) assert.equal(message.includes(secret), false, `a secret in: ${message}`);
      });
    } finally {
      await kek?.close();
      await provider.close();
    }
  });
}

type Means = {
  readonly kek: KeyEncryptionKey;
  readonly refused: (work: Promise<unknown>) => Promise<void>;
  readonly unavailable: (work: Promise<unknown>) => Promise<void>;
  readonly wrap: (key: Uint8Array) => Promise<{
    readonly wrapped: Uint8Array;
    readonly about: { readonly version: string; readonly context: string };
  }>;
};

async function failures(
  t: test.TestContext,
  elsewhere: NonNullable<ProviderUnderTest["elsewhere"]>,
  { kek, refused, unavailable, wrap }: Means,
): Promise<void> {
  const isWellAgain = async () => {
    elsewhere.heal();
    const until = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        const { wrapped, about } = await wrap(keyOf(10));
        return assert.deepEqual([...(await kek.unwrap(wrapped, about))], [...keyOf(10)]);
      } catch (error) {
        if (!(error instanceof KekUnavailableError) || performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  await t.test("what fails once is asked again, and nobody notices", async () => {
    elsewhere.failTimes(1);
    const { wrapped, about } = await wrap(keyOf(11));
    elsewhere.failTimes(1);
    assert.deepEqual([...(await kek.unwrap(wrapped, about))], [...keyOf(11)]);
  });
  for (const how of ["hangs", "breaks", "says nonsense"] as const) {
    await t.test(`while its provider ${how} it is unavailable, in time, and well when that ends`, async () => {
      const { wrapped, about } = await wrap(keyOf(12));
      elsewhere.fail(how);
      const began = performance.now();
      await unavailable(kek.wrap(keyOf(12), CONTEXT));
      await unavailable(kek.unwrap(wrapped, about));
      assert.ok(performance.now() - began < PATIENCE_MS, "it waited for ever");
      await isWellAgain();
      assert.deepEqual([...(await kek.unwrap(wrapped, about))], [...keyOf(12)]);
    });
  }
  await t.test("another key than was wrapped is not believed", async () => {
    const { wrapped, about } = await wrap(keyOf(13));
    elsewhere.fail("gives another key");
    await refused(kek.unwrap(wrapped, about));
    await isWellAgain();
  });
}

async function fails(
  work: Promise<unknown>,
  kind: typeof KekRefusedError | typeof KekUnavailableError | RangeErrorConstructor,
  messages: string[],
): Promise<void> {
  await assert.rejects(work, (error: Error) => {
    messages.push(error.message);
    assert.ok(error instanceof kind, `expected ${kind.name}, got ${error.name}: ${error.message}`);
    return true;
  });
}

/** The same for a number at each run, so that messages can be searched for it. */
function keyOf(n: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => (n * 37 + i * 11 + 128) & 0xff);
}

function spellings(key: Uint8Array): string[] {
  const bytes = Buffer.from(key);
  return [bytes.toString("hex"), bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url")];
}
