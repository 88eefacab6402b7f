/** The log as every part writes it: fields and a sentence. The service gives pino, and tests give what keeps the lines. */

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
