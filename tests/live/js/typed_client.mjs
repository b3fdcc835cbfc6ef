// Runs a compiled typed_client.ts.
//
// Input:  module (path of the JavaScript), and what its run() takes.
// Output: what it saw.
import { pathToFileURL } from "node:url";
import { main } from "./io.mjs";

await main(async ({ module, ...input }) => (await import(pathToFileURL(module))).run(input));
