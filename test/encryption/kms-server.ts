/**
 * AWS KMS as far as a key-encryption key uses it: its JSON protocol, keys behind aliases, encryption contexts, and the names of
 * its errors. It fails as it is told. {@link clientOf} is what AWS's client is to it; test/encryption/real has the real one.
 */

import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { KmsPackage } from "../../src/encryption/providers/aws-kms.ts";
import type { Failing } from "./key-encryption-key-suite.ts";

type Fields = Readonly<Record<string, unknown>>;
type Said = readonly [status: number, body: Fields];
type KmsKey = { readonly secret: Buffer; isEnabled: boolean };

const error = (name: string, message = "", status = 400): Said => [status, { __type: name, message }];

export class KmsServer {
  readonly keys = new Map<string, KmsKey>();
  readonly aliases = new Map<string, string>();
  readonly seen: { readonly target: string; readonly body: Fields }[] = [];
  failing: Failing | "lets nobody in" | undefined;
  times = 0;
  most = 0;
  #running = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (req, res) => void this.#serve(req, res));
  }

  static async start(): Promise<KmsServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new KmsServer(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Makes a key and points the alias at it. */
  point(alias: string): void {
    const arn = `arn:aws:kms:eu-central-1:111122223333:key/${randomUUID()}`;
    this.keys.set(arn, { secret: randomBytes(32), isEnabled: true });
    this.aliases.set(alias, arn);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    this.most = Math.max(this.most, ++this.#running);
    res.on("close", () => this.#running--);
    const target = String(req.headers["x-amz-target"]);
    const body = JSON.parse((await text(req)) || "{}") as Fields;
    this.seen.push({ target, body });
    if (this.failing === "hangs") return;
    if (this.failing === "says nonsense") return void res.writeHead(200).end("<html>Gateway</html>");
    const [status, answer] = this.#answer(target.replace("TrentService.", ""), body);
    res.writeHead(status, { "Content-Type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer));
  }

  #answer(operation: string, body: Fields): Said {
    if (this.failing === "breaks" || this.times-- > 0) return error("KMSInternalException", "internal", 500);
    if (this.failing === "lets nobody in") return error("AccessDeniedException", "User is not authorized");
    const name = String(body.KeyId);
    const arn = this.aliases.get(name) ?? name;
    const key = this.keys.get(arn);
    if (key === undefined) return error("NotFoundException", `Key '${name}' does not exist`);
    if (operation === "DescribeKey") return [200, { KeyMetadata: { Arn: arn, Enabled: key.isEnabled } }];
    if (!key.isEnabled) return error("DisabledException", `${arn} is disabled.`);
    const context = Buffer.from(JSON.stringify(body.EncryptionContext ?? {}));
    if (operation === "Encrypt") {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key.secret, nonce).setAAD(context);
      const encrypted = [cipher.update(String(body.Plaintext), "base64"), cipher.final(), cipher.getAuthTag()];
      return [200, { KeyId: arn, CiphertextBlob: Buffer.concat([nonce, ...encrypted]).toString("base64") }];
    }
    const blob = Buffer.from(String(body.CiphertextBlob), "base64");
    if (blob.length < 29) return error("InvalidCiphertextException");
    if (this.failing === "gives another key")
      return [200, { KeyId: arn, Plaintext: randomBytes(64).toString("base64") }];
    const decipher = createDecipheriv("aes-256-gcm", key.secret, blob.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(context).setAuthTag(blob.subarray(-16));
    try {
      const plain = Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()]);
      return [200, { KeyId: arn, Plaintext: plain.toString("base64") }];
    } catch {
      return error("InvalidCiphertextException");
    }
  }
}

/** What of AWS's client is used, without signatures: the errors have the names that the service gives them. */
export function clientOf(server: KmsServer): KmsPackage {
  class Command {
    readonly input: Fields;
    constructor(input: object) {
      this.input = input as Fields;
    }
  }
  class KMSClient {
    isDestroyed = false;

    async send(command: object, { abortSignal }: { readonly abortSignal: AbortSignal }): Promise<object> {
      const operation = command.constructor.name.replace("Command", "");
      const body = JSON.stringify((command as Command).input, (_, value: unknown) =>
        ArrayBuffer.isView(value)
          ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")
          : value,
      );
      const headers = { "X-Amz-Target": `TrentService.${operation}` };
      const response = await fetch(server.url, { method: "POST", headers, body, signal: abortSignal });
      const answer = JSON.parse(await response.text()) as Record<string, unknown>;
      if (!response.ok) throw Object.assign(new Error(String(answer.message)), { name: answer.__type });
      for (const name of ["CiphertextBlob", "Plaintext"])
        if (typeof answer[name] === "string")
          answer[name] = Uint8Array.from(Buffer.from(answer[name] as string, "base64"));
      return answer;
    }
    destroy(): void {
      this.isDestroyed = true;
    }
  }
  return {
    KMSClient,
    DescribeKeyCommand: class DescribeKeyCommand extends Command {},
    EncryptCommand: class EncryptCommand extends Command {},
    DecryptCommand: class DecryptCommand extends Command {},
  };
}
