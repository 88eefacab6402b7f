/** The versions of Express that the middleware is for. */

import { createRequire } from "node:module";
import express5 from "express";

export type Express = typeof express5;

/** It has no types of its own; what is used of it here is the same. */
const express4 = createRequire(import.meta.url)("express4") as Express;

export const VERSIONS: Readonly<Record<string, Express>> = { "Express 4": express4, "Express 5": express5 };
