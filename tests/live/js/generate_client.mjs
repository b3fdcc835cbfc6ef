// Generates a TypeScript client of the API.
//
// Input:  document (path of openapi.json), folder (where the client goes).
// Output: done.
import { createClient } from "@hey-api/openapi-ts";
import { main } from "./io.mjs";

await main(async (input) => {
  await createClient({
    input: input.document,
    output: { path: input.folder, importFileExtension: ".js" },
    plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
    logs: { level: "silent" },
  });
  return { done: true };
});
