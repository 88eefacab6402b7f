/** What everything else of a service stands on, opened in the order in which the parts need each other. */

import type { Logger } from "pino";
import type { Auditor } from "../../audit/running/auditor.ts";
import type { Keyring } from "../../encryption/keyring.ts";
import { SegmentCipher } from "../../encryption/keyring-cipher.ts";
import { Health } from "../../health.ts";
import { createSalts } from "../../ingest/intake/salts.ts";
import { RuleBook } from "../../ingest/rules/rule-book.ts";
import { SourceBook } from "../../ingest/sources/source-counts.ts";
import { MarkFolder } from "../../ledger/marks/folder.ts";
import { Marks } from "../../ledger/marks/marks.ts";
import { Timekeeper } from "../../ledger/timekeeper.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { ServedCertificate } from "../../net/tls/reload-certificate.ts";
import type { Erasures } from "../../retention/erasure/erasures.ts";
import type { Retention } from "../../retention/retention.ts";
import type { LevelStore } from "../../store/level-store.ts";
import type { ServiceArchiver } from "../archiving/service-archiver.ts";
import { type OpenedChains, openChains } from "../chains/chains.ts";
import { type Config, indexFolder, marksFolder } from "../config.ts";
import { StoreEncryption } from "../encryption.ts";
import { openHash } from "../hashing.ts";
import { Indexes } from "../indexes.ts";
import { openCertificate } from "../servers.ts";
import { openFolder, openStorage, tellRestored } from "../storage.ts";
import { openAuditor } from "../watching/auditing.ts";
import { openGovernance } from "./governance.ts";
import type { OpenedParts } from "./opened-parts.ts";

export type Begun = { readonly opened: OpenedParts; readonly log: Logger };

/** What ledgers, anchoring and the API stand on. */
export type ServiceGround = Begun &
  Pick<OpenedChains, "signer" | "owner" | "setups" | "facts"> & {
    readonly health: Health;
    readonly store: LevelStore;
    readonly hash: Hash;
    readonly indexes: Indexes;
    readonly sources: SourceBook;
    readonly rules: RuleBook;
    readonly retention: Retention;
    readonly erasures: Erasures;
    readonly auditor: Auditor;
    readonly archiver: ServiceArchiver | undefined;
    readonly time: Timekeeper;
    readonly marks: Marks;
    readonly certificate: ServedCertificate | undefined;
    /** Where the store is encrypted. */
    readonly keyring: Keyring | undefined;
  };

export async function openGround(config: Config, version: string, begun: Begun): Promise<ServiceGround> {
  const { opened, log } = begun;
  const health = new Health(log);
  // Before anything else is opened: what is wrong with it has nothing to do with the store.
  const certificate = await openCertificate(config, { opened, log, health });
  await openFolder(config, log);
  await tellRestored(config.data, health);
  // First of all: it keeps a second process out, before that one touches anything else.
  const hash = await openHash(log);
  const encryption = new StoreEncryption({
    settings: config.encryption,
    data: config.data,
    env: process.env,
    health,
    log,
    hash,
  });
  opened.adopt(encryption, (each) => each.close());
  const { openCipher } = encryption;
  const { store, patrol } = await openStorage(config, { health, log, openCipher });
  opened.adopt(store, (each) => each.close());
  opened.adopt(patrol, (each) => each.stop());
  const closeLater = (close: () => Promise<void>) => opened.defer(close);
  const chains = await openChains(config, { log, health, store, closeLater });
  const directory = indexFolder(config.data);
  const cipher = encryption.cipher && new SegmentCipher(encryption.cipher);
  const indexes = opened.adopt(await Indexes.open({ directory, log, health, cipher }), (each) => each.close());
  const sources = opened.adopt(await SourceBook.open(store, Date.now, health), (each) => each.close());
  const time = opened.adopt(new Timekeeper({ health }), (each) => each.close());
  const telling = { store, hash, salts: createSalts(), now: () => time.now(), health };
  const rules = new RuleBook(telling);
  const governance = openGovernance(config, telling, { chains, indexes, encryption });
  const keyring = encryption.cipher?.keyring;
  const auditor = openAuditor({
    ...telling,
    config,
    version,
    log,
    indexes,
    signer: chains.signer,
    keys: keyring,
    witnesses: chains.setups.map(({ chain }) => chain),
    env: process.env,
  });
  const marks = opened.adopt(await openMarks(config, hash, health), (each) => each.close());
  return {
    ...begun,
    ...chains,
    health,
    store,
    hash,
    indexes,
    sources,
    rules,
    ...governance,
    auditor,
    time,
    marks,
    certificate,
    keyring,
  };
}

async function openMarks({ data }: Config, hash: Hash, health: Health): Promise<Marks> {
  return new Marks({ folder: await MarkFolder.open(marksFolder(data)), hash, health });
}
