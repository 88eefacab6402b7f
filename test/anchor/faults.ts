/**
 * Faults at any call that anchoring makes of the outside: chain, store, account, seal. "It happened" and "it was
 * reported" are independent: a call fails before it has an effect, or after it. A crash ends every later call too.
 */

export type Fault = {
  /** Number of the call, from 0, in the order of calls. */
  readonly at: number;
  readonly happens: boolean;
  readonly crashes: boolean;
};

/** The process is gone, as far as its calls can tell. */
export class CrashError extends Error {
  override readonly name = "CrashError";
}

export class Faults {
  /** Names of all calls so far. */
  readonly calls: string[] = [];
  fault: Fault | undefined;
  isDead = false;
  /** Another process begins. */
  revive(): void {
    this.isDead = false;
  }

  /** A call that may fail. */
  async call<T>(name: string, failure: () => Error, work: () => Promise<T>): Promise<T> {
    if (this.isDead) throw new CrashError("crashed");
    const at = this.calls.push(name) - 1;
    const fault = this.fault?.at === at ? this.fault : undefined;
    if (fault === undefined) return work();
    if (fault.happens) await work();
    this.isDead = fault.crashes;
    throw fault.crashes ? new CrashError("crashed") : failure();
  }

  /** An object whose methods of these names may fail; what they return must be promises. */
  wrap<T extends object>(name: string, target: T, failure: () => Error): T {
    return new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key);
        if (typeof value !== "function") return value;
        const method = value as (...args: unknown[]) => unknown;
        if (key === "close") return method.bind(object);
        return (...args: unknown[]) => {
          // Listing is an iteration, not a promise.
          if (key === "records") return method.apply(object, args);
          return this.call(`${name}.${String(key)}`, failure, async () => method.apply(object, args));
        };
      },
    });
  }
}
