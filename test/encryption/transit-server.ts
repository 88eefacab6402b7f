/**
 * The transit engine of Vault and OpenBao, as far as a key-encryption key uses it: keys with versions, derived or not,
 * associated data, the least versions, tokens, and the answers and messages of the real one (OpenBao 2.7, with which
 * test/encryption/real/vault.ts compares). It fails as it is told.
 */

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Failing } from "./key-encryption-key-suite.ts";

type TransitKey = { readonly type: string; readonly derived: boolean; readonly versions: Buffer[]; minimum: number };
type Fields = Readonly<Record<string, unknown>>;
type Said = readonly [status: number, body: Fields];

const data = (fields: Fields): Said => [200, { request_id: "00000000-0000", data: fields }];
const errors = (status: number, ...messages: string[]): Said => [status, { errors: messages }];

export class TransitServer {
  readonly token = `hvs.${randomBytes(18).toString("base64url")}`;
  readonly keys = new Map<string, TransitKey>();
  /** Requests as they came. */
  readonly seen: { readonly path: string; readonly namespace: string | undefined; readonly body: Fields }[] = [];
  failing: Failing | "is encrypted" | undefined;
  times = 0;
  most = 0;
  #running = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (req, res) => void this.#serve(req, res));
  }

  static async start(): Promise<TransitServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TransitServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  addKey(name: string, { derived = false, type = "aes256-gcm96" } = {}): void {
    this.keys.set(name, { type, derived, versions: [randomBytes(32)], minimum: 1 });
  }

  rotate(name: string): void {
    this.keys.get(name)?.versions.push(randomBytes(32));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    this.most = Math.max(this.most, ++this.#running);
    res.on("close", () => this.#running--);
    const body = JSON.parse((await text(req)) || "{}") as Fields;
    const path = req.url ?? "";
    this.seen.push({ path, namespace: req.headers["x-vault-namespace"] as string | undefined, body });
    if (this.failing === "hangs") return;
    if (this.failing === "says nonsense") return void res.writeHead(200).end("<html>Gateway</html>");
    const [status, answer] = this.#answer(req, path, body);
    res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
  }

  #answer(req: IncomingMessage, path: string, body: Fields): Said {
    if (this.failing === "breaks" || this.times-- > 0) return errors(500, "internal error");
    if (this.failing === "is encrypted") return errors(503, "Vault is encrypted");
    if (req.headers["x-vault-token"] !== this.token) return errors(403, "permission denied");
    const [, operation = "", name = ""] = /^\/v1\/transit\/(\w+)\/([\w-]+)$/.exec(path) ?? [];
    const key = this.keys.get(name);
    if (operation === "keys") {
      if (key === undefined) return errors(404);
      const { type, derived, versions, minimum } = key;
      return data({ type, derived, latest_version: versions.length, min_decryption_version: minimum });
    }
    if (key === undefined) return errors(400, "encryption key not found");
    if (operation === "encrypt") return this.#encrypt(key, body);
    return operation === "decrypt" ? this.#decrypt(key, body) : errors(404);
  }

  #encrypt(key: TransitKey, { plaintext, key_version: asked, context, associated_data: additional }: Fields): Said {
    const version = typeof asked === "number" ? asked : key.versions.length;
    if (version > key.versions.length)
      return errors(400, "requested version for encryption is higher than the latest key version");
    const secret = secretOf(key, version, context);
    if (secret === undefined)
      return errors(
        400,
        "missing 'context' for key derivation; the key was created using a derived key, which means additional, per-request information must be included in order to perform operations with the key",
      );
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", secret, nonce).setAAD(Buffer.from(String(additional ?? ""), "base64"));
    const encrypted = Buffer.concat([
      nonce,
      cipher.update(String(plaintext), "base64"),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return data({ ciphertext: `vault:v${version}:${encrypted.toString("base64")}`, key_version: version });
  }

  #decrypt(key: TransitKey, { ciphertext, context, associated_data: additional }: Fields): Said {
    const [, version, encrypted] = /^vault:v(\d+):(.*)$/.exec(String(ciphertext)) ?? [];
    if (version === undefined || encrypted === undefined) return errors(400, "invalid ciphertext: no prefix");
    if (Number(version) > key.versions.length) return errors(400, "invalid ciphertext: version is too new");
    if (Number(version) < key.minimum)
      return errors(400, "ciphertext or signature version is disallowed by policy (too old)");
    const bytes = Buffer.from(encrypted, "base64");
    const secret = secretOf(key, Number(version), context);
    if (secret === undefined || bytes.length < 28) return errors(400, "invalid ciphertext length");
    if (this.failing === "gives another key") return data({ plaintext: randomBytes(64).toString("base64") });
    const decipher = createDecipheriv("aes-256-gcm", secret, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(String(additional ?? ""), "base64")).setAuthTag(bytes.subarray(-16));
    try {
      const plain = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      return data({ plaintext: plain.toString("base64") });
    } catch {
      return errors(400, "cipher: message authentication failed");
    }
  }
}

function secretOf({ derived, versions }: TransitKey, version: number, context: unknown): Uint8Array | undefined {
  const secret = versions[version - 1] as Buffer;
  if (!derived) return secret;
  if (typeof context !== "string" || context === "") return undefined;
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), Buffer.from(context, "base64"), 32));
}
