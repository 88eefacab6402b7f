/** One conversation with a server for mail: connected, signed in, one message, and over, in bounded time; nothing of a password is in what it says. */

import { rootCertificates } from "node:tls";
import { visible } from "../../../json/visible.ts";

export type MailServer = {
  readonly host: string;
  readonly port: number;
  /** `starttls`: encrypted before anything is said, or nothing is; `tls`: from the first byte; `none`: by anybody between to be read. */
  readonly security: "starttls" | "tls" | "none";
  readonly login?: { readonly user: string; readonly pass: string };
  /** PEM of authorities beside those of the system. */
  readonly authorities?: string;
  readonly timeoutMs: number;
};

export type MailWish = { readonly from: string; readonly to: readonly string[]; readonly message: Buffer };

/** What a server made of it: it may take a message for some and not for others. */
export type MailReception =
  | { readonly isTaken: true; readonly refused: readonly { readonly recipient: string; readonly reason: string }[] }
  | { readonly isTaken: false; readonly reason: string };

/** When there is a message to send. */
const loadConnection = () => import("nodemailer/lib/smtp-connection");

const REASON_MAX = 300;

/** An error as nodemailer has it. */
type MailError = Error & {
  readonly command?: string;
  readonly responseCode?: number;
  readonly recipient?: string;
  readonly rejected?: readonly string[];
  readonly rejectedErrors?: readonly MailError[];
};

export class SmtpSession {
  readonly #server: MailServer;

  constructor(server: MailServer) {
    this.#server = server;
  }

  /** It is over with the first answer, failure, end of time or abort; nothing of it goes on. */
  async send({ from, to, message }: MailWish, signal: AbortSignal): Promise<MailReception> {
    const { host, port, security, login, authorities, timeoutMs } = this.#server;
    const { default: SMTPConnection } = await loadConnection();
    const connection = new SMTPConnection({
      host,
      port,
      secure: security === "tls",
      requireTLS: security === "starttls",
      ignoreTLS: security === "none",
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      dnsTimeout: timeoutMs,
      logger: false,
      tls: { minVersion: "TLSv1.2", ...(authorities !== undefined && { ca: [...rootCertificates, authorities] }) },
    });
    const ended = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      return await new Promise<MailReception>((resolve, reject) => {
        connection.on("error", reject);
        ended.addEventListener("abort", () => reject(new Error(`it was not done within ${timeoutMs / 1000} s`)));
        const deliver = (): void =>
          connection.send({ from, to: [...to] }, message, (error, info) => {
            if (error) reject(error);
            else {
              const refused = refusedOf(info?.rejectedErrors as readonly MailError[] | undefined);
              resolve({
                isTaken: true,
                refused: refused.map(({ recipient, reason }) => ({ recipient, reason: withoutSecrets(reason, login) })),
              });
            }
          });
        connection.connect((error) => {
          if (error) reject(error);
          else if (login === undefined) deliver();
          else connection.login({ credentials: login }, (refusal) => (refusal ? reject(refusal) : deliver()));
        });
        if (ended.aborted) reject(new Error("the service stops"));
      });
    } catch (error) {
      return { isTaken: false, reason: withoutSecrets(reasonOf(error as MailError), login) };
    } finally {
      // What comes of it after that is of no interest.
      connection.on("error", () => undefined);
      connection.quit();
      connection.close();
    }
  }
}

function refusedOf(errors: readonly MailError[] = []) {
  return errors.map((error) => ({ recipient: error.recipient ?? "somebody", reason: reasonOf(error) }));
}

/** A server knows the password, and may say it at any time, as it was said to it too: reasons are read by many. */
function withoutSecrets(reason: string, login: MailServer["login"]): string {
  if (login === undefined) return reason;
  const { user, pass } = login;
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return [pass, base64(pass), base64(`\0${user}\0${pass}`)].reduce((text, each) => text.replaceAll(each, "…"), reason);
}

/** What a server says to a password is not repeated: it may be the password. */
function reasonOf({ command = "", responseCode, message, rejectedErrors }: MailError): string {
  if (rejectedErrors !== undefined && rejectedErrors.length > 1)
    return refusedOf(rejectedErrors)
      .map(({ recipient, reason }) => `${recipient}: ${reason}`)
      .join("; ")
      .slice(0, REASON_MAX);
  if (command.startsWith("AUTH"))
    return `it does not take user and password${responseCode === undefined ? "" : ` (${responseCode})`}`;
  return visible(message).slice(0, REASON_MAX).toWellFormed();
}
