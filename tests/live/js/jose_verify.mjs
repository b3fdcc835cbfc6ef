// jose as resource server, for as long as stdin is open: each line asks about one token.
//
// In:  {"token", "issuer", "audience"}; the first line that names an issuer may set cache_ms and cooldown_ms.
// Out: {"ok": true, "kid", "claims"} or {"ok": false, "error"}, and the number of times that the keys were fetched.
import { createInterface } from "node:readline";
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";
import { describe } from "./io.mjs";

const keySets = new Map();

async function keysOf(issuer, { cache_ms: cacheMaxAge = 300_000, cooldown_ms: cooldownDuration = 5000 }) {
  if (!keySets.has(issuer)) {
    const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    if (metadata.issuer !== issuer) throw new Error(`metadata of ${metadata.issuer}`);
    const entry = { fetches: 0 };
    const counted = (...request) => ((entry.fetches += 1), fetch(...request));
    entry.keys = createRemoteJWKSet(new URL(metadata.jwks_uri), { cacheMaxAge, cooldownDuration, [customFetch]: counted });
    keySets.set(issuer, entry);
  }
  return keySets.get(issuer);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { token, issuer, audience, ...options } = JSON.parse(line);
  let answer;
  try {
    const { keys } = await keysOf(issuer, options);
    const checks = { issuer, audience, typ: "at+jwt", algorithms: ["RS256"], requiredClaims: ["exp", "sub"] };
    const { payload, protectedHeader } = await jwtVerify(token, keys, checks);
    answer = { ok: true, kid: protectedHeader.kid, claims: payload };
  } catch (error) {
    answer = { ok: false, error: describe(error) };
  }
  process.stdout.write(`${JSON.stringify({ ...answer, fetches: keySets.get(issuer)?.fetches ?? 0 })}\n`);
}
