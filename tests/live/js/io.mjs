// One JSON argument on stdin, one JSON object on stdout.
import { text } from "node:stream/consumers";

export async function main(run) {
  try {
    const result = await run(JSON.parse(await text(process.stdin)));
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: describe(error) })}\n`);
    process.exitCode = 1;
  }
}

export function describe(error) {
  const parts = [error.name, error.code, error.error, error.error_description, error.message];
  const cause = error.cause instanceof Error ? ` <- ${describe(error.cause)}` : "";
  return [...new Set(parts.filter((part) => typeof part === "string" && part))].join(": ") + cause;
}
