/**
 * From a request to one that is admitted: its key, path, ledger and query are what the table of operations asks. This is
 * done before any handler runs, for every operation in the same order, so that no handler can forget a part of it.
 * Why: docs/decisions/0135.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request } from "express";
import type * as z from "zod";
import { ACCESS_LEDGER } from "../access/access.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { readOnlyError } from "../ledger/read-only.ts";
import { labelOf } from "../merkle/checkpoint.ts";
import { OPERATIONS, type Operation, type OperationId } from "./api/operations.ts";
import { formatName, pickQuery, readPath, readQuery } from "./api/params.ts";
import type { ApiKey } from "./auth/api-keys.ts";
import {
  authorize,
  authorizeForeign,
  authorizeSigner,
  findKey,
  isFor,
  onlyKeyOf,
  signatureRefused,
} from "./auth/authorize.ts";
import { foreignCredentialsOf } from "./auth/credentials.ts";
import { isRecording, type Permission } from "./auth/roles.ts";
import { signatureOf } from "./auth/signatures.ts";
import { Problem } from "./problem.ts";
import type { Reply } from "./reply.ts";
import type { Services } from "./services.ts";

type Row<Id extends OperationId> = (typeof OPERATIONS)[Id];
type Path<Id extends OperationId> =
  Row<Id> extends { readonly path: infer S extends z.ZodType } ? z.output<S> : undefined;
type Query<Id extends OperationId> =
  Row<Id> extends { readonly query: infer S extends z.ZodType } ? z.output<S> : undefined;

/** A request that may be answered. It has no texts of path and query any more, only what was checked of them. */
export type Admitted<Id extends OperationId> = {
  /** For the headers and the body. */
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** Allows the operation; where none is needed, the one that was shown. */
  readonly key: Row<Id> extends { readonly foreign: object }
    ? undefined
    : Row<Id> extends { readonly permission: Permission }
      ? ApiKey
      : ApiKey | undefined;
  readonly path: Path<Id>;
  /** The one that the path names. */
  readonly ledger: Row<Id> extends { readonly foreign: object }
    ? undefined
    : Path<Id> extends { readonly ledger: string }
      ? Ledger
      : undefined;
  readonly query: Query<Id>;
  /** Whether a foreign sender shows no key, so that nothing is known of it until its bytes are there. */
  readonly isUnproven: Row<Id> extends { readonly foreign: object } ? boolean : undefined;
  /** Who a foreign sender is, told from the bytes as they were sent: it may have signed those. */
  readonly senderOf: Row<Id> extends { readonly foreign: object }
    ? (sent: Uint8Array) => Promise<ForeignSender>
    : undefined;
};

/** A foreign sender: its key, and the ledger that the path or the key names. */
export type ForeignSender = {
  readonly key: ApiKey;
  readonly ledger: Ledger;
  /** What it sent was signed under the secret of its key. */
  readonly isSigned: boolean;
};

/** Answers requests of one operation. */
export type Answering<Id extends OperationId> = (request: Admitted<Id>) => Promise<Reply> | Reply;

type Admission = Pick<Services, "keys" | "ledgers" | "keysInQuery" | "now" | "limits">;

/**
 * What admits requests of one operation, in this order: the key, what it allows, the path, the ledger, the query.
 * @throws Problem key_missing, key_invalid, role_insufficient, ledger_forbidden, ledger_unknown, parameter_invalid, and LedgerReadOnlyError
 */
export function admission<Id extends OperationId>(
  services: Admission,
  id: Id,
): (req: Request, res: ServerResponse) => Admitted<Id> {
  const operation: Operation = OPERATIONS[id];
  const { permission } = operation;
  const { keys, ledgers } = services;
  if (operation.foreign !== undefined) return foreignAdmission(services, operation);
  return (req, res) => {
    const name = req.params.ledger as string | undefined;
    // A key that is shown is looked up before anything else: how long that takes says nothing of what is there.
    const key = permission === undefined ? findKey(keys, req) : authorize(keys, req, permission, name);
    const path = operation.path === undefined ? undefined : readPath(operation.path, req);
    const ledger = name === undefined ? undefined : ledgerFor(ledgers, name, permission === undefined, key);
    if (permission !== undefined && isRecording(permission)) requireGoingOn(ledger);
    const query = operation.query === undefined ? undefined : readQuery(operation.query, req);
    return { req, res, key, path, ledger, query } as unknown as Admitted<Id>;
  };
}

/**
 * The same for a foreign sender, which shows its key wherever it can, and where no path names the ledger, by its key. One that
 * only signs is known when its body is there, and is looked at in the same order then.
 * @throws Problem key_missing, key_invalid, role_insufficient, ledger_forbidden, ledger_unknown, ledger_unnamed, signature_invalid
 */
function foreignAdmission<Id extends OperationId>(
  { keys, ledgers, keysInQuery = false, now, limits }: Admission,
  operation: Operation,
): (req: Request, res: ServerResponse) => Admitted<Id> {
  const { path: pathSchema, foreign } = operation;
  return (req, res) => {
    const name = req.params.ledger as string | undefined;
    const format = formatName(foreign?.format, req);
    const inPath = req.params.key as string | undefined;
    const shown = onlyKeyOf(foreignCredentialsOf(req, inPath, format, keysInQuery));
    const source = shown === undefined && foreign?.maySign === true ? pickQuery(["source"], req).source : undefined;
    const readSignature = () => signatureOf(format, req, { now: now(), toleranceMs: limits.signatureToleranceMs });
    const signature = source === undefined ? undefined : readSignature();
    const find = (key: ApiKey) =>
      requireGoingOn(name === undefined ? ledgerOf(ledgers, key) : ledgerFor(ledgers, name, false, key));
    const readItsPath = () => (pathSchema === undefined ? undefined : readPath(pathSchema, req));
    const admitted = (parts: object) => ({ req, res, ...parts }) as unknown as Admitted<Id>;
    if (source !== undefined && signature !== undefined) {
      // Nothing is read of what nobody can have signed.
      if (!keys.hasSecrets(source)) throw signatureRefused();
      const senderOf = async (sent: Uint8Array): Promise<ForeignSender> => {
        const key = await authorizeSigner(keys, source, (secret) => signature.isRight(secret, sent), name);
        return { key, ledger: find(key), isSigned: true };
      };
      return admitted({ path: readItsPath(), isUnproven: true, senderOf });
    }
    const key = authorizeForeign(keys, shown, name);
    const path = readItsPath();
    const ledger = find(key);
    const secret = keys.secretOf(key);
    const beside = secret === undefined ? undefined : readSignature();
    const senderOf = async (sent: Uint8Array): Promise<ForeignSender> => {
      if (secret === undefined || beside === undefined) return { key, ledger, isSigned: false };
      if (!(await beside.isRight(secret, sent))) throw signatureRefused();
      return { key, ledger, isSigned: true };
    };
    return admitted({ path, isUnproven: false, senderOf });
  };
}

/** @throws LedgerReadOnlyError */
function requireGoingOn<L extends Ledger | undefined>(ledger: L): L {
  if (ledger?.record.readOnly === true) throw readOnlyError(ledger.record);
  return ledger;
}

/** The ledger of a key that is for one; of any other key the only ledger that there is. */
function ledgerOf(ledgers: Admission["ledgers"], key: ApiKey): Ledger {
  const all = ledgers.list().filter(({ record }) => record.name !== ACCESS_LEDGER);
  const [only] = key.ledgers === undefined ? all : all.filter(({ record }) => isFor(key, record.name));
  const count = key.ledgers?.length ?? all.length;
  if (only !== undefined && count === 1) return only;
  const got = key.ledgers === undefined ? "one for all" : `one for ${key.ledgers.join(", ")}`;
  throw new Problem(
    "ledger_unnamed",
    `expected a key for exactly one ledger, which the path does not name, got ${got}`,
  );
}

/**
 * The ledger that a path names, for those who may know of it. What a tree discloses is for everybody; but one whose
 * label is random, so that nobody can find it by guessing its name, is unknown to everybody without a key for it.
 */
function ledgerFor(ledgers: Admission["ledgers"], name: string, isPublic: boolean, key: ApiKey | undefined): Ledger {
  // Computed whether there is such a ledger or not: how long an answer takes must not tell.
  const label = isPublic ? labelOf(name) : undefined;
  const ledger = ledgers.get(name);
  const isHidden = isPublic && ledger?.record.label !== label && (key === undefined || !isFor(key, name));
  if (ledger !== undefined && !isHidden) return ledger;
  throw new Problem("ledger_unknown", `expected the name of a ledger of this service, got ${JSON.stringify(name)}`);
}
