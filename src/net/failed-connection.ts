/** What a connection that failed is called: in words, and with the code of the system or of TLS for who looks it up. */

const WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is of a time to come; is the clock of this machine right?",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by nobody but itself",
  EAI_AGAIN: "names of hosts cannot be looked up now",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection broke off",
  EHOSTUNREACH: "the network does not lead there",
  ENETUNREACH: "the network does not lead there",
  ENOTFOUND: "there is no host of that name",
  EPIPE: "the connection broke off",
  ERR_SSL_WRONG_VERSION_NUMBER: "what listens there does not speak TLS; is it http?",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
  ETIMEDOUT: "no answer in time",
  HPE_INVALID_CONSTANT: "what listens there does not speak HTTP; is it https?",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is of an authority that is not known here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate is of an authority that is not known here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is of an authority that is not known here",
  UND_ERR_CONNECT_TIMEOUT: "no answer in time",
  UND_ERR_SOCKET: "the connection broke off",
};

/** Codes of ours are in small letters. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]+$/;

/** The code of what is below an error: fetch, say, says little itself, and the first address that was tried has it. */
export function failureCode(error: unknown): string | undefined {
  const { cause } = (error ?? {}) as { readonly cause?: unknown };
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  const code = (inner as { readonly code?: unknown } | undefined)?.code;
  return typeof code === "string" && SYSTEM_CODE.test(code) ? code : undefined;
}

/** As fetch of Node says of whatever happened. */
const FETCH_FAILED = "fetch failed";

/** What it says one below, such as that no request may go to that port. */
function below(error: unknown): string {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof Error && cause.message !== "" ? `: ${cause.message}` : "";
}

/** Why there was no answer. */
export function failureWords(error: unknown): string {
  const code = failureCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code === undefined) return message === FETCH_FAILED ? `the request was not made${below(error)}` : message;
  const words = WORDS[code] ?? (message === FETCH_FAILED ? "the connection failed" : message);
  return words.includes(code) ? words : `${words} (${code})`;
}
