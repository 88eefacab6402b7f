/** Reading what may be damaged: an audit goes on after each finding, because where one thing is wrong there may be more. */

import { DamagedStoreError } from "../../store/store.ts";

/** What was read, or the error that says that it is damaged. */
export async function readable<T>(reading: Promise<T>): Promise<T | DamagedStoreError> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof DamagedStoreError) return error;
    throw error;
  }
}
