/**
 * The certificate that servers show, as its files are now: they are looked at again and again, since a renewal puts others in
 * their place, through links, too. New files that are no good leave the old ones in use, and that is a condition.
 * Why: docs/decisions/0152.
 */

import { constants } from "node:crypto";
import type { SecureContextOptions, Server } from "node:tls";
import type { Condition, Health } from "../../health.ts";
import type { Log } from "../../log.ts";
import { type CertificateFiles, type CertificateTexts, readCertificateFiles, TLS_MIN } from "./certificate-files.ts";

/** How often the files are looked at. */
const LOOK_MS = 10_000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** So long before it ends somebody has to look: certificates that renew themselves are new by then. */
const ENDING_MS = 14 * DAY_MS;

const FILES = "tls/files";
const CERTIFICATE = "tls/certificate";

export type CertificateOptions = {
  readonly files: CertificateFiles;
  readonly health: Pick<Health, "report">;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly lookMs?: number;
};

export class ServedCertificate {
  readonly #options: CertificateOptions;
  readonly #servers = new Set<Pick<Server, "setSecureContext">>();
  readonly #timer: NodeJS.Timeout;
  #texts: CertificateTexts;
  #looking: Promise<void> | undefined;
  /** The last look found something wrong. Files are renewed one after the other, so once is nothing yet. */
  #isDoubtful = false;

  private constructor(options: CertificateOptions, texts: CertificateTexts) {
    this.#options = options;
    this.#texts = texts;
    this.#timer = setInterval(() => void this.look(), options.lookMs ?? LOOK_MS).unref();
    this.#tell();
  }

  /** @throws CertificateError */
  static async open(options: CertificateOptions): Promise<ServedCertificate> {
    const { now = Date.now } = options;
    return new ServedCertificate(options, await readCertificateFiles(options.files, now()));
  }

  /** When the first certificate of the chain ends, ms since 1970. */
  get endsAt(): number {
    return this.#texts.endsAt;
  }

  /** Names that it is for. */
  get names(): string {
    return this.#texts.names;
  }

  /** For a server that is made now. */
  get context(): SecureContextOptions {
    return contextOf(this.#texts);
  }

  /** A server gets what comes in its place, for connections that come then; those that are open go on. */
  follow(server: Pick<Server, "setSecureContext">): void {
    this.#servers.add(server);
  }

  /** Looks at the files once more. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#servers.clear();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { files, health, now = Date.now } = this.#options;
    try {
      const texts = await readCertificateFiles(files, now());
      const { cert, key, ca } = this.#texts;
      if (texts.cert !== cert || texts.key !== key || texts.ca !== ca) this.#take(texts);
      this.#isDoubtful = false;
      health.report(FILES, undefined);
    } catch (cause) {
      if (this.#isDoubtful) health.report(FILES, INVALID, cause);
      this.#isDoubtful = true;
    }
    this.#report();
  }

  #take(texts: CertificateTexts): void {
    const context = contextOf(texts);
    for (const server of this.#servers) server.setSecureContext(context);
    this.#texts = texts;
    this.#tell();
  }

  #tell(): void {
    const { files, log } = this.#options;
    const { names, endsAt, isOpenToAll } = this.#texts;
    const fields = { certificate: files.cert, names, endsAt: new Date(endsAt).toISOString() };
    log.info(fields, "this certificate is shown from now on");
    if (isOpenToAll)
      log.warn({ key: files.key }, "everybody on this machine may read the private key of the certificate: chmod 600");
    this.#report();
  }

  #report(): void {
    const { health, now = Date.now } = this.#options;
    const leftMs = this.#texts.endsAt - now();
    health.report(CERTIFICATE, leftMs <= 0 ? ENDED : leftMs <= ENDING_MS ? ENDING : undefined);
  }
}

/** The service goes on: whoever may still reach it has events that have to be recorded. */
const INVALID: Condition = {
  code: "tls_files_invalid",
  detail:
    "the files of the certificate are no good any more, the one from before is still shown; the log says what is wrong",
  isNotice: true,
};
const ENDING: Condition = {
  code: "tls_certificate_ending",
  detail: "the certificate ends within 14 days, and senders will refuse it then: renew its files",
  isNotice: true,
};
const ENDED: Condition = {
  code: "tls_certificate_ended",
  detail: "the certificate has ended and senders refuse it: renew its files, they are taken without a restart",
  isNotice: true,
};

function contextOf({ cert, key, ca }: CertificateTexts): SecureContextOptions {
  // Bytes of a new handshake would come in the middle of a request.
  const secureOptions = constants.SSL_OP_NO_RENEGOTIATION;
  return { cert, key, minVersion: TLS_MIN, secureOptions, ...(ca !== undefined && { ca }) };
}
